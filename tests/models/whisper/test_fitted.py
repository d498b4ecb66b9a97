"""Encoder windows as long as what is heard: their length, and the same text alone and in a batch."""

import numpy as np
import pytest

from govor.models import DecodeOptions, sounds
from govor.models.base import FITTED
from govor.models.whisper import fitted
from govor.models.whisper.fitted import by_window, fitted_frames
from tiny_families import make_whisper as make


@pytest.mark.parametrize(
    ("seconds", "frames"),
    [(0.0, 2000), (4.5, 2000), (18.0, 2000), (18.1, 2200), (23.9, 2600), (27.9, 3000), (30.0, 3000)],
)
def test_a_window_holds_its_sound_and_silence_behind_it(seconds, frames):
    assert fitted_frames(seconds, 3000) == frames


def test_no_window_is_longer_than_the_models_own():
    assert fitted_frames(1.0, 200) == 200


def test_sounds_of_one_window_go_together_and_come_back_in_order():
    asked = []

    def decode(part, frames):
        asked.append((frames, len(part)))
        return [len(sound.wave) for sound in part]

    heard = sounds([np.zeros(length, np.float32) for length in (100, 2300, 200, 2310)])
    for windows, wanted in ((FITTED, [(2000, 2), (2600, 2)]), ("full", [(3000, 4)])):
        asked.clear()
        found = by_window(heard, 100, 3000, DecodeOptions(windows=windows), decode)
        assert found == [100, 2300, 200, 2310] and asked == wanted


@pytest.fixture
def short_windows(monkeypatch):
    """So that tiny models have windows shorter than their own of 2 s."""
    for name, value in (("BEHIND_S", 0.2), ("LEAST_S", 0.6), ("STEP_S", 0.2)):
        monkeypatch.setattr(fitted, name, value)


def test_the_same_alone_and_beside_sounds_of_other_lengths(tiny_whisper_files, short_windows):
    pytest.importorskip("torch")
    family = make(tiny_whisper_files, timestamps=True)
    random = np.random.default_rng(3)
    waves = [random.normal(0, 0.1, round(16_000 * s)).astype(np.float32) for s in (0.3, 1.1, 0.35)]
    options = DecodeOptions(windows=FITTED, timestamps=True, retries=True, words=True)
    together = family.recognise(sounds(waves, "hr"), options)
    alone = [family.recognise(sounds([wave], "hr"), options)[0] for wave in waves]
    assert [(one.text, one.tokens) for one in together] == [(one.text, one.tokens) for one in alone]
    assert family.windows([waves[0]], FITTED).shape[-1] == 60
    assert family.windows([waves[1]], FITTED).shape[-1] == 140
