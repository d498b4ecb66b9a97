"""Spreadsheets (``.xlsx``) as tables: the first sheet that has the columns, row by row.

openpyxl reads the cells; what it would unpack is counted first, so that a small file cannot fill the memory.
Cells of time (``0:01:05``) are seconds, formulas count as what the program last showed. A date or a time is
no transcript: the program made it of a text (``1. 5.``), which nobody can read back.
"""

from __future__ import annotations

import datetime
import lzma
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from govor.corpora.lines import rejected_line
from govor.corpora.reader import CHUNK_ROWS, Chunk
from govor.corpora.rows import SPOKEN, Row, frame_of, usable_rows
from govor.errors import CorpusError
from govor.records import Rejection

ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    LookupError,
    ValueError,
    EOFError,
    RuntimeError,  # a part that is encrypted, or packed in a way that is not known
)
"""What reading a damaged archive raises, `OSError` apart."""
MOST_ROWS = 1_048_576
"""As many as a sheet can have."""
MOST_TEXT_BYTES = 256 << 20
"""Of all texts of a book, unpacked."""
MOST_SHEET_BYTES = 2 << 30
_BLOCK_BYTES = 1 << 20
_LONGEST_TAG = 40
_ROW = re.compile(rb"<(?:\w{1,30}:)?row\b")
Fits = Callable[[list[str]], bool]
_CLOCKS = (datetime.date, datetime.time, datetime.timedelta)
_ERRORS = frozenset({"#N/A", "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"})


@dataclass(frozen=True)
class Heads:
    """The first rows of a book's sheets, empty ones left out, by the sheets' names."""

    rows: dict[str, list[str]]

    def taken(self, fits: Fits) -> str:
        """The sheet to read: the first that fits, else the first that is not empty."""
        return next((name for name, row in self.rows.items() if fits(row)), next(iter(self.rows)))


def heads(file: Path) -> Heads:
    """The first rows of the sheets.

    Raises:
        CorpusError: the file is not a spreadsheet, is damaged, empty, or larger than any can be.
    """
    state = file.stat() if file.is_file() else None
    return _heads(file, state.st_mtime_ns if state else 0, state.st_size if state else 0)


@lru_cache(maxsize=8)
def _heads(file: Path, modified_ns: int, size: int) -> Heads:
    with opened_book(file) as book:
        rows = {sheet.title: next(_rows(sheet), (0, []))[1] for sheet in book.worksheets}
    filled = {name: _names(file, row) for name, row in rows.items() if row}
    if not filled:
        raise CorpusError(f"{file} is empty: it needs a first row with the names of its columns")
    return Heads(filled)


def read_sheet(file: Path, fits: Fits, header: Sequence[str] | None = None) -> Iterator[Chunk]:
    """The rows of a spreadsheet under the names of its first row.

    Args:
        file: the ``.xlsx``.
        fits: whether a sheet's first row has the columns that are needed.
        header: the column names where the sheet has none.

    Raises:
        CorpusError: it is not a spreadsheet, is damaged, or larger than any sheet can be.
    """
    name = heads(file).taken(fits)
    with opened_book(file) as book:
        rows = _rows(book[name])
        names = list(header) if header else _names(file, next(rows, (0, []))[1])
        made = (_row(file, number, cells, names) for number, cells in rows)
        block: list[Row | Rejection] = []
        for row in made:
            block.append(row)
            if len(block) >= CHUNK_ROWS:
                yield _chunk(file, block)
                block = []
        if block:
            yield _chunk(file, block)


def _chunk(file: Path, rows: list[Row | Rejection]) -> Chunk:
    kept, rejections = usable_rows(file, rows)
    return Chunk(frame_of(kept), file, rejections)


@contextmanager
def opened_book(file: Path) -> Iterator[Any]:
    """The book, opened for reading row by row, after its size was checked.

    Raises:
        CorpusError: it is not a spreadsheet, is damaged, or larger than any can be.
    """
    from openpyxl import load_workbook

    try:
        _check_size(file)
        with warnings.catch_warnings(action="ignore"):  # of what only programs with windows show
            book = load_workbook(file, read_only=True, data_only=True)
        try:
            yield book
        finally:
            book.close()
    except (*ZIP_FAULTS, SyntaxError, TypeError) as error:
        raise CorpusError(
            f"{file} cannot be read as .xlsx ({str(error)[:100]}): save it again as .xlsx or as CSV UTF-8"
        ) from error
    except OSError as error:
        raise CorpusError(f"{file} cannot be opened ({error.strerror or error})") from error


def _check_size(file: Path) -> None:
    """Counts what would be unpacked, before anything is kept of it."""
    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            sheet = "/worksheets/" in part.filename
            limit = MOST_SHEET_BYTES if sheet else MOST_TEXT_BYTES
            if part.file_size > limit:
                raise CorpusError(
                    f"{file} is refused: {part.filename} unpacks to more than {limit >> 20:,} MiB;"
                    " save the sheet as CSV UTF-8 and import that"
                )
            if part.filename.endswith((".xml", ".rels")):
                with archive.open(part) as source:
                    _check_part(file, source, sheet)


def _check_part(file: Path, source: Any, sheet: bool) -> None:
    rows, tail, first = 0, b"", True
    while data := source.read(_BLOCK_BYTES):
        if first and b"<!DOCTYPE" in data:
            raise CorpusError(f"{file} is refused: it declares a document type, which no spreadsheet needs")
        if not sheet:
            return
        first = False
        seen = tail + data
        rows += len(_ROW.findall(seen)) - len(_ROW.findall(tail))
        tail = data[-_LONGEST_TAG:]
        if rows > MOST_ROWS:
            raise CorpusError(
                f"{file} is refused: a sheet has more than {MOST_ROWS:,} rows, which no spreadsheet can;"
                " save it as CSV UTF-8 and import that"
            )


def _rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Number and cells of the rows that are not empty, without the empty cells at their ends.

    Raises:
        CorpusError: there are more than a sheet can have. Rows that a number skips are counted here.
    """
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MOST_ROWS:
            raise CorpusError(
                f"the sheet {sheet.title} is refused: it has more than {MOST_ROWS:,} rows, which no"
                " spreadsheet can; save it as CSV UTF-8 and import that"
            )
        cells = [None if cell in _ERRORS or cell == "" else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, cells


def _value(cell: Any) -> Any:
    if isinstance(cell, datetime.time):
        return cell.hour * 3600 + cell.minute * 60 + cell.second + cell.microsecond / 1e6
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    return cell.isoformat() if isinstance(cell, (datetime.datetime, datetime.date)) else cell


def _names(file: Path, cells: Sequence[Any]) -> list[str]:
    names = ["" if cell is None else str(_value(cell)).strip() for cell in cells]
    named = [name or f"column_{number}" for number, name in enumerate(names, 1)]
    double = sorted({name for name in named if named.count(name) > 1})
    if double:
        raise CorpusError(f"{file}:1: the header names {', '.join(double)} twice: rename one")
    return named


def _row(file: Path, number: int, cells: list[Any], names: list[str]) -> Row | Rejection:
    if len(cells) > len(names):
        detail = f"{len(cells)} cells where the first row has {len(names)}"
        return rejected_line(file, number, "wrong_columns", detail)
    values = dict(zip(names, map(_value, cells), strict=False))
    made_by_program = {
        SPOKEN + name: "" for name, cell in zip(names, cells, strict=False) if isinstance(cell, _CLOCKS)
    }
    return {**dict.fromkeys(names), **values, **made_by_program, "_line": number}
