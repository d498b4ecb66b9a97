"""What hears a speaker is asked as its model is best asked."""

import pytest

from govor.config import TranscribeConfig
from govor.models.base import FITTED, DecodeOptions
from govor.serve.live.rooms import ear_of
from govor.serve.models import open_models
from govor.transcribe.patience import Patience
from stub_recogniser import StubRecogniser


class Timing(StubRecogniser):
    writes_times = True


@pytest.mark.parametrize(("stub", "windows"), [(Timing, FITTED), (StubRecogniser, DecodeOptions().windows)])
def test_a_short_buffer_is_not_encoded_as_a_full_window(stub, windows):
    """Most of a full window is silence, and costs as much as speech, several times a second."""
    (model,) = open_models(["m=/nowhere"], TranscribeConfig(), lambda _: stub()).values()
    try:
        asked = ear_of(model, Patience()).options("said before")
    finally:
        model.recogniser.close()
    assert (asked.windows, asked.prompt, asked.words) == (windows, "said before", True)
