"""STM, CTM and Rev's tokens: what stands in a line, and lines that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpus_sources import Imported, touch_audio, write_text

from govor.audio import load_mono
from govor.corpora import ctm, stm
from govor.corpora.beside import Recordings

Importer = Callable[..., Imported]


@pytest.mark.parametrize(
    ("rest", "labels", "text"),
    [
        (["<o,f0,male> and <unk> then"], "o,f0,male", "and <unk> then"),
        (["<NA> hej"], "NA", "hej"),
        (["<unk> hej"], None, "<unk> hej"),
        (["hej"], None, "hej"),
        ([], None, ""),
    ],
)
def test_labels_are_no_words(rest: list[str], labels: str | None, text: str) -> None:
    assert stm._labels(rest) == (labels, text)


def test_stm_lines_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "audio" / "rec.wav", seconds=9)
    lines = [
        ";; a comment",
        "rec A ana 0 1 <o,f0> dobro",
        "rec B ivo 1 2.5 <o,f0> drugi kanal",
        "rec 1 ana 2",
        "rec 1 ana one two text",
        "rec 1 ana 3 2 back",
        "rec 1 ana 3 4",
        "rec 1 inter_segment_gap 4 5 <o,f0> ",
        "rec 1 ana 5 6 <o> ignore_time_segment_in_scoring",
        "gone 1 ana 0 1 hej",
        "rec 1 ana -1 1 early",
    ]
    file = write_text(tmp_path / "x.stm", "\n".join(lines) + "\n")
    got = imported(tmp_path)
    assert got.rows.select("audio", "channel", "speaker", "start", "end", "text", "labels").rows() == [
        ("audio/rec.wav", 0, "ana", 0.0, 1.0, "dobro", "o,f0"),
        ("audio/rec.wav", 1, "ivo", 1.0, 2.5, "drugi kanal", "o,f0"),
    ]
    assert got.reasons == {
        "x.stm:4": "bad_stm_line",
        "x.stm:5": "bad_stm_line",
        "x.stm:6": "times_swapped",
        "x.stm:7": "empty_text",
        "x.stm:8": "not_scored",
        "x.stm:9": "not_scored",
        "x.stm:10": "missing_audio",
        "x.stm:11": "negative_time",
    }
    assert f"{file}:5: it needs recording" in got.details
    assert got.summary["read"] == got.summary["kept"] + got.summary["rejected"] == 10


def test_channels_that_count_from_zero(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "rec.wav", seconds=9)
    write_text(tmp_path / "x.stm", "rec 0 ana 0 1 hej\nrec 1 ivo 1 2 hopp\n")
    assert imported(tmp_path).rows["channel"].to_list() == [0, 1]


def test_a_corpus_that_has_its_texts_twice_is_read_once(tmp_path: Path, imported: Importer) -> None:
    for place in ("data", "legacy/train"):
        touch_audio(tmp_path / place / "sph" / "rec.sph", seconds=2)
        write_text(tmp_path / place / "stm" / "rec.stm", "rec 1 ana 0 1 hej\n")
    got = imported(tmp_path)
    assert got.rows.select("audio", "split").rows() == [("legacy/train/sph/rec.sph", "train")]
    remarks = got.corpus.info.notes["import"]["remarks"]
    assert remarks == ["1 STM files were left: legacy/ has them too, with splits"]


def test_ctm_lines_are_judged_one_by_one_and_joined_up_to_pauses(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "rec.wav", seconds=9)
    lines = [
        "rec 1 0.5 0.2 dobar",
        "rec 1 0.7 0.3 dan 0.9",
        "rec 1 2.0 0.5 hvala",
        "rec 1 x 1 a",
        "rec 1 1",
        "rec 1 3 -1 b",
    ]
    file = write_text(tmp_path / "x.ctm", "\n".join(lines))
    got = imported(tmp_path)
    assert got.rows.select("start", "end", "text", "words", "word_starts", "word_ends").rows() == [
        (0.5, 1.0, "dobar dan", ["dobar", "dan"], [0.0, 0.2], [0.2, 0.5]),
        (2.0, 2.5, "hvala", ["hvala"], [0.0], [0.5]),
    ]
    assert got.reasons == {"x.ctm:4": "bad_ctm_line", "x.ctm:5": "bad_ctm_line", "x.ctm:6": "negative_time"}
    assert f"{file}:4: it needs recording, channel" in got.details


def test_tokens_without_times_are_one_row_a_recording(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "media" / "4320211.mp3", seconds=9)
    rows = [
        "token|speaker|ts|endTs|punctuation|case|tags",
        "Good|1|||||",
        "morning|1|||,|LC|[]",
        "all|2|||.||",
        "x|1",
    ]
    write_text(tmp_path / "transcripts" / "4320211.nlp", "\n".join(rows) + "\n")
    got = imported(tmp_path)
    assert got.rows.select("audio", "start", "text", "speaker").rows() == [
        ("media/4320211.mp3", None, "Good morning, all.", None)
    ]
    assert got.reasons == {"4320211.nlp:5": "wrong_columns"}


def test_tokens_with_another_header_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", tmp_path / "b.wav", seconds=2)
    write_text(tmp_path / "a.nlp", "token|speaker|ts|endTs|punctuation\nhej|1|0.1|0.5|.\n")
    write_text(tmp_path / "b.nlp", "word|who\nhej|1\n")
    got = imported(tmp_path)
    assert got.rows["text"].to_list() == ["hej."]
    assert got.reasons == {"b.nlp:1": "bad_nlp"}


def _bits(value: int, low: int) -> list[int]:
    return [0] * (value >> low) + [1] + [value >> bit & 1 for bit in range(low - 1, -1, -1)]


def shortened(samples: np.ndarray) -> bytes:
    """SPHERE audio compressed with shorten 2: a stream of differences of order 0 (Robinson 1994)."""
    bits: list[int] = []
    for value in (3, 1, 256, 0, 0, 0):
        bits += _bits(value.bit_length(), 2) + _bits(value, value.bit_length())
    for start in range(0, len(samples), 256):
        bits += _bits(0, 2) + _bits(8, 3)
        for sample in samples[start : start + 256].tolist():
            bits += _bits(sample << 1 if sample >= 0 else ~sample << 1 | 1, 9)
    bits += _bits(4, 2)
    fields = [b"NIST_1A", b"   1024", b"channel_count -i 1", b"sample_count -i %d" % len(samples)]
    fields += [b"sample_rate -i 16000", b"sample_n_bytes -i 2", b"sample_byte_format -s2 10"]
    fields += [b"sample_coding -s26 pcm,embedded-shorten-v2.00", b"end_head\n"]
    packed = np.packbits(bits + [0] * (-len(bits) % 32)).tobytes()
    return b"\n".join(fields).ljust(1024) + b"ajkg\x02" + packed


def test_sphere_audio_is_read_sample_for_sample_shortened_or_not(tmp_path: Path) -> None:
    samples = (np.random.default_rng(0).normal(size=256 * 40) * 300).astype(np.int16)
    soundfile.write(tmp_path / "plain.sph", samples, 16_000, format="NIST")
    (tmp_path / "short.sph").write_bytes(shortened(samples))
    for name in ("plain.sph", "short.sph"):
        np.testing.assert_array_equal(np.round(load_mono(tmp_path / name) * 32_768), samples)


def test_words_of_mixed_recordings_are_brought_together_in_parts(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines in any order give what sorted lines give, though only a few are held at a time."""
    monkeypatch.setattr(ctm, "PART_WORDS", 3)
    told = {}
    lines = [
        f"rec{n} {channel} {start} 0.5 {n}{channel}{start}"
        for n in range(3) for channel in "AB" for start in range(4)
    ]  # fmt: skip
    for order in ("sorted", "mixed"):
        folder = tmp_path / order
        for n in range(3):
            touch_audio(folder / f"rec{n}.wav", seconds=9)
        kept = lines if order == "sorted" else [*lines[::3], "broken", *lines[1::3], *lines[2::3]]
        write_text(folder / "x.ctm", ";; a comment\n" + "\n".join(kept) + "\n")
        got = imported(folder)
        told[order] = got.rows.select("audio", "channel", "start", "end", "text", "words").rows()
        assert list(got.reasons.values()) == ["bad_ctm_line"] * (order == "mixed")
    assert told["mixed"] == told["sorted"]
    assert len(told["sorted"]) == 24 and told["sorted"][0] == ("rec0.wav", 0, 0.0, 0.5, "0A0", ["0A0"])


def test_the_words_of_one_recording_are_held_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first recording's utterances come before the last one's lines are read."""
    file = write_text(tmp_path / "x.ctm", "a 1 0 1 hej\nb 1 0 1 hopp\nc 1 0 1 hum\n")
    read = []
    honest = ctm._word
    monkeypatch.setattr(ctm, "_word", lambda *line: read.append(line[1]) or honest(*line))
    first = next(ctm._rows(file, Recordings(tmp_path), None, tmp_path))
    assert isinstance(first, dict) and first["recording"] == "a" and read == [1, 2]
