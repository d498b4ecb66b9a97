"""Recordings that end too early: what of them is heard, and that it is said."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from govor.audio import encode
from govor.transcribe.damage import holes_in_words, readable_blocks
from govor.transcribe.inputs import find_inputs

RATE = 16_000


def heard(path, **span):
    blocks = readable_blocks(path, RATE, **span)
    seconds = sum(map(len, blocks)) / RATE
    return seconds, blocks.damage


def noise(seconds):
    return np.random.default_rng(1).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg", "m4a"])
def test_a_copy_that_broke_off_is_heard_to_its_end_and_said(tmp_path, kind):
    whole, part = tmp_path / f"whole.{kind}", tmp_path / f"part.{kind}"
    if kind == "m4a":
        pytest.importorskip("av")
        write_m4a(whole, noise(10))
    else:
        sf.write(whole, noise(10), RATE)
    content = whole.read_bytes()
    part.write_bytes(content[: len(content) * 6 // 10])
    seconds, damage = heard(whole)
    assert seconds == pytest.approx(10, abs=0.2) and damage is None
    seconds, damage = heard(part)
    assert 3 < seconds < 8 and damage is not None and str(part) in damage


def write_m4a(path, samples):
    import av

    with av.open(str(path), "w", options={"movflags": "faststart"}) as file:
        stream = file.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def test_a_stretch_that_was_asked_for_is_not_the_recordings_end(tmp_path):
    sf.write(tmp_path / "whole.wav", noise(10), RATE)
    content = (tmp_path / "whole.wav").read_bytes()
    part = tmp_path / "part.wav"
    part.write_bytes(content[: len(content) // 2])
    assert heard(part, start=1.0, end=3.0) == (2.0, None)
    seconds, damage = heard(part, start=1.0)
    assert seconds == pytest.approx(4, abs=0.1) and "tells of 10.00 s" in damage
    assert heard(tmp_path / "whole.wav", start=1.0) == (9.0, None)


def test_bytes_have_no_name(tmp_path):
    content = encode(noise(2), RATE, "wav")
    blocks = readable_blocks(content[: len(content) // 2], RATE)
    assert sum(map(len, blocks)) == pytest.approx(RATE, abs=50)
    assert blocks.damage.startswith("the recording: it was cut off")


def test_a_link_that_leads_nowhere_is_accounted_for(tmp_path):
    sf.write(tmp_path / "a.wav", noise(1), RATE)
    (tmp_path / "b.wav").symlink_to(tmp_path / "nowhere")
    assert [Path(item.source).name for item in find_inputs([str(tmp_path)])] == ["a.wav", "b.wav"]


def test_a_hole_is_silence_and_said(tmp_path):
    whole, part = tmp_path / "whole.ogg", tmp_path / "part.ogg"
    sf.write(whole, noise(10), RATE)
    content = bytearray(whole.read_bytes())
    content[len(content) // 2] ^= 0xFF
    part.write_bytes(content)
    seconds, damage = heard(part)
    assert seconds == pytest.approx(10, abs=0.1)
    assert damage.startswith(f"{part}: it is damaged or has no sound at ") and "cut off" not in damage
    assert heard(part, start=0.0, end=0.5) == (0.5, None)


def test_many_holes_are_counted():
    said = holes_in_words(b"", [(float(i), i + 0.5) for i in range(8)])
    assert said.count("-") == 5 and "and 3 more times" in said
    assert holes_in_words(b"", []) is None


def test_a_channel_with_its_poles_exchanged_is_heard(tmp_path):
    wave = noise(2)
    sf.write(tmp_path / "a.wav", np.stack([wave, -wave], axis=1), RATE, subtype="FLOAT")
    (block,) = [np.concatenate(list(readable_blocks(tmp_path / "a.wav", RATE)))]
    np.testing.assert_array_equal(block, wave)
