"""Spreadsheets that people fill in: written without live formulas, read back from .xlsx and .csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from govor.errors import CorpusError

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
"""A cell that begins so is run as a formula when a CSV is opened in a spreadsheet."""
MAX_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767


def neutral(value: str) -> str:
    """A cell for CSV that no spreadsheet runs: an apostrophe stands before what could be a formula."""
    return f"'{value}" if value.startswith((*FORMULA_STARTS, "'")) else value


def restored(value: str) -> str:
    """Inverse of `neutral`."""
    return value[1:] if value.startswith("'") and value[1:].startswith((*FORMULA_STARTS, "'")) else value


def read_sheet(path: Path) -> list[dict[str, Any]]:
    """Rows of a sheet by the names of its first row; empty cells are None.

    Raises:
        CorpusError: it is missing, neither .xlsx nor .csv, or damaged.
    """
    if not path.exists():
        raise CorpusError(f"{path} does not exist: give a sheet that govor sample wrote, filled in")
    if path.suffix.lower() == ".xlsx":
        rows = _read_xlsx(path)
    elif path.suffix.lower() in (".csv", ".tsv", ".txt"):
        rows = _read_csv(path)
    else:
        raise CorpusError(f"{path} is neither .xlsx nor .csv: save the sheet as one of these")
    if not rows:
        raise CorpusError(f"{path} is empty: its first row should name the columns id, verdict and corrected")
    names = [str(name or "").strip().lower() for name in rows[0]]
    return [dict(zip(names, row, strict=False)) for row in rows[1:] if any(cell is not None for cell in row)]


def _read_xlsx(path: Path) -> Sequence[Sequence[Any]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        sheet = book[book.sheetnames[0]]
        rows = [tuple(row) for row in sheet.iter_rows(values_only=True)]
        book.close()
    except (BadZipFile, KeyError, ValueError, OSError, EOFError) as error:
        raise CorpusError(
            f"{path} cannot be read as .xlsx ({error}): save it again as .xlsx or .csv"
        ) from error
    return rows


def _read_csv(path: Path) -> Sequence[Sequence[Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 ({error}): save it as CSV UTF-8, or as .xlsx") from error
    head = text[: text.find("\n")] if "\n" in text else text
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CorpusError(
            f"{path} is no CSV that can be read ({error}): save it again, or as .xlsx"
        ) from error
    return [[restored(cell) if cell != "" else None for cell in row] for row in rows]


def write_csv(path: Path, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes a CSV (UTF-8 with a mark, which spreadsheets look for)."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            cells = (row.get(name) for name in names)
            writer.writerow(["" if c is None else neutral(c) if isinstance(c, str) else c for c in cells])
