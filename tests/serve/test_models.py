"""A newer version of a model is exchanged while requests go on."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from served import serving

from govor.config import TranscribeConfig
from govor.errors import LanguageError
from govor.models.base import DecodeOptions, sounds
from govor.serve.models import Watcher, open_models
from stub_recogniser import StubRecogniser


def test_a_newer_model_is_loaded_once_it_stands_still(tmp_path):
    opened, reloaded = [], []

    def open_model(spec):
        opened.append(spec)
        return StubRecogniser(f"v{len(opened)}")

    folder, models, watcher = served(tmp_path, open_model, reloaded.append)
    model = models["m"]

    def say():
        return model.recogniser.recognise(sounds([np.zeros(16_000, np.float32)]), DecodeOptions())[0].text

    watcher.look(model)
    watcher.look(model)
    assert say() == "v1" and not reloaded
    (folder / "config.json").write_text("22")
    watcher.look(model)  # it has just changed: perhaps it is still being written
    assert say() == "v1"
    watcher.look(model)
    assert say() == "v2" and len(reloaded) == 1


def test_a_language_that_a_model_does_not_hear_is_refused_before_it_is_served(tmp_path):
    stub = StubRecogniser()
    stub.settings = {"language": "sv"}
    assert open_models(["m=/nowhere"], TranscribeConfig(language="sv"), lambda _: stub)
    with pytest.raises(LanguageError, match="--language hr: the model always writes sv"):
        open_models(["m=/nowhere"], TranscribeConfig(language="hr"), lambda _: stub)


def test_a_newer_model_of_another_language_is_not_exchanged(tmp_path):
    opened = []

    def open_model(spec):
        opened.append(StubRecogniser(f"v{len(opened) + 1}"))
        opened[-1].settings = {"language": "hr" if len(opened) == 1 else "sv"}
        return opened[-1]

    folder, models, watcher = served(
        tmp_path, open_model, lambda model: pytest.fail("it was exchanged"), TranscribeConfig(language="hr")
    )
    newer(folder, watcher, models["m"], "22")
    assert (
        len(opened) == 2
        and models["m"].recogniser.recognise(sounds(waves(1.0)), DecodeOptions())[0].text == "v1"
    )


def waves(seconds):
    return [np.ones(int(seconds * 16_000), np.float32)]


def served(tmp_path, open_model, reloaded=lambda model: None, config=TranscribeConfig()):
    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("1")
    models = open_models([f"m={tmp_path / 'run'}"], config, open_model)
    return folder, models, Watcher(models, open_model, reloaded)


def newer(folder, watcher, model, text):
    (folder / "config.json").write_text(text)
    watcher.look(model)
    watcher.look(model)


def test_a_recording_in_flight_keeps_the_model_it_began_with(tmp_path):
    """The newer one may have other windows, and would refuse those that were planned for the older."""
    opened = []

    def open_model(spec):
        opened.append(StubRecogniser(f"v{len(opened) + 1}"))
        opened[-1].max_window_s = 30.0 / len(opened)
        return opened[-1]

    folder, models, watcher = served(tmp_path, open_model)
    model = models["m"]
    with model.borrowed() as before:
        newer(folder, watcher, model, "22")
        assert before.max_window_s == 30.0 and model.recogniser.max_window_s == 15.0
        assert "v1" in before.recognise(sounds(waves(1)), DecodeOptions())[0].text
        with model.borrowed() as after:
            assert "v2" in after.recognise(sounds(waves(1)), DecodeOptions())[0].text
        assert before._thread.is_alive()
    before._thread.join(30)
    assert not before._thread.is_alive() and model.recogniser._thread.is_alive()


def test_a_newer_model_that_does_not_open_changes_nothing_and_is_tried_again_when_it_changes(tmp_path):
    opened = []

    def open_model(spec):
        opened.append(spec)
        if len(opened) == 2:
            raise KeyError("a weight that is not there")
        return StubRecogniser(f"v{len(opened)}")

    folder, models, watcher = served(tmp_path, open_model)
    newer(folder, watcher, models["m"], "22")
    assert "v1" in models["m"].recogniser.recognise(sounds(waves(1)), DecodeOptions())[0].text
    newer(folder, watcher, models["m"], "333")
    assert "v3" in models["m"].recogniser.recognise(sounds(waves(1)), DecodeOptions())[0].text


def test_requests_are_answered_while_models_are_exchanged(speech_wav):
    with serving() as (address, app), ThreadPoolExecutor(4) as pool:
        model = app.state.models["base"]
        url = f"{address}/v1/audio/transcriptions"

        def ask(_):
            return httpx.post(url, files={"file": ("a.wav", speech_wav)}, timeout=60)

        asked = [pool.submit(ask, n) for n in range(12)]
        for number in range(6):
            model.exchange(StubRecogniser(f"v{number}"))
            asked[2 * number].result()
        answers = [one.result() for one in asked]
        assert {answer.status_code for answer in answers} == {200}
        models = [set(answer.json()["text"].split()) for answer in answers]
        assert all(len(said) == 1 for said in models), "one model a recording"
        assert model.recogniser.users == 0
