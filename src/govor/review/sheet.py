"""The journal as the sheet that ``govor review CORPUS SHEET --out NEW`` takes."""

from __future__ import annotations

import csv
from collections.abc import Container, Iterator
from pathlib import Path

from govor.curate.sheet import NOTHING_SHOWN, YES, neutral
from govor.review.journal import FIXED, JOINED, ReviewPiece, VerdictEntry
from govor.review.utterances import Utterances
from govor.review.verdict_book import VerdictBook
from govor.store import atomic_path

SHEET = "verdicts.csv"
COLUMNS = (
    "id",
    "verdict",
    "corrected",
    "comment",
    "new_start",
    "new_end",
    "parent",
    "joined_to",
    "reviewer",
    NOTHING_SHOWN.name,
)
DIGITS = 3
Cells = dict[str, str]


def write_verdicts(path: Path, utterances: Utterances, book: VerdictBook, *, blank: bool = False) -> int:
    """Writes the verdicts that hold, `blank` where no text was shown; returns how many utterances."""
    count = 0
    with atomic_path(path) as partial, partial.open("w", encoding="utf-8-sig", newline="") as file:
        sheet = csv.DictWriter(file, COLUMNS, restval="")
        sheet.writeheader()
        for row in verdict_rows(utterances, book):
            shown = {NOTHING_SHOWN.name: YES} if blank else {}
            sheet.writerow({name: neutral(cell) for name, cell in (row | shown).items()})
            count += row.get("verdict", "") not in ("part", "")
    return count


def verdict_rows(utterances: Utterances, book: VerdictBook) -> Iterator[Cells]:
    """The rows: one for each utterance, and one for each part of those that were split."""
    names = [name for name in book.judged() if name in utterances.places]
    finals = {name: book.final(name) for name in names}
    hosts = {other: name for name, final in finals.items() if final for other in final.joined}
    for name, final in finals.items():
        if name in hosts:
            yield {"id": name, "verdict": "join", "joined_to": hosts[name]}
        elif final is None:
            yield {"id": name, "comment": _both(book, name)}
        elif final.verdict != JOINED:
            yield from _rows(utterances, name, final, utterances.places)


def _both(book: VerdictBook, name: str) -> str:
    pair = book.pair(name)
    said = " / ".join(f"{one.reviewer}: {one.verdict} {one.text}".strip() for one in pair or ())
    return f"reviewers differ: {said}"


def _rows(utterances: Utterances, name: str, final: VerdictEntry, taken: Container[str]) -> Iterator[Cells]:
    who = {"comment": final.comment, "reviewer": final.reviewer}
    if final.verdict != FIXED or not final.pieces:
        yield {"id": name, "verdict": "keep" if final.verdict == FIXED else final.verdict, **who}
    elif len(final.pieces) == 1:
        yield {"id": name, **_change(utterances, name, final), **who}
    else:
        yield {"id": name, "verdict": "split", **who}
        ids = _part_ids(name, len(final.pieces), taken)
        for part, piece in zip(ids, final.pieces, strict=True):
            yield {"id": part, "verdict": "part", "corrected": piece.text, "parent": name, **_times(piece)}


def _change(utterances: Utterances, name: str, final: VerdictEntry) -> Cells:
    """Of an utterance that stays one: what is other than it was."""
    (piece,) = final.pieces
    row = utterances.of(name)
    before = _times(ReviewPiece(row.start, row.end, ""))
    cells = {key: text for key, text in _times(piece).items() if text != before[key]}
    if piece.text != (row.text or ""):
        cells["corrected"] = piece.text
    return {"verdict": "correct" if cells else "keep", **cells}


def _times(piece: ReviewPiece) -> Cells:
    return {"new_start": _seconds(piece.start), "new_end": _seconds(piece.end)}


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.{DIGITS}f}"


def _part_ids(name: str, count: int, taken: Container[str]) -> list[str]:
    """Ids that the corpus does not have yet: the utterance's with a number behind it."""
    ids: list[str] = []
    number = 1
    while len(ids) < count:
        part = f"{name}.{number}"
        if part not in taken:
            ids.append(part)
        number += 1
    return ids
