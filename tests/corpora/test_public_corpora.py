"""VCTK, M-AILABS, GigaSpeech, YODAS, Emilia, mTEDx: their own ways, and what is not whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import further_seconds
import pytest
from corpus_sources import Imported, touch_audio, write_json_lines, write_text

from govor.corpora import gigaspeech
from govor.errors import CorpusError

Importer = Callable[..., Imported]


def test_vctk_pairs_are_kept_or_set_aside(tmp_path: Path, imported: Importer) -> None:
    folder = further_seconds.source("vctk", tmp_path / "src")
    audio = folder / "wav48_silence_trimmed" / "Ana"
    (audio / "Ana_001_mic1.flac").unlink()
    touch_audio(audio / "Ana_009_mic1.flac")
    write_text(folder / "txt" / "Ana" / "Ana_010.txt", "gone")
    (folder / "txt" / "Ana" / "Ana_002.txt").write_bytes(b"h\xe8j")
    got = imported(folder)
    assert got.row("Ana_001")["audio"].endswith("Ana_001_mic2.flac")
    assert got.row("Ana_001")["age"] == 23
    assert got.reasons == {"Ana_002.txt:1": "not_utf8", "Ana_009": "no_text", "Ana_010": "missing_audio"}
    assert got.summary["read"] == got.summary["kept"] + got.summary["rejected"] == 6
    assert got.corpus.info.notes["import"]["remarks"][:1] == [
        "3 recordings have two microphones: the first is taken"
    ]


def test_books_tell_language_gender_and_speaker(tmp_path: Path, imported: Importer) -> None:
    folder = further_seconds.source("mailabs", tmp_path / "src")
    mix = folder / "hr_HR" / "by_book" / "mix" / "zbirka"
    touch_audio(mix / "wavs" / "m1.wav")
    table = write_text(mix / "metadata.csv", "m1|Hej.|hej\nbare\ngone|Nema.|nema\n")
    got = imported(folder)
    assert [got.row("m1")[name] for name in ("speaker", "gender", "language", "book")] == [
        None,
        None,
        "hr-HR",
        "zbirka",
    ]
    assert set(got.rows["gender"]) == {"female", None}
    assert got.reasons == {"metadata.csv:2": "wrong_columns", "gone": "missing_audio"}
    assert f"{table}:2: 1 fields" in got.details
    assert imported(folder, text="normalized_text").row("m1")["text"] == "hej"
    with pytest.raises(CorpusError, match="M-AILABS has no loud to take as text"):
        imported(folder, text="loud")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("DOUGLAS <COMMA> YES <PERIOD>", "DOUGLAS, YES."),
        ("WHAT <QUESTIONMARK> NO <EXCLAMATIONPOINT>", "WHAT? NO!"),
        ("<MUSIC> HELLO", "HELLO"),
        ("<SIL>", ""),
    ],
)
def test_gigaspeech_writes_punctuation_as_words(source: str, said: str) -> None:
    assert gigaspeech.said_in(source) == said


def test_segments_of_gigaspeech_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "audio" / "p1.opus", seconds=9)
    segment = {"begin_time": 0.5, "end_time": 2, "speaker": "N/A", "subsets": ["{XL}", "{TEST}"]}
    segments = [
        segment | {"sid": "s1", "text_tn": "HELLO <COMMA> YOU"},
        segment | {"sid": "s2", "text_tn": "<MUSIC>"},
        segment | {"sid": "s3", "text_tn": 7},
        segment | {"sid": "s4", "text_tn": "LATE", "begin_time": "soon"},
        "s5",
    ]
    audios = [{"aid": "p1", "path": "audio/p1.opus", "segments": segments}, {"aid": "p2"}, None]
    lines = ",\n".join(map(json.dumps, audios))
    file = write_text(tmp_path / "GigaSpeech.json", f'{{"language": "EN", "audios": [\n{lines},\n{{"aid": ')
    got = imported(tmp_path)
    assert got.rows.select("id", "start", "text", "text_tn", "speaker", "split", "language").rows() == [
        ("s1", 0.5, "HELLO, YOU", "HELLO <COMMA> YOU", None, "test", "en")
    ]
    assert got.rejected.select("id", "reason").sort("id").rows() == [
        ("GigaSpeech.json:2", "bad_segment"),
        ("GigaSpeech.json:3", "bad_recording"),
        ("GigaSpeech.json:4", "bad_recording"),
        ("GigaSpeech.json:5", "bad_json"),
        ("s2", "not_speech"),
        ("s3", "no_text"),
        ("s4", "bad_times"),
    ]
    assert f"{file}:5: not JSON" in got.details


def test_lines_of_yodas_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    folder = further_seconds.source("yodas", tmp_path / "src")
    text = folder / "data" / "hr000" / "text" / "00000000.txt"
    text.write_bytes(text.read_bytes() + b"gone-00001-0-1 hej\nAbCd-00000-00000000-00000100\nx h\xe8j\n")
    got = imported(folder)
    assert got.summary["kept"] == 4
    assert sorted(got.reasons.values()) == ["empty_text", "missing_audio", "not_utf8"]
    assert f"{text}:5: the shard has no audio gone-00001-0-1" in got.details


def test_spans_of_the_second_yodas_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "audio" / "00000000" / "AbC-d.wav", seconds=9)
    videos = [
        {
            "audio_id": "AbC-d",
            "text": {"AbC-d-00000-00000050-00000250": "hej", "AbC-d-1": "x", "AbC-d-2-3": 4},
        },
        {"audio_id": "gone", "text": {"gone-00000-00000050-00000250": "hej"}},
        {"audio_id": 5},
    ]
    lines = ",\n".join(map(json.dumps, videos))
    file = write_text(tmp_path / "text" / "00000000.json", f"[{lines}\n")
    got = imported(tmp_path)
    assert got.rows.select("recording", "start", "end", "text").rows() == [("AbC-d", 0.5, 2.5, "hej")]
    assert got.reasons == {
        "AbC-d-1": "bad_times",
        "AbC-d-2-3": "bad_times",
        "gone-00000-00000050-00000250": "missing_audio",
        "00000000.json:3": "bad_recording",
        "00000000.json:4": "bad_json",
    }
    assert f"{file}:3: audio_id and text" in got.details


def test_an_archive_of_yodas_cut_short_says_so(tmp_path: Path, imported: Importer) -> None:
    folder = further_seconds.source("yodas", tmp_path / "src")
    archive = folder / "data" / "hr000" / "audio" / "00000000.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-5000])
    with pytest.raises(CorpusError, match="is damaged or cut short"):
        imported(folder)


def test_lists_of_emilia_are_judged_line_by_line(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "DE_B00000" / "a.mp3")
    row = {
        "id": "a",
        "wav": "DE_B00000/a.mp3",
        "text": " Hej.",
        "speaker": "s",
        "language": "de",
        "dnsmos": 3,
    }
    rows = [row, row | {"id": "b", "wav": "DE_B00000/b.mp3"}, row | {"id": "c", "wav": None}]
    file = write_json_lines(tmp_path / "DE_B00000.jsonl", rows)
    file.write_bytes(file.read_bytes() + b"{\n")
    got = imported(tmp_path)
    assert got.rows.select("id", "text", "speaker").rows() == [("a", " Hej.", "s")]
    assert got.reasons == {"b": "missing_audio", "c": "no_audio", "DE_B00000.jsonl:4": "bad_json"}


def test_segments_of_mtedx_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    folder = further_seconds.source("mtedx", tmp_path / "src")
    place = folder / "hr-en" / "data" / "train" / "txt"
    for name, line in (("segments", "x y z\n"), ("train.hr", "hej\n"), ("train.en", "hi\n")):
        (place / name).write_text((place / name).read_text() + line)
    got = imported(folder)
    assert (got.summary["kept"], got.reasons) == (4, {"segments:3": "bad_segment"})
    assert set(imported(folder, text="en").rows["text"]) == {"Hello."}
    (place / "train.hr").write_text("one line\n")
    got = imported(folder)
    assert (got.summary["kept"], got.reasons) == (2, {"segments:1": "lines_differ"})
    with pytest.raises(CorpusError, match="has no text fr; it has hr, en"):
        imported(folder, text="fr")
