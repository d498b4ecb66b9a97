"""Channels one by one, and stretches of a recording, at their places in it."""

import json

import numpy as np
import pytest
import soundfile

from govor.config import TranscribeConfig
from govor.errors import AudioError
from govor.records import Hypothesis, Word
from govor.transcribe import transcribe_files
from govor.transcribe.takes import Take, takes_of

RATE = 16_000
FORMATS = ("json", "txt", "eaf", "textgrid", "vtt", "srt", "tsv")


def bursts(*spans: tuple[float, float], seconds: float = 6.0) -> np.ndarray:
    """Noise that swells ten times a second within the spans, silence elsewhere."""
    samples = np.zeros(round(seconds * RATE), np.float32)
    random = np.random.default_rng(1)
    for start, end in spans:
        count = round((end - start) * RATE)
        swell = 0.55 + 0.45 * np.sin(2 * np.pi * 5 * np.arange(count) / RATE)
        samples[round(start * RATE) : round(start * RATE) + count] = random.normal(0, 0.1, count) * swell
    return samples


class Loud:
    """Hears one word wherever it is loud: ``word`` from the first loud sample to the last."""

    name, sample_rate, max_window_s = "loud", RATE, None

    def recognise(self, sounds, options):
        return [self._heard(sound.wave) for sound in sounds]

    def _heard(self, wave):
        loud = np.flatnonzero(np.abs(wave) > 0.02)
        if not len(loud):
            return Hypothesis("")
        return Hypothesis("word", (Word("word", loud[0] / RATE, loud[-1] / RATE),))

    def describe(self):
        return {"family": "loud", "backend": "none"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr("govor.models.open_model", lambda *_, **__: Loud())
    monkeypatch.setattr("govor.transcribe.files.key_of", lambda *_: "key")

    def transcribe(name, samples, **config):
        soundfile.write(tmp_path / name, samples, RATE, subtype="FLOAT")
        out = tmp_path / "out"
        transcribe_files("loud", [tmp_path / name], out, TranscribeConfig(**config), "cpu")
        return out

    return transcribe


def segments(out):
    data = json.loads((out / "talk.json").read_text(encoding="utf-8"))
    return data, [(s.get("speaker"), round(s["start"], 1), s["text"]) for s in data["segments"]]


def test_channels_are_transcribed_by_themselves(run):
    talk = np.stack([bursts((0.5, 1.0), (4.0, 4.5)), bursts((2.0, 2.5))], axis=1)
    out = run("talk.wav", talk, channels="split", format=FORMATS, words=True)
    data, found = segments(out)
    assert found == [("channel 1", 0.5, "word"), ("channel 2", 2.0, "word"), ("channel 1", 4.0, "word")]
    assert (out / "talk.txt").read_text() == "channel 1: word\nchannel 2: word\nchannel 1: word\n"
    assert data["duration"] == 6.0
    assert "\nchannel 1: word\n\n2\n" in (out / "talk.srt").read_text()
    assert "\tword\tchannel 2\n" in (out / "talk.tsv").read_text()
    assert "<v channel 2>word" in (out / "talk.vtt").read_text()
    assert 'TIER_ID="words@channel 2"' in (out / "talk.eaf").read_text()
    assert 'name = "tx@channel 1"' in (out / "talk.TextGrid").read_text()


def test_a_clip_has_the_times_of_the_recording(run):
    out = run(
        "talk.wav", bursts((0.5, 1.0), (3.0, 3.5)), clip="0:02-0:05", format=("json", "srt"), words=True
    )
    data, found = segments(out)
    assert found == [(None, 3.0, "word")]
    assert data["segments"][0]["words"][0]["start"] == pytest.approx(3.0, abs=0.02)
    assert data["clip"] == {"start": 2.0, "end": 5.0}
    assert (out / "talk.srt").read_text().startswith("1\n00:00:03,0")


def test_a_clip_behind_the_end_is_refused(run):
    with pytest.raises(AudioError, match="ends before 60 s, where --clip begins"):
        run("talk.wav", bursts((0.5, 1.0)), clip="60-70")


def test_takes():
    assert takes_of(TranscribeConfig(), 2) == [Take()] and Take().is_whole
    assert takes_of(TranscribeConfig(channels="split"), 1) == [Take()]
    split = takes_of(TranscribeConfig(channels="split", clip="1-2"), 2)
    assert split == [Take(1.0, 2.0, 0), Take(1.0, 2.0, 1)] and not split[0].is_whole
