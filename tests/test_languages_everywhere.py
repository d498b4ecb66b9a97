"""A language that a model cannot be told is refused wherever one is taken, by one function."""

from functools import partial

import numpy as np
import pytest
import soundfile as sf

from govor.config import AlignConfig, EvaluateConfig, LabelConfig, TranscribeConfig
from govor.errors import LanguageError
from govor.models import open_model
from govor.models.base import require_language, told_language

torch = pytest.importorskip("torch")
WHY = "--language de: the model always writes hr"


class OfOneLanguage:
    """A recogniser that cannot be told a language."""

    name = "tiny"

    def __init__(self, language):
        self.settings = {"language": language}


def test_a_language_that_changes_nothing_is_refused_or_said(capsys):
    for fitting in ("hr", "hr-HR", "hrv", None):
        require_language(OfOneLanguage("hr"), fitting)
    assert not capsys.readouterr().err
    with pytest.raises(LanguageError, match=WHY):
        require_language(OfOneLanguage("hr"), "de")
    require_language(OfOneLanguage(None), "de")
    assert "tiny takes no language: --language de is noted and changes nothing" in capsys.readouterr().err
    require_language(OfOneLanguage(None), "de", aloud=False)
    assert not capsys.readouterr().err


def test_a_model_of_a_related_language_is_told_nothing_and_that_is_said(capsys):
    assert told_language(OfOneLanguage("hr"), "hr") == "hr"
    assert not capsys.readouterr().err
    assert told_language(OfOneLanguage("hr"), "sl") is None
    assert "always writes hr" in (said := capsys.readouterr().err) and "in its own way" in said


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "a.wav"
    sf.write(path, np.random.default_rng(0).normal(0, 0.1, 32_000), 16_000)
    return path


def transcribe(model, dataset, recording, out):
    from govor.transcribe import transcribe_files

    transcribe_files(model, [recording], out, TranscribeConfig(language="de"), "cpu")


def from_python(model, dataset, recording, out):
    from govor.models import open_model
    from govor.transcribe import Transcriber

    Transcriber(open_model(model, device="cpu"), TranscribeConfig(language="de")).transcribe(recording)


def evaluate(model, dataset, recording, out):
    from govor.evaluate import evaluate

    evaluate(model, dataset, out, EvaluateConfig(split="dev", language="de"), device="cpu")


def label(model, dataset, recording, out):
    from govor.label import label_recordings

    label_recordings(model, [recording], out, LabelConfig(language="de"), "cpu")


def serve(model, dataset, recording, out):
    from govor.models import open_model
    from govor.serve.models import open_models

    open_models([str(model)], TranscribeConfig(language="de"), lambda spec: open_model(spec, device="cpu"))


def inspect(model, dataset, recording, out):
    from govor.inspection import find_subject, inspect_utterance
    from govor.models import open_model

    inspect_utterance(find_subject(str(recording), None), open_model(model, device="cpu"), "de")


@pytest.mark.parametrize("takes", [transcribe, from_python, evaluate, label, serve, inspect])
def test_all_that_take_a_language_refuse_it(takes, tiny_ctc, tiny_dataset, recording, tmp_path):
    with pytest.raises(LanguageError, match=WHY):
        takes(tiny_ctc, tiny_dataset, recording, tmp_path / "out")


def test_align_hears_with_a_model_of_a_related_language(tiny_ctc, recording, tmp_path, capsys):
    from govor.align.hearing import hear

    opened = partial(open_model, str(tiny_ctc), device="cpu")
    found = hear(str(tiny_ctc), [str(recording)], tmp_path / "out", AlignConfig(language="sl"), opened)
    assert list(found.heard) == [str(recording)] and not found.failed
    said = capsys.readouterr().err
    assert "--language sl is that of the texts" in said and "always writes hr" in said
