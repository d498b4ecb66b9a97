"""Frames that are kept of a recording: written, read, cut, and not heard again."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from govor.config import TranscribeConfig
from govor.errors import AudioError
from govor.models import open_model
from govor.models.base import DecodeOptions, Sound
from govor.models.ctc.frames import MOST_KEPT_TOKENS, kept
from govor.store import read_json
from govor.transcribe import kept_frames, transcribe_files
from govor.transcribe.kept_frames import (
    LEVELS_SUFFIX,
    SUFFIX,
    KeptFrames,
    KeptLevels,
    keeping_frames,
    read_frames,
    read_levels,
    write_levels,
)
from govor.transcribe.speech import frame_levels
from transcribe.known_speech import noise_words

RATE = 16_000


def window(start, frames, tokens=5, frame_s=0.04):
    scores = np.arange(frames * tokens, dtype=np.float16).reshape(frames, tokens)
    return KeptFrames(start, start + frames * frame_s, scores)


def write(path, windows):
    with keeping_frames(path) as keep:
        for one in windows:
            keep(one)


def test_what_is_written_is_read_by_its_starts(tmp_path):
    write(tmp_path / "a.npz", [window(8.0, 10), window(0.5, 100)])
    first, second = read_frames(tmp_path / "a.npz")
    assert (first.start, first.end, first.scores[:].shape) == (0.5, 4.5, (100, 5))
    assert np.array_equal(second.scores[:], window(8.0, 10).scores)
    assert len(first.scores) == 100
    assert np.array_equal(first.scores[7:9], window(0.5, 100).scores[7:9])
    assert first.scores[90:200].shape == (10, 5)
    assert first.scores[9:2].shape == (0, 5)


def test_frames_are_on_the_disk_before_the_recording_is_over(tmp_path, monkeypatch):
    raw = []
    real = kept_frames.TemporaryFile
    monkeypatch.setattr(kept_frames, "TemporaryFile", lambda **where: raw.append(real(**where)) or raw[0])
    with keeping_frames(tmp_path / "a.npz") as keep:
        for n in range(3):
            keep(window(n * 4.0, 100))
            assert raw[0].tell() == (n + 1) * 100 * 5 * 2  # F x V of two bytes
        assert not (tmp_path / "a.npz").exists()
    assert [len(one.scores) for one in read_frames(tmp_path / "a.npz")] == [100] * 3


def test_nothing_stands_where_there_are_no_frames_or_the_recording_breaks_off(tmp_path):
    write(tmp_path / "a.npz", [])
    with pytest.raises(AudioError), keeping_frames(tmp_path / "b.npz") as keep:
        keep(window(0.5, 10))
        raise AudioError("it breaks off")
    assert list(tmp_path.iterdir()) == []


def test_frames_of_versions_that_wrote_them_at_once_are_read(tmp_path):
    parts = [window(0.5, 7), window(1.5, 9)]
    spans = np.array([(one.start, one.end) for one in parts])
    scores = np.concatenate([one.scores for one in parts])
    np.savez(tmp_path / "a.npz", spans=spans, counts=np.array([7, 9]), scores=scores)
    found = read_frames(tmp_path / "a.npz")
    assert [(one.start, one.end) for one in found] == [(one.start, one.end) for one in parts]
    assert all(np.array_equal(one.scores[:], part.scores) for one, part in zip(found, parts, strict=True))


def test_a_changed_byte_makes_frames_none(tmp_path):
    write(tmp_path / "a.npz", [window(0.5, 100)])
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert read_frames(tmp_path / "a.npz") == []


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_frames_that_cannot_be_read_are_none(tmp_path, content):
    if content is not None:
        (tmp_path / "a.npz").write_bytes(content)
    assert read_frames(tmp_path / "a.npz") == []


def test_frames_whose_parts_disagree_are_none(tmp_path):
    np.savez(tmp_path / "a.npz", spans=np.zeros((2, 2)), counts=np.array([3]), scores=np.zeros((3, 5)))
    assert read_frames(tmp_path / "a.npz") == []


def test_a_stretch_is_cut_at_whole_frames_and_stays_inside():
    whole = window(2.0, 50)  # to 4.0 s
    part = whole.cut(2.5, 3.01, 0.04)
    assert part.start == pytest.approx(2.48)
    assert part.end >= 3.01
    assert np.array_equal(part.scores, whole.scores[12:26])
    assert whole.cut(0.0, 9.0, 0.04).scores.shape == (50, 5)


def test_a_ctc_model_says_the_same_and_keeps_its_frames(tiny_ctc):
    model = open_model(tiny_ctc, device="cpu")
    wave = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    [plain] = model.recognise([Sound(wave)], DecodeOptions(words=True))
    [full] = model.recognise([Sound(wave)], DecodeOptions(words=True, frames=True))
    assert plain.frames is None
    assert [(w.text, w.start, w.end) for w in full.words] == [(w.text, w.start, w.end) for w in plain.words]
    assert full.confidence == pytest.approx(plain.confidence, rel=1e-5)
    assert full.frames.dtype == np.float16
    assert np.allclose(full.frames, model.log_probs([wave])[0], atol=0.02)
    there, again = model.place_in([(full.frames, ["dan"])])[0], model.place(wave, ["dan"])
    assert there[0].start == pytest.approx(again[0].start, abs=2 * model.frame_s)


def test_frames_of_large_vocabularies_are_not_kept():
    assert kept(np.zeros((3, MOST_KEPT_TOKENS), np.float32)) is not None
    assert kept(np.zeros((3, MOST_KEPT_TOKENS + 1), np.float32)) is None


def test_they_stand_beside_the_transcript_where_they_are_asked_for(tmp_path, tiny_ctc):
    words = [(n, n + 0.5) for n in range(1, 8)]
    soundfile.write(tmp_path / "a.wav", noise_words(words, 9.0), RATE)
    config = TranscribeConfig(format=("json",), words=True)
    made = transcribe_files(
        str(tiny_ctc), [str(tmp_path / "a.wav")], tmp_path / "out", config, "cpu", frames=True
    )
    suffixes = [Path(name).name.split(".", 1)[1] for name in made.files[0]["outputs"]]
    assert suffixes == ["json", SUFFIX, LEVELS_SUFFIX]
    windows = read_frames(tmp_path / "out" / f"a.{SUFFIX}")
    assert windows and all(one.end > one.start for one in windows)
    plain = transcribe_files(str(tiny_ctc), [str(tmp_path / "a.wav")], tmp_path / "plain", config, "cpu")
    assert len(plain.files[0]["outputs"]) == 1
    texts = [read_json(tmp_path / name / "a.json")["segments"] for name in ("out", "plain")]
    assert texts[0] == texts[1]


def test_levels_that_are_kept_are_those_of_the_whole_recording(tmp_path, tiny_ctc):
    wave = noise_words([(1.0, 2.5), (40.0, 44.0), (70.0, 71.0)], 75.0)[: 75 * RATE - 133]
    soundfile.write(tmp_path / "a.wav", wave, RATE, "FLOAT")
    config = TranscribeConfig(format=("json",), words=True)
    transcribe_files(str(tiny_ctc), [str(tmp_path / "a.wav")], tmp_path / "out", config, "cpu", frames=True)
    kept = read_levels(tmp_path / "out" / f"a.{LEVELS_SUFFIX}")
    assert kept.seconds == pytest.approx(len(wave) / RATE)
    assert np.allclose(kept.levels, frame_levels(wave.astype(np.float32), RATE // 50), atol=1e-3)


def test_levels_are_written_and_read_and_damaged_ones_are_none(tmp_path):
    write_levels(tmp_path / "a.npz", KeptLevels(np.ones((3, 2), np.float32), 0.07))
    kept = read_levels(tmp_path / "a.npz")
    assert (kept.levels.tolist(), kept.seconds) == ([[1.0, 1.0]] * 3, 0.07)
    (tmp_path / "b.npz").write_bytes(b"PK\x03\x04 no archive")
    np.savez(tmp_path / "c.npz", levels=np.zeros(3), seconds=1.0)
    assert [read_levels(tmp_path / f"{name}.npz") for name in "bcd"] == [None, None, None]


def test_frames_of_an_earlier_run_are_not_taken_for_those_of_a_later_one(tmp_path, tiny_ctc, monkeypatch):
    soundfile.write(tmp_path / "a.wav", noise_words([(1.0, 1.5)], 3.0), RATE)

    def outputs(window):
        config = TranscribeConfig(format=("json",), window=window)
        made = transcribe_files(
            str(tiny_ctc), [str(tmp_path / "a.wav")], tmp_path / "out", config, "cpu", frames=True
        )
        return made.files[0]["outputs"]

    assert len(outputs(20.0)) == 3
    monkeypatch.setattr("govor.models.ctc.frames.MOST_KEPT_TOKENS", 1)  # as with a large vocabulary
    assert len(outputs(10.0)) == 2
    assert read_frames(tmp_path / "out" / f"a.{SUFFIX}") == []


def test_a_recording_that_is_known_is_told_by_the_name_of_this_call(tmp_path, tiny_ctc, monkeypatch):
    soundfile.write(tmp_path / "a.wav", noise_words([(1.0, 1.5)], 3.0), RATE)
    monkeypatch.chdir(tmp_path)
    config = TranscribeConfig(format=("json",))
    for name in (str(tmp_path / "a.wav"), "a.wav"):
        made = transcribe_files(str(tiny_ctc), [name], tmp_path / "out", config, "cpu")
        assert [line["audio"] for line in made.files] == [name]
    assert len((tmp_path / "out" / "transcribe.jsonl").read_text().splitlines()) == 1
