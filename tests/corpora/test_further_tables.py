"""Spreadsheets, JSON arrays, tables without a header: what is read, and files that would do harm."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_sources import Imported, touch_audio, write_text
from openpyxl import Workbook

from govor.corpora import spreadsheet
from govor.corpora.headerless import places
from govor.errors import CorpusError

Importer = Callable[..., Imported]


def book(file: Path, *rows: list[Any]) -> Path:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    made.save(file)
    return file


def test_rows_of_a_sheet_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", seconds=2)
    file = book(
        tmp_path / "all.xlsx",
        ["id", "audio", "start", "end", "text", None, "seen"],
        [7, "a.wav", 0, datetime.time(0, 0, 1), "dobro", None, datetime.date(2020, 1, 2)],
        ["007", "a.wav", "0,5", datetime.timedelta(seconds=1.5), 3, None, True],
        [],
        ["x", "a.wav", 1, 0.5, "natrag"],
        ["y", "a.wav", 0, 1, "#N/A"],
        ["z", "a.wav", 0, 1, "wide", None, None, "more"],
        [None, "gone.wav", 0, 1, "hej"],
    )
    got = imported(file)
    assert got.rows.select("id", "start", "end", "text").rows() == [
        ("7", 0.0, 1.0, "dobro"),
        ("007", 0.5, 1.5, "3"),
    ]
    assert got.reasons == {
        "x": "times_swapped",
        "y": "no_text",
        "all.xlsx:7": "wrong_columns",
        "all.xlsx:8": "missing_audio",
    }
    assert f"{file}:7: 8 cells where the first row has 7" in got.details


def test_other_sheets_are_named(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav")
    made = Workbook()
    made.active.append(["what", "who"])
    lines = made.create_sheet("lines")
    lines.append(["audio", "text"])
    lines.append(["a.wav", "hej"])
    made.create_sheet("empty")
    made.save(tmp_path / "all.xlsx")
    got = imported(tmp_path)
    assert got.rows["text"].to_list() == ["hej"]
    assert got.corpus.info.notes["import"]["remarks"] == ["all.xlsx: sheet lines is read; left: Sheet"]


def test_more_rows_than_a_sheet_can_have_are_refused_before_they_are_read(
    tmp_path: Path, imported: Importer
) -> None:
    file = book(tmp_path / "all.xlsx", ["audio", "text"])
    with zipfile.ZipFile(file) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = parts.pop("xl/worksheets/sheet1.xml").replace(
        b"</sheetData>", b"<row/>" * 1_050_000 + b"</sheetData>"
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in parts.items():
            new.writestr(name, data)
        new.writestr("xl/worksheets/sheet1.xml", sheet)
    assert file.stat().st_size < 1 << 20
    with pytest.raises(CorpusError, match="has more than 1,048,576 rows, which no spreadsheet can"):
        imported(file)


def test_texts_that_would_fill_the_memory_are_refused(
    tmp_path: Path, imported: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "MOST_TEXT_BYTES", 100)
    with pytest.raises(CorpusError, match=r"unpacks to more than .* save the sheet as CSV"):
        imported(book(tmp_path / "all.xlsx", ["audio", "text"]), format="table")


def test_a_sheet_that_declares_entities_is_refused(tmp_path: Path, imported: Importer) -> None:
    file = book(tmp_path / "all.xlsx", ["audio", "text"])
    with zipfile.ZipFile(file, "a") as more:
        more.writestr("xl/evil.xml", '<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>')
    with pytest.raises(CorpusError, match="it declares a document type"):
        imported(file, format="table")


def packed_in_an_unknown_way() -> bytes:
    """A ZIP archive whose one part has the method 99, as encrypted ones have."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("xl/workbook.xml", "<a/>")
    data = bytearray(archive.getvalue())
    data[8] = data[data.index(b"PK\1\2") + 10] = 99
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\3\4 no zip", "cannot be read as .xlsx"),
        (b"", "cannot be read as .xlsx"),
        (packed_in_an_unknown_way(), "cannot be read as .xlsx"),
    ],
)
def test_what_is_no_spreadsheet_says_so(
    tmp_path: Path, imported: Importer, data: bytes, message: str
) -> None:
    (tmp_path / "all.xlsx").write_bytes(data)
    with pytest.raises(CorpusError, match=message):
        imported(tmp_path / "all.xlsx", format="table")


