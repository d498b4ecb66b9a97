"""What people decided about utterances, read from a sheet: that of ``govor sample`` or of the review page.

A row is about one utterance. The page's sheet has more columns: ``new_start`` and ``new_end`` (seconds into
the recording), ``parent`` for the parts of an utterance that was split, ``joined_to`` for one that became
part of another.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from govor.curate.sheet import NOTHING_SHOWN, ROW_NUMBER, VERDICTS, YES, read_sheet
from govor.curate.sheet_ids import written_id
from govor.errors import CorpusError

LEAST_PARTS = 2
NEW_TIMES = ("new_start", "new_end")


@dataclass(frozen=True)
class NewPart:
    """A part of an utterance that was split.

    Attributes:
        id: of its own.
        start: seconds into the recording.
        end: seconds.
        text: what is said in it.
    """

    id: str
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class ReviewVerdict:
    """What a person decided about one utterance.

    Attributes:
        verdict: one of `VERDICTS`.
        corrected: the right text, where it was corrected.
        comment: whatever else was written.
        start: seconds into the recording, where it begins elsewhere than it did.
        end: the same for its end.
        parts: what it was split into.
        joined_to: id of the utterance that it became part of.
        from_nothing: whoever wrote the text saw none.
        row: of the sheet.
    """

    verdict: str
    corrected: str | None = None
    comment: str = ""
    start: float | None = None
    end: float | None = None
    parts: tuple[NewPart, ...] = ()
    joined_to: str | None = None
    from_nothing: bool = False
    row: int = field(default=0, compare=False)


def read_verdicts(sheet: Path) -> list[tuple[str, ReviewVerdict]]:
    """Ids as they are written, with verdicts; rows without any are left out.

    Raises:
        CorpusError: no column of ids or verdicts, an unknown verdict, a correction without text or times,
            parts without an utterance that was split, or no verdict at all.
    """
    rows = read_sheet(sheet)
    for column in ("id", "verdict"):
        if rows and column not in rows[0]:
            raise CorpusError(
                f"{sheet} has no column {column}: give the sheet that govor sample wrote, filled in"
            )
    verdicts: list[tuple[str, ReviewVerdict]] = []
    parts: dict[str, list[tuple[int, NewPart]]] = {}
    for row in rows:
        number = int(str(row[ROW_NUMBER]))
        where = f"{sheet}, row {number}"
        if _verdict_of(row) == "part":
            parts.setdefault(written_id(row.get("parent") or ""), []).append((number, _part(row, where)))
        elif (verdict := _verdict(row, where)) is not None:
            verdicts.append((written_id(row["id"]), replace(verdict, row=number)))
    if not verdicts:
        raise CorpusError(f"{sheet} holds no verdict yet: fill the column verdict with {', '.join(VERDICTS)}")
    return _with_parts(verdicts, parts, sheet)


def _verdict_of(row: Mapping[str, object]) -> str:
    return str(row.get("verdict") or "").strip().lower()


def _text(row: Mapping[str, object], column: str) -> str:
    return str(row.get(column) or "").strip()


def _verdict(row: Mapping[str, object], where: str) -> ReviewVerdict | None:
    said, corrected = _verdict_of(row), _text(row, "corrected") or None
    if not said and corrected is None:
        return None
    if row.get("id") in (None, ""):
        raise CorpusError(
            f"{where}: a verdict without an id: restore the id from the sheet that was sent out"
        )
    said = said or "correct"
    if said not in (*VERDICTS, "split", "join"):
        raise CorpusError(
            f"{where}: the verdict {said!r} is not one of {', '.join(VERDICTS)}: correct the cell"
        )
    _refuse_unread(said, corrected, row, where)
    if said == "join" and not _text(row, "joined_to"):
        raise CorpusError(f"{where}: the verdict is join, but the column joined_to is empty: fill it in")
    start, end = (_seconds(row, column, where) for column in NEW_TIMES) if said == "correct" else (None, None)
    if said == "correct" and corrected is None and start is None and end is None:
        raise CorpusError(f"{where}: the verdict is correct, but the column corrected is empty: fill it in")
    blank = row.get(NOTHING_SHOWN.name) == YES
    if blank and said == "keep":
        raise CorpusError(f"{where}: the verdict is keep, but no text was shown: write one, or choose drop")
    return ReviewVerdict(
        said,
        corrected if said == "correct" else None,
        _text(row, "comment"),
        start,
        end,
        joined_to=written_id(row["joined_to"]) if said == "join" else None,
        from_nothing=blank and (corrected is not None or said == "split"),
    )


def _refuse_unread(said: str, corrected: str | None, row: Mapping[str, object], where: str) -> None:
    """Ends where a person wrote a text that would be lost, or that the spreadsheet made a date of."""
    if isinstance(row.get("corrected"), (datetime.date, datetime.time, datetime.timedelta)):
        raise CorpusError(
            f"{where}: the spreadsheet made a date or a time of the corrected text: set the cell to text and "
            "write it again"
        )
    if said == "keep" and corrected and " ".join(corrected.split()) != " ".join(_text(row, "text").split()):
        raise CorpusError(
            f"{where}: the verdict is keep, but there is a corrected text: choose correct, or empty that cell"
        )


def _part(row: Mapping[str, object], where: str) -> NewPart:
    start, end = (_seconds(row, column, where) for column in NEW_TIMES)
    text = _text(row, "corrected")
    if not (row.get("id") and row.get("parent") and text) or start is None or end is None or start >= end:
        raise CorpusError(
            f"{where}: a part needs id, parent, corrected, and new_start before new_end: restore the row "
            "from the sheet that the review page wrote"
        )
    return NewPart(written_id(row["id"]), start, end, text)


def _seconds(row: Mapping[str, object], column: str, where: str) -> float | None:
    cell = row.get(column)
    if cell in (None, ""):
        return None
    try:
        seconds = float(str(cell).strip().replace(",", "."))
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise CorpusError(f"{where}: {column} is {cell!r}, not a number of seconds: correct the cell")
    return seconds


def _with_parts(
    verdicts: Sequence[tuple[str, ReviewVerdict]], parts: dict[str, list[tuple[int, NewPart]]], sheet: Path
) -> list[tuple[str, ReviewVerdict]]:
    made = []
    for name, verdict in verdicts:
        if verdict.verdict == "split":
            found = tuple(sorted((part for _, part in parts.pop(name, ())), key=lambda part: part.start))
            if len(found) < LEAST_PARTS:
                raise CorpusError(
                    f"{sheet}, row {verdict.row}: {name} was split, but {len(found)} of its parts are there: "
                    "restore the rows with the verdict part"
                )
            verdict = replace(verdict, parts=found)
        made.append((name, verdict))
    for name, lost in parts.items():
        raise CorpusError(
            f"{sheet}, row {lost[0][0]}: a part of {name or 'nothing'}, which no row says was split: restore "
            "the row with the verdict split"
        )
    return made


def shown_texts(sheet: Path) -> list[tuple[str, str, int]]:
    """Id, text and row of each utterance whose text the sheet shows and that has no corrected one."""
    return [
        (written_id(row["id"]), _text(row, "text"), int(str(row[ROW_NUMBER])))
        for row in read_sheet(sheet)
        if row.get("id") and _text(row, "text") and not _text(row, "corrected")
    ]
