"""Spreadsheets that people fill in: written without live formulas, read back from .xlsx and .csv."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from govor.corpora.spreadsheet import opened_book
from govor.errors import CorpusError
from govor.store import atomic_path

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
"""A cell that begins so is run as a formula when a CSV is opened in a spreadsheet."""
ROW_NUMBER = "\0row"
"""Key of a row's number, as spreadsheets count."""
FIRST_ROW = 2
MAX_ROWS = 1_048_576
MAX_CELL_CHARACTERS = 32_767
VERDICTS = ("keep", "drop", "correct", "unsure")
VERDICT_HELP = (
    "keep: text and audio agree. drop: leave out. correct: write the right text beside it. "
    "unsure: it stays as it is."
)


@dataclass(frozen=True)
class Column:
    """A column of the sheet: its name, width in characters, and look."""

    name: str
    width: float
    look: str = ""


COLUMNS = (
    Column("clip", 9, "link"),
    Column("text", 60),
    Column("verdict", 11, "fill"),
    Column("corrected", 60, "fill"),
    Column("comment", 30, "fill"),
    Column("second", 60),
    Column("similarity", 10, "number"),
    Column("duration", 9, "number"),
    Column("speaker", 16),
    Column("split", 7),
    Column("recording", 18),
    Column("start", 10, "number"),
    Column("end", 10, "number"),
    Column("id", 34),
)
_TOLD_SEPARATOR = re.compile(r'"?sep=([,;\t])"?')
"""A first line that some programs write before the names of the columns."""
SUGGESTING = ("text", "second", "similarity")
"""Columns that a sheet for writing from nothing does not have."""
NOTHING_SHOWN = Column("nothing_shown", 14)
"""Only there: that whoever wrote the text saw none."""
YES = "yes"


def neutral(value: str) -> str:
    """A cell for CSV that no spreadsheet runs: an apostrophe stands before what could be a formula."""
    return f"'{value}" if value.startswith((*FORMULA_STARTS, "'")) else value


def restored(value: str) -> str:
    """Inverse of `neutral`."""
    return value[1:] if value.startswith("'") and value[1:].startswith((*FORMULA_STARTS, "'")) else value


def read_sheet(path: Path) -> list[Mapping[str, object]]:
    """Rows of a sheet by the names of its first row, each with its `ROW_NUMBER`; empty cells are None.

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
    return [
        {**dict(zip(names, row, strict=False)), ROW_NUMBER: number}
        for number, row in enumerate(rows[1:], FIRST_ROW)
        if any(cell is not None for cell in row)
    ]


def _read_xlsx(path: Path) -> Sequence[Sequence[Any]]:
    with opened_book(path) as book:
        return [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]


def _read_csv(path: Path) -> Sequence[Sequence[Any]]:
    try:
        data = path.read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path} is not UTF-8 ({error}): save it as CSV UTF-8, or as .xlsx") from error
    head = text[: text.find("\n")] if "\n" in text else text
    if told := _TOLD_SEPARATOR.fullmatch(head.strip()):
        text = text[len(head) + 1 :]
    separator = told[1] if told else max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise CorpusError(
            f"{path} is not a CSV that can be read ({error}): save it again, or as .xlsx"
        ) from error
    return [[restored(cell) if cell != "" else None for cell in row] for row in rows]


def write_sheet(
    path: Path, rows: Sequence[Mapping[str, object]], second: str | None, *, blank: bool = False
) -> None:
    """Writes utterances with empty cells for verdicts.

    Args:
        path: .xlsx or .csv; it appears whole or not at all.
        rows: utterances; ``clip`` is the path of a clip from the sheet, ``second`` the second transcript.
        second: what the second transcript is called, or None to leave it out.
        blank: no text is shown: people write what they hear.
    """
    columns = [column for column in COLUMNS if column.name != "second" or second]
    if blank:
        columns = [*(column for column in columns if column.name not in SUGGESTING), NOTHING_SHOWN]
        rows = [{**row, NOTHING_SHOWN.name: YES} for row in rows]
    with atomic_path(path) as partial:
        if path.suffix.lower() == ".csv":
            _write_csv(partial, columns, rows)
        else:
            _write_xlsx(partial, columns, rows, second)


def _write_csv(path: Path, columns: Sequence[Column], rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:  # with a mark, which spreadsheets look for
        writer = csv.writer(file)
        writer.writerow([column.name for column in columns])
        for row in rows:
            cells = (row.get(column.name) for column in columns)
            writer.writerow(["" if c is None else neutral(c) if isinstance(c, str) else c for c in cells])


def _write_xlsx(
    path: Path, columns: Sequence[Column], rows: Sequence[Mapping[str, object]], second: str | None
) -> None:
    from openpyxl import Workbook
    from openpyxl.comments import Comment
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    page: Any = book.active
    page.title = "review"
    for place, column in enumerate(columns, 1):
        page.column_dimensions[get_column_letter(place)].width = column.width
        head = page.cell(1, place, column.name)
        head.font, head.fill = Font(bold=True), PatternFill("solid", fgColor="EEF1F5")
        if column.name == "second" and second:
            head.comment = Comment(f"the column {second}", "govor")
        for number, row in enumerate(rows, 2):
            _fill_cell(page.cell(number, place), column, row)
    place = [column.name for column in columns].index("verdict") + 1
    _add_drop_down(page, get_column_letter(place), len(rows) + 1)
    page.freeze_panes = "B2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{len(rows) + 1}"
    book.save(path)


def _add_drop_down(page: Any, letter: str, last_row: int) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    choice = DataValidation("list", formula1=f'"{",".join(VERDICTS)}"', allow_blank=True)
    choice.errorTitle, choice.error = "Verdict", f"Choose {', '.join(VERDICTS)}."
    choice.promptTitle, choice.prompt = "Verdict", VERDICT_HELP
    choice.showErrorMessage = choice.showInputMessage = True
    choice.add(f"{letter}2:{letter}{max(last_row, 2)}")
    page.add_data_validation(choice)


def _fill_cell(cell: Any, column: Column, row: Mapping[str, object]) -> None:
    """One cell; text is typed as text, so that nothing in it is ever run as a formula."""
    from openpyxl.styles import Alignment, Font, PatternFill

    value = row.get(column.name)
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    if column.look == "fill":
        cell.fill = PatternFill("solid", fgColor="FFF9E5")
        cell.number_format = "@"  # what people type stays text: 3.5. is no date, = no formula
    if column.name == "clip" and value is None:
        value = row.get("clip_fault") or "no clip"
    elif column.name == "clip":
        cell.hyperlink, value = quote(str(value)), "listen"
        cell.font = Font(color="1F6F99", underline="single")
    if isinstance(value, (int, float)):
        cell.value, cell.number_format = value, "0.00"
    elif value is not None:
        cell.value = storable(str(value))
        cell.data_type = "s"


def storable(text: str) -> str:
    """Text without what a sheet cannot hold: control characters, and more than a cell takes."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    return str(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))[:MAX_CELL_CHARACTERS]
