"""One bad row is set aside by file and line; the columns of all rows count; remedies are named."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from corpus_sources import Imported, touch_audio, write_json_lines, write_text

from govor.config import CorpusConfig
from govor.corpora import Corpus, import_corpus
from govor.corpora.encodings import guess_encoding
from govor.errors import CorpusError, LimitError

Importer = Callable[..., Imported]


def test_the_columns_of_all_rows_count(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    late = {"start": 1, "end": 2, "speaker": "S"}
    rows = [
        {"file_name": "a.wav", "transcription": "one"},
        {"file_name": "a.wav", "transcription": "two"} | late,
    ]
    write_json_lines(tmp_path / "metadata.jsonl", rows)
    got = imported(tmp_path)
    assert got.summary["format"] == "audiofolder"
    assert got.rows.select("text", "start", "end", "speaker").rows() == [
        ("one", None, None, None),
        ("two", 1.0, 2.0, "S"),
    ]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_every_table_has_columns_of_its_own(tmp_path: Path, imported: Importer, suffix: str) -> None:
    touch_audio(tmp_path / "a.wav")
    tables = {
        "train": pl.DataFrame({"path": ["a.wav"], "sentence": ["one"]}),
        "test": pl.DataFrame({"audio": ["a.wav"], "text": ["two"], "start": [1.0], "end": [2.0]}),
    }
    for name, table in tables.items():
        file = tmp_path / f"{name}.{suffix}"
        table.write_csv(file) if suffix == "csv" else table.write_parquet(file)
    got = imported(tmp_path)
    assert got.rows.sort("text").select("text", "start", "split").rows() == [
        ("one", None, "train"),
        ("two", 1.0, "test"),
    ]


def test_a_decimal_comma_counts_in_a_duration(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_text(tmp_path / "m.csv", "audio;start;duration;text\na.wav;1,5;2,25;hej\n")
    assert imported(file).rows.select("start", "end").rows() == [(1.5, 3.75)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"end": 1e300}, "bad_times"),
        ({"end": 10**20}, "bad_times"),
        ({"end": [2]}, "bad_times"),
        ({"start": {"s": 1}}, "bad_times"),
        ({"text": {"a": 1}}, "no_text"),
        ({"text": "\ud800"}, "lone_surrogate"),
        ({"audio": None}, "no_audio"),
        ({"channel": "left"}, "bad_channel"),
    ],
)
def test_values_of_a_wrong_kind_are_set_aside_alone(
    tmp_path: Path, imported: Importer, bad: dict[str, Any], reason: str
) -> None:
    touch_audio(tmp_path / "a.wav")
    good = {"audio": "a.wav", "start": 0.0, "end": 2.0, "text": "good", "channel": None}
    lines = [json.dumps(good | {"text": "[um] good"}), json.dumps(good | bad)]
    got = imported(write_text(tmp_path / "m.jsonl", "\n".join(lines)))
    assert got.rows["text"].to_list() == ["[um] good"]
    assert list(got.reasons.values()) == [reason]
    assert f"{tmp_path}/m.jsonl:2: " in got.details


@pytest.mark.parametrize("flags", [{}, {"columns": {"text": "said"}}])
def test_an_object_is_no_text_whatever_its_column_is_called(
    tmp_path: Path, imported: Importer, flags: dict[str, Any]
) -> None:
    touch_audio(tmp_path / "a.wav")
    name = "said" if flags else "sentence"
    texts = ["good", {"deep": 1}, ["two", "words"], '{"literal": 1}', [1]]
    write_json_lines(
        tmp_path / "m.jsonl", [{"path": "a.wav", "id": str(i), name: t} for i, t in enumerate(texts)]
    )
    got = imported(tmp_path / "m.jsonl", **flags)
    assert got.rows["text"].to_list() == ["good", "two words", '{"literal": 1}']
    assert list(got.reasons.values()) == ["no_text", "no_text"]


def test_one_row_without_a_list_of_words_takes_no_other_rows_words(
    tmp_path: Path, imported: Importer
) -> None:
    touch_audio(tmp_path / "a.wav")
    timed = {"words": [{"word": "one", "start": 0.01, "end": 0.05}], "text": "one"}
    rows = [timed, {"words": "two", "text": "two"}, {"words": 1, "word_starts": 0.1, "text": "three"}]
    write_json_lines(tmp_path / "m.jsonl", [{"audio": "a.wav", "id": str(i)} | r for i, r in enumerate(rows)])
    got = imported(tmp_path / "m.jsonl").rows
    assert got["words"].to_list() == [["one"], None, None]
    assert got["word_starts"].to_list() == [[0.01], None, None]


def test_a_date_or_a_time_of_a_spreadsheet_is_no_transcript(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    book = openpyxl.Workbook()
    day, clock = datetime.datetime(2024, 5, 1), datetime.time(10, 30)
    rows = [
        ["id", "path", "sentence", "start"],
        *([i, "a.wav", t, None] for i, t in enumerate([day, clock, 7])),
    ]
    for row in [*rows, ["x", "a.wav", "good", datetime.time(0, 0, 1)]]:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    got = imported(tmp_path / "t.xlsx")
    assert got.rows.select("id", "text", "start").rows() == [("2", "7", None), ("x", "good", 1.0)]
    assert list(got.reasons.values()) == ["no_text", "no_text"]


def test_names_that_are_not_utf8_are_set_aside(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "L.wav")
    cue = "1\n00:00:00,010 --> 00:00:00,090\nhej\n"
    write_text(tmp_path / "L.srt", cue)
    (tmp_path / "src").mkdir()
    odd = os.fsencode(tmp_path) + b"/s\xe8.srt"
    with open(odd, "w") as file:
        file.write(cue)
    assert list(imported(tmp_path).reasons.values()) == ["bad_file_name"]


def test_too_many_lost_rows_end_with_3_and_a_whole_corpus(tmp_path: Path) -> None:
    touch_audio(tmp_path / "a.wav")
    file = write_text(tmp_path / "m.csv", "audio,text\na.wav,one\ngone.wav,two\n")
    with pytest.raises(LimitError, match=r"1 of 2 rows were set aside \(1 missing_audio\)") as caught:
        import_corpus(CorpusConfig(source=str(file)), tmp_path / "out")
    assert Corpus.open(tmp_path / "out").info.kept == 1
    allowed = import_corpus(CorpusConfig(source=str(file), max_rejected=0.5), tmp_path / "out")
    assert caught.value.summary == allowed
    assert caught.value.exit_status == 3


def test_the_remedy_for_another_encoding_is_named_and_never_taken(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    file = tmp_path / "m.tsv"
    file.write_bytes("audio\ttext\na.wav\tplain\na.wav\tčaša\n".encode("cp1250"))
    with pytest.raises(
        CorpusError, match=r"m\.tsv cannot be read as UTF-8: --encoding cp1250 reads “a.wav\\tčaša”"
    ):
        imported(file, language="hr", max_rejected=0.1)
    assert imported(file, encoding="cp1250").rows["text"].to_list() == ["plain", "čaša"]
    file.write_bytes("audio\ttext\na.wav\tčaša\n".encode("utf-16"))
    with pytest.raises(CorpusError, match="UTF-16: import it with --encoding utf-16"):
        imported(file)
    assert imported(file, encoding="utf-16").rows["text"].to_list() == ["čaša"]


def test_one_damaged_line_stops_nothing(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    lines = [f"a.wav\tčaša {k}".encode() for k in range(30)]
    lines[20] = b"a.wav\tca\xe8a"
    (tmp_path / "m.tsv").write_bytes(b"audio\ttext\n" + b"\n".join(lines) + b"\n")
    got = imported(tmp_path / "m.tsv", max_rejected=0.1)
    assert got.reasons == {"m.tsv:22": "not_utf8"}
    assert "--encoding" in got.summary["remarks"][0]


@pytest.mark.parametrize(
    ("encoding", "language", "text"),
    [
        *(
            ("cp1252", None, "café crème"),
            ("cp1252", "de", "über die Brücke"),
            ("cp1250", "hr", "čaša ćevapa"),
        ),
        *(("cp1251", None, "привет мир"), ("cp1251", "sr", "добро вече"), ("cp1253", "el", "καλημέρα")),
    ],
)
def test_an_encoding_is_guessed_by_language_and_letters(
    encoding: str, language: str | None, text: str
) -> None:
    assert guess_encoding([text.encode(encoding)], language) == encoding


@pytest.mark.parametrize(
    "name", ["clips\\b c.wav", "C:\\data\\clips\\b c.wav", "file:///C:/data/clips/b%20c.wav"]
)
def test_paths_of_windows_are_repaired(tmp_path: Path, imported: Importer, name: str) -> None:
    touch_audio(tmp_path / "clips" / "b c.wav")
    file = write_text(tmp_path / "m.tsv", f"audio\ttext\n{name}\thej\n")
    assert imported(file).rows["audio"].to_list() == ["clips/b c.wav"]


@pytest.mark.parametrize(
    ("how", "speakers"),
    [
        ("name", ["ana", "b", "x"]),
        ("folder", [None, "ivo", "x"]),
        ("who", ["A", "B", "x"]),
        (None, [None, None, "x"]),
    ],
)
def test_speakers_are_told_by_folder_name_or_column(
    tmp_path: Path, imported: Importer, how: str | None, speakers: list[str | None]
) -> None:
    touch_audio(tmp_path / "ana_1.wav", tmp_path / "ivo" / "b1.wav", tmp_path / "c.wav")
    rows = "ana_1.wav\tx\tA\t\nivo/b1.wav\ty\tB\t\nc.wav\tz\tC\tx\n"
    file = write_text(tmp_path / "m.tsv", f"audio\ttext\twho\tspeaker\n{rows}")
    assert imported(file, speaker_from=how).rows["speaker"].to_list() == speakers


def test_an_unknown_speaker_column_is_named(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    with pytest.raises(CorpusError, match="no column whom; use folder, name or one of"):
        imported(write_text(tmp_path / "m.tsv", "audio\ttext\na.wav\tx\n"), speaker_from="whom")


def test_kaldi_tells_channels_and_speakers(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "r.wav")
    write_text(tmp_path / "wav.scp", "r r.wav\n")
    write_text(tmp_path / "text", "u1 a\nu2 b\nu3 c\nu4 d\n")
    write_text(tmp_path / "segments", "u1 r 0 2 1\nu2 r 3 5\nu3 r 3 6 B\nu4 r 1 2 x\n")
    write_text(tmp_path / "utt2spk", "u1 s1\nu2 s2\nu3 s1\n")
    write_text(tmp_path / "spk2gender", "s1 f\ns2 m\n")
    write_text(tmp_path / "spk2age", "s1 33\n")
    write_text(tmp_path / "utt2lang", "u1 hr\n")
    got = imported(tmp_path)
    assert got.rows.select("channel", "gender", "age", "language").rows() == [
        (1, "f", "33", "hr"),
        (None, "m", None, None),
        (1, "f", "33", None),
    ]
    assert "bad_segment" in got.rejected["reason"].to_list()


def test_kaldi_speakers_are_told_by_spk2utt_alone(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "u1.wav", tmp_path / "u2.wav", tmp_path / "u3.wav")
    write_text(tmp_path / "wav.scp", "u1 u1.wav\nu2 u2.wav\nu3 u3.wav\n")
    write_text(tmp_path / "text", "u1 a\nu2 b\nu3 c\n")
    write_text(tmp_path / "spk2utt", "s1 u1 u3\ns2 u2\n")
    write_text(tmp_path / "spk2gender", "s1 f\n")
    got = imported(tmp_path).rows.sort("id")
    assert got.select("speaker", "gender").rows() == [("s1", "f"), ("s2", None), ("s1", "f")]


def test_a_common_voice_folder_that_people_edited(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "clips" / "a.wav", tmp_path / "clips" / "b.wav")
    write_text(tmp_path / "train.tsv", "path\tsentence\na.wav\tone\n")
    write_text(tmp_path / "dev.tsv", "client_id\tpath\tsentence\tsentence\nx\tb.wav\tq\tq\n")
    header = "client_id\tpath\tsentence\n"
    write_text(tmp_path / "validated.tsv", f"{header}{header}x\ta.wav\tone\ny\tb.wav\ttwo\n")
    with pytest.raises(CorpusError, match=r"dev.tsv:1: the header names sentence twice.*--status validated"):
        imported(tmp_path)
    got = imported(tmp_path, status=("validated",))
    assert got.rows.select("text", "speaker", "split").rows() == [("one", None, "train"), ("two", "y", None)]
    assert got.reasons == {"validated.tsv:2": "header_again"}
    assert any("dev.tsv" in remark for remark in got.summary["remarks"])
