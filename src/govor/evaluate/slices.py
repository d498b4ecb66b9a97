"""Slices: the same rates for parts of a test set, small parts guarded."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.evaluate.intervals import Grouping, grouping, rate_interval
from govor.evaluate.scores import Scores
from govor.records import Rate

USUAL = (
    "duration",
    "speaker",
    "gender",
    "age",
    "accent",
    "accents",
    "variant",
    "language",
    "recording",
    "bandwidth_hz",
)
LEAST_UTTERANCES = 5
LEAST_WORDS = 30
"""Smaller slices are put together: their rates say more about chance than about the slice."""
MOST_VALUES = 50
DURATION_EDGES_S = (2.0, 5.0, 10.0, 20.0)
BANDWIDTH_EDGES_HZ = (3600.0, 5600.0, 7600.0)
MOST_DISTINCT_NUMBERS = 12
RANGE_START = re.compile(r"(under )?(?P<low>-?\d+(\.\d+)?)(–| |$)")
SMALL = "(small groups)"
UNKNOWN = "(unknown)"


class SliceGroups(TypedDict):
    """What the intervals of a slice resample."""

    unit: str
    count: int


class SliceRates(TypedDict):
    """Rates of one slice."""

    utterances: int
    hours: float | None
    words: int
    wer: Rate
    cer: Rate
    groups: SliceGroups


Slices = dict[str, dict[str, SliceRates]]
"""By column and value."""


@dataclass(frozen=True)
class Slice:
    """One slice: rows of a column's value."""

    value: str
    rows: NDArray[np.int64]


def slice_scores(scores: Scores, table: pl.DataFrame, columns: Sequence[str] = ()) -> Slices:
    """Rates by column and value.

    Args:
        scores: of the whole set.
        table: columns of the data set in the order of the scores.
        columns: further columns that are asked for; usual ones are taken where they tell rows apart.

    """
    found: Slices = {}
    for column in dict.fromkeys((*USUAL, *columns)):
        if column in table.columns:
            parts = parts_of(scores, table[column], column, always=column in columns)
            if parts:
                found[column] = {part.value: _rates(scores, table, part) for part in parts}
    return found


def parts_of(scores: Scores, series: pl.Series, column: str, always: bool = False) -> list[Slice]:
    """Rows by value; empty when the column does not tell rows apart (and is not asked for).

    Values with fewer than 5 utterances or 30 words are put together, and so are all but the 50 most frequent.
    """
    labels = np.array(labels_of(series, column), dtype=object)
    values, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    words = np.bincount(codes, weights=scores.words.units, minlength=len(values))
    small = (counts < LEAST_UTTERANCES) | (words < LEAST_WORDS)
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    small |= rank >= MOST_VALUES
    if not always and ((~small).sum() < 2 and not (column == "speaker" and len(values) > 1)):
        return []
    names = [SMALL if is_small else str(value) for value, is_small in zip(values, small, strict=True)]
    merged = np.array(names, dtype=object)[codes]
    return [Slice(str(name), np.flatnonzero(merged == name)) for name in _in_order(set(names))]


def _in_order(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (name in (SMALL, UNKNOWN), _natural(name)))


def _natural(name: str) -> tuple[float, str]:
    """Ranges by their lower ends, everything else by name."""
    number = RANGE_START.match(name)
    if number is None:
        return math.inf, name
    below = name.startswith("under")
    return -math.inf if below else float(number["low"]), name


def labels_of(series: pl.Series, column: str) -> list[str]:
    """The value of every row as a word; numbers become ranges."""
    if column == "duration":
        return _ranges(series, DURATION_EDGES_S, "s")
    if column == "bandwidth_hz":
        return _ranges(series, BANDWIDTH_EDGES_HZ, "Hz")
    if series.dtype.is_float() or (series.dtype.is_numeric() and series.n_unique() > MOST_DISTINCT_NUMBERS):
        known = series.drop_nulls().drop_nans() if series.dtype.is_float() else series.drop_nulls()
        edges = sorted({float(f"{known.quantile(q):.3g}") for q in (0.25, 0.5, 0.75)}) if len(known) else []
        return _ranges(series, edges, "")
    return [UNKNOWN if value in (None, "") else str(value) for value in series.to_list()]


def _ranges(series: pl.Series, edges: Sequence[float], unit: str) -> list[str]:
    ends = [f"{edge:g}" for edge in edges]
    if not ends:
        return [UNKNOWN] * len(series)
    space = f" {unit}" if unit else ""
    names = [
        f"under {ends[0]}{space}",
        *(f"{a}–{b}{space}" for a, b in itertools.pairwise(ends)),
        f"{ends[-1]}{space} and more",
    ]
    values = series.cast(pl.Float64).to_list()
    return [
        UNKNOWN if v is None or math.isnan(v) else names[int(np.searchsorted(edges, v, side="right"))]
        for v in values
    ]


def _rates(scores: Scores, table: pl.DataFrame, part: Slice) -> SliceRates:
    groups = subgroups(scores.groups, part.rows)
    words, chars, seed = scores.words, scores.chars, scores.words.seed
    seconds = table["duration"].gather(part.rows).drop_nulls() if "duration" in table.columns else None
    hours = None if seconds is None or seconds.is_empty() else float(seconds.sum()) / 3600
    return {
        "utterances": len(part.rows),
        "hours": hours,
        "words": int(words.units[part.rows].sum()),
        "wer": rate_interval(words.errors[part.rows], words.units[part.rows], groups, seed).as_dict(),
        "cer": rate_interval(chars.errors[part.rows], chars.units[part.rows], groups, seed).as_dict(),
        "groups": {"unit": groups.unit, "count": groups.count},
    }


def subgroups(groups: Grouping, rows: NDArray[np.int64]) -> Grouping:
    """The grouping of some of the rows; utterances where only one group is left."""
    if groups.unit == "utterance":
        return grouping(len(rows))
    return grouping(len(rows), [str(code) for code in groups.codes[rows]], groups.unit)