def test_an_empty_spreadsheet_says_so(tmp_path: Path, imported: Importer) -> None:
    with pytest.raises(CorpusError, match="is empty: it needs a first row"):
        imported(book(tmp_path / "all.xlsx"), format="table")


def test_a_header_that_names_a_column_twice(tmp_path: Path, imported: Importer) -> None:
    with pytest.raises(CorpusError, match="the header names text twice"):
        imported(book(tmp_path / "all.xlsx", ["audio", "text", "text"]), format="table")


def test_objects_of_an_array_are_judged_one_by_one(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", seconds=2)
    rows = [
        '[{"path": "a.wav", "text": "dobro"},',
        '{"path": "a.wav",',
        ' "text": "kasnije", "end": 1, "who": "ana"},',
        "[1],",
        '{"path": "a.wav", "text": {"deep": 1}},',
        '{"path": "a.wav", "text": "\\ud800"},',
        '{"path": "a.wav", "text": "cut',
    ]
    file = write_text(tmp_path / "all.json", "\n".join(rows))
    got = imported(tmp_path, columns={"speaker": "who"})
    assert got.summary["format"] == "table"
    assert got.rows.select("text", "end", "speaker").rows() == [
        ("dobro", None, None),
        ("kasnije", 1.0, "ana"),
    ]
    assert got.reasons == {
        "all.json:4": "bad_json",
        "all.json:5": "no_text",
        "all.json:6": "lone_surrogate",
        "all.json:7": "bad_json",
    }
    assert f"{file}:4: a JSON list, not an object" in got.details


def test_a_table_without_a_header_is_read_by_places(tmp_path: Path, imported: Importer) -> None:
    """Google's ``line_index.tsv``: names without extension, texts."""
    touch_audio(tmp_path / "afr_0184.wav", tmp_path / "afr_0185.wav")
    lines = 'afr_0184\tDie berg.\nafr_0185\t"Ja" sê sy.\nshort\nafr_0186\tWeg.\n'
    file = write_text(tmp_path / "line_index.tsv", lines)
    got = imported(tmp_path, columns={"1": "audio", "2": "text"})
    assert got.rows.select("audio", "text").rows() == [
        ("afr_0184.wav", "Die berg."),
        ("afr_0185.wav", '"Ja" sê sy.'),
    ]
    assert sorted(got.reasons.values()) == ["missing_audio", "wrong_columns"]
    assert f"{file}:3: 1 fields where the header has 2" in got.details
    write_text(tmp_path / "index.txt", "afr_0184|x|Die berg.\n")
    other = imported(tmp_path / "index.txt", columns={"1": "audio", "3": "text"})
    assert other.rows["text"].to_list() == ["Die berg."]


def test_a_sheet_without_a_header_is_read_by_places(tmp_path: Path, imported: Importer) -> None:
    touch_audio(tmp_path / "a.wav", tmp_path / "b.wav")
    file = book(tmp_path / "all.xlsx", ["hej", "a.wav"], ["hopp", "b.wav"])
    assert imported(file, columns={"2": "audio", "1": "text"}).rows["text"].to_list() == ["hej", "hopp"]


def test_places_that_are_not_there(tmp_path: Path, imported: Importer) -> None:
    file = write_text(tmp_path / "x.tsv", "a\thej\n")
    with pytest.raises(CorpusError, match=r"--columns 3=text: .* has 2 columns; it begins: a \| hej"):
        imported(file, columns={"1": "audio", "3": "text"})
    with pytest.raises(CorpusError, match="places and names"):
        places({"1": "audio", "text": "said"})
    for wrong in ({"1": "talker"}, {"0": "audio"}):
        with pytest.raises(CorpusError, match="places from 1"):
            places(wrong)
    with pytest.raises(CorpusError, match="has names for its columns"):
        imported(write_text(tmp_path / "x.jsonl", "{}\n"), columns={"1": "audio", "2": "text"})
