"""Ids that came back from a spreadsheet, brought together with those of the corpus.

Spreadsheets take digits for numbers: ``00042`` comes back as ``42`` or ``42.0``, ``1234567890123`` as
``1.23457E+12``, long numbers with zeros behind their fifteenth digit, and parts of dates as dates. What means
exactly one id of the corpus is that id; what could mean several is a fault, never a guess.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import polars as pl

from govor.corpora.folder import Corpus
from govor.errors import CorpusError
from govor.findings import count_of, some

EXACT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps (IEEE 754 doubles)."""
_NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]+)?$"
_SCIENTIFIC = re.compile(r"[+-]?[0-9]([.,][0-9]+)?[eE][+-]?[0-9]+")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}( 00:00:00)?|\d{1,2}[-. ](jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*", re.I
)
REMEDY = "take the ids from the sheet that was sent out (format their column as text before opening it)"


@dataclass
class IdMatch:
    """What the ids of a sheet mean.

    Attributes:
        ids: id of the corpus by the id as it is written in the sheet.
        unknown: written ids that mean none.
        doubtful: ids that they could mean, by written ids that could mean several, or are damaged for sure.
    """

    ids: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    doubtful: dict[str, list[str]] = field(default_factory=dict)


def written_id(cell: object) -> str:
    """An id as a cell holds it."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**EXACT_DIGITS:
        return str(int(cell))
    return str(cell)


def match_ids(written: Sequence[str], corpus: Corpus) -> IdMatch:
    """Finds the id of the corpus for every written one.

    Args:
        written: ids of the sheet, an id twice where it stands there twice.
        corpus: whose ids are read, in pieces.
    """
    counts = Counter(written)
    found = IdMatch()
    for names in _ids(corpus):
        found.ids.update({name: name for name in names if name in counts})
    again = {name for name, count in counts.items() if count > 1 and _value(name) is not None}
    open_ids = [name for name in counts if name not in found.ids or name in again]
    candidates = _candidates(open_ids, corpus) if open_ids else {}
    for name in open_ids:
        _settle(name, candidates.get(name, []), found)
    return found


def _settle(name: str, meant: list[str], found: IdMatch) -> None:
    if name in found.ids:
        if len({*meant, name}) > 1:
            found.doubtful[name] = sorted({*meant, name})
    elif len(meant) == 1:
        found.ids[name] = meant[0]
    elif meant or _SCIENTIFIC.fullmatch(name) or _DATE.fullmatch(name):
        found.doubtful[name] = meant
    else:
        found.unknown.append(name)


def _ids(corpus: Corpus) -> Iterable[list[str]]:
    for batch in corpus.batches(["id"]):
        yield batch.column("id").to_pylist()


def _candidates(written: Sequence[str], corpus: Corpus) -> dict[str, list[str]]:
    """Ids of the corpus that each written one could be, by the likeliest way of damage that has any."""
    keys = _Keys.of(written)
    exact: dict[str, set[str]] = {}
    near: dict[str, set[str]] = {}
    for names in _ids(corpus):
        for name in names:
            for other in keys.plain.get(_plain(name), ()):
                exact.setdefault(other, set()).add(name)
        for name in _numbers(names) if keys.values else ():
            value = _value(name)
            for other in keys.values.get(value, ()) if value is not None else ():
                exact.setdefault(other, set()).add(name)
            for other, digits in keys.rounded.items():
                if value is not None and _rounded(value, digits) == _value(other):
                    near.setdefault(other, set()).add(name)
    return {name: sorted(exact.get(name) or near.get(name) or ()) for name in written}


@dataclass(frozen=True)
class _Keys:
    """Written ids by what they share with the true ones: letters, value, the first digits of the value."""

    plain: dict[str, list[str]]
    values: dict[Decimal, list[str]]
    rounded: dict[str, int]

    @classmethod
    def of(cls, written: Iterable[str]) -> _Keys:
        made = cls({}, {}, {})
        for name in written:
            made.plain.setdefault(_plain(name), []).append(name)
            value, digits = _value(name), _rounded_to(name)
            if value is not None:
                made.values.setdefault(value, []).append(name)
            if digits is not None:
                made.rounded[name] = digits
        return made


def _numbers(names: list[str]) -> pl.Series:
    column = pl.Series(names, dtype=pl.String)
    return column.filter(column.str.contains(_NUMBER))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()


def _value(name: str) -> Decimal | None:
    """The number that an id is, or None."""
    if not re.match(_NUMBER, name.strip()):
        return None
    try:
        return Decimal(name.strip().replace(",", ".")).normalize()
    except InvalidOperation:
        return None


def _rounded_to(name: str) -> int | None:
    """Digits that a spreadsheet left of a number, or None where it left all."""
    value = _value(name)
    if value is None:
        return None
    digits = len(value.as_tuple().digits)
    long = len(str(value.to_integral_value())) > EXACT_DIGITS or value.adjusted() >= EXACT_DIGITS
    return digits if _SCIENTIFIC.fullmatch(name.strip()) or (long and digits <= EXACT_DIGITS) else None


def _rounded(value: Decimal, digits: int) -> Decimal:
    """A number to so many significant digits."""
    return Decimal(f"{value:.{max(digits, 1) - 1}E}").normalize() if value else value


def is_number(name: str) -> bool:
    """Whether a spreadsheet takes an id for a number."""
    return _value(name) is not None


def refuse_doubtful(found: IdMatch, places: Mapping[str, str]) -> None:
    """Ends where an id could mean several, or was damaged beyond recognition.

    Args:
        found: what the ids mean.
        places: where each stands, for people.

    Raises:
        CorpusError: names the places, and what the ids could mean.
    """
    if not found.doubtful:
        return
    said = []
    for name, meant in list(found.doubtful.items())[:3]:
        could = f"could be {some(meant, 3)}" if meant else "is not an id of the corpus"
        said.append(f"{places[name]}: {name} {could}")
    count = count_of(len(found.doubtful), "id")
    raise CorpusError(f"a spreadsheet changed {count} ({'; '.join(said)}): {REMEDY}")
