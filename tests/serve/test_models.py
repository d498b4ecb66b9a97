"""A newer version of a model is exchanged while requests go on."""

from stub import StubRecogniser

from govor.config import TranscribeConfig
from govor.models.base import DecodeOptions
from govor.serve.models import Watcher, open_models


def test_a_newer_model_is_loaded_once_it_stands_still(tmp_path):
    import numpy as np

    folder = tmp_path / "run" / "model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("1")
    opened = []

    def open_model(spec):
        opened.append(spec)
        return StubRecogniser(f"v{len(opened)}")

    models = open_models([f"m={tmp_path / 'run'}"], TranscribeConfig(), open_model)
    reloaded = []
    watcher = Watcher(models, open_model, reloaded.append)
    model = models["m"]

    def say():
        return model.recogniser.recognise([np.zeros(16_000, np.float32)], DecodeOptions())[0].text

    watcher.look(model)
    watcher.look(model)
    assert say() == "v1" and not reloaded
    (folder / "config.json").write_text("22")
    watcher.look(model)  # it has just changed: perhaps it is still being written
    assert say() == "v1"
    watcher.look(model)
    assert say() == "v2" and len(reloaded) == 1
