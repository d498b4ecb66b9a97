"""A recording that was cut off, and one that was written to a pipe: its header cannot know how long it is."""

import io

import numpy as np
import pytest
import soundfile as sf

from govor.audio import load_mono, probe
from govor.audio.facts import missing_end
from govor.transcribe.damage import cut_short

RATE, SECONDS = 16_000, 2.0
SIZES = {
    "sox": 0x7FFFF000,
    "sox, 6 bytes a frame": 0x7FFFF000 // 6 * 6,
    "arecord": 0x7FFFFF00,
    "arecord, 2 GB": 0x80000000,
    "ffmpeg": 0xFFFFFFFF,
    "ffmpeg, less its header": 0xFFFFFFFF - 36,
    "gstreamer": 0,
}


def wav(channels=1, subtype="PCM_16", data_bytes=None, riff_bytes=None):
    """A WAV whose header states other sizes than it has."""
    sink = io.BytesIO()
    samples = np.random.default_rng(0).normal(0, 0.1, (round(SECONDS * RATE), channels))
    sf.write(sink, samples, RATE, subtype, format="WAV")
    content = bytearray(sink.getvalue())
    place = content.index(b"data") + 4
    if data_bytes is not None:
        content[place : place + 4] = data_bytes.to_bytes(4, "little")
        whole = min(data_bytes + 36, 0xFFFFFFFF) if riff_bytes is None else riff_bytes
        content[4:8] = whole.to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("program", SIZES)
def test_a_wav_from_a_pipe_is_whole(program):
    channels, subtype = (2, "PCM_24") if "6 bytes" in program else (1, "PCM_16")
    content = wav(channels, subtype, SIZES[program])
    assert cut_short(content, SECONDS) is None
    assert probe(content).declared_s in (None, SECONDS)
    assert len(load_mono(content)) == SECONDS * RATE


@pytest.mark.parametrize("more", [2, 1000])
def test_a_wav_that_promises_more_was_cut_off(more):
    whole = wav()
    content = wav(data_bytes=len(whole[44:]) * more)
    assert probe(content).declared_s == SECONDS * more
    assert f"its header tells of {SECONDS * more:.2f} s" in cut_short(content, SECONDS)
    assert cut_short(whole, SECONDS) is None


def test_what_is_missing_is_more_than_rounding():
    assert missing_end(9.8, 10.0, False) is None
    assert missing_end(9.7, 10.0, False) == "its header tells of 10.00 s"
    assert missing_end(99.5, 100.0, False) is None
    assert missing_end(12.0, 10.0, False) is None
    assert missing_end(12.0, None, False) is None
    assert missing_end(12.0, None, True) == "it ends in the middle of a page"
