"""Transcripts of Whisper and its relatives: every program's shape, and what is wrong in them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_sources import Imported, touch_audio, write_text

from govor.corpora import json_items
from govor.corpora.json_items import Item, JsonItems
from govor.corpora.timed_text import TimedTextError

Importer = Callable[..., Imported]
SAID = {"start": 0.5, "end": 2.0, "text": " Hi."}


def whisper(folder: Path, value: Any) -> Path:
    touch_audio(folder / "L.wav", seconds=3)
    text = value if isinstance(value, str) else json.dumps(value)
    return write_text(folder / "L.json", text)


@pytest.mark.parametrize(
    "value",
    [
        {"text": "Hi.", "segments": [SAID], "language": "en"},
        {"language": "english", "segments": [SAID]},
        {"text": "Hi.", "chunks": [{"timestamp": [0.5, 2.0], "text": " Hi."}]},
        {
            "result": {"language": "en"},
            "transcription": [{"offsets": {"from": 500, "to": 2000}, "text": " Hi."}],
        },
    ],
)
def test_every_program_has_its_own_names(tmp_path: Path, imported: Importer, value: Any) -> None:
    whisper(tmp_path, value)
    got = imported(tmp_path, language="en")
    assert got.summary["format"] == "whisper"
    assert got.rows.select("start", "end", "text", "language").rows() == [(0.5, 2.0, "Hi.", "en")]


def test_a_word_without_times_joins_its_neighbour(tmp_path: Path, imported: Importer) -> None:
    words = [
        {"word": "2014."},
        {"word": "in", "start": 0.6, "end": 0.8},
        {"word": "3"},
        {"word": "x", "start": 1, "end": 2},
    ]
    whisper(tmp_path, {"segments": [SAID | {"words": words}]})
    row = imported(tmp_path).rows.row(0, named=True)
    assert row["words"] == ["2014. in 3", "x"]
    assert row["word_starts"] == pytest.approx([0.1, 0.5])
    assert row["word_ends"] == pytest.approx([0.3, 1.5])


def test_bad_segments_are_set_aside_by_line(tmp_path: Path, imported: Importer) -> None:
    rows = [
        '{"segments": [',
        '{"start": 0, "end": 1, "text": "ok"},',
        '{"start": "0", "end": 1, "text": "words"},',
        '{"start": 1, "end": null, "text": "open"},',
        '{"start": 1e300, "end": 1e301, "text": "far"},',
        '{"start": 2, "end": 1, "text": "back"},',
        '{"start": 1, "end": 2, "text": "  "},',
        '{"start": 1, "end": 2, "text": ["list"]},',
        '"none",',
        '{"start": 1, "end": 2, "text": "last"},',
        '{"start": 1, "end": 2, "text": "cut',
    ]
    file = whisper(tmp_path, "\n".join(rows))
    got = imported(tmp_path)
    assert got.rows["text"].to_list() == ["ok", "last"]
    assert got.reasons == {
        "L.json:3": "bad_times",
        "L.json:4": "bad_times",
        "L.json:5": "bad_times",
        "L.json:6": "times_swapped",
        "L.json:7": "empty_text",
        "L.json:8": "no_text",
        "L.json:9": "bad_times",
        "L.json:11": "bad_json",
    }
    assert f"{file}:11: not JSON" in got.details
    assert got.summary["read"] == got.summary["kept"] + got.summary["rejected"] == 10


def test_a_tsv_is_in_milliseconds_unless_it_has_fractions(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", tmp_path / "b.wav", seconds=3)
    write_text(tmp_path / "a.tsv", "start\tend\ttext\n500\t2000\tHi.\n\n900\n")
    write_text(tmp_path / "b.tsv", "start\tend\ttext\n0.5\t2\tHi.\nx\t2\tHo.\n")
    got = imported(tmp_path)
    assert got.rows.select("audio", "start", "end").rows() == [("a.wav", 0.5, 2.0), ("b.wav", 0.5, 2.0)]
    assert got.reasons == {"a.tsv:4": "wrong_columns", "b.tsv:3": "bad_times"}


def test_other_json_beside_recordings_is_not_whispers(tmp_path: Path, imported: Importer) -> None:
    from govor.corpora import transcript_files as reader

    for value in ('{"title": "x"}', "[1]", '{"segments": [{"label": "a"}]}', "[" * 100_000, "", "\0"):
        whisper(tmp_path, value)
        assert reader.recognise(tmp_path) is None


def test_items_come_with_their_lines_however_the_file_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_items, "_BLOCK_BYTES", 1)
    file = write_text(tmp_path / "x.json", '{"a": "č\\u0161",\n "list": [1,\n 23, {"b":\n 4}], "z": 5}\n')
    items = JsonItems(file, ("list",))
    assert list(items) == [Item("list", 2, 1), Item("list", 3, 23), Item("list", 3, {"b": 4})]
    assert items.head == {"a": "čš", "z": 5}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[1,\n2", 2),
        ("[1\n2]", 2),
        ('{"list"\n 1}', 2),
        ("[1]\n[2]", 2),
        ("", 1),
        ('{"list": [}', 1),
        ("{1: 2}", 1),
    ],
)
def test_what_is_no_json_names_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(TimedTextError) as error:
        list(JsonItems(write_text(tmp_path / "x.json", text), ("list",)))
    assert error.value.line == line
