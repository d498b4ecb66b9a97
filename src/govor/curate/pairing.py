"""Whether texts belong to the recordings they stand beside, from lengths alone: no audio is read, no model.

Who says more, takes longer: over many rows the logarithms of a text's spoken letters and of its seconds
rise together. Where the texts stand a row too early or too late, they rise together at that distance; where
the texts were shuffled, at none. Rows with permuted texts say what chance does.

Legend: N rows, in the order of the source.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

OFFSETS = (*range(-10, 0), *range(1, 11))
LEAST_ROWS = 60
LEAST_SPREAD = 0.25
"""Standard deviation of log letters below which all texts are about as long: single words, digits."""
PERMUTATIONS = 40
MOST_ROWS = 200_000
LEAST_STRETCH = 15
"""Rows that stand at another distance, one after the other, that are no chance."""
WON_SHARE = 0.35
"""Of the variance that texts at another distance explain away in such a stretch."""
AGREEING, MORE_AGREEING = 0.5, 0.3
"""Correlation with the texts at another distance, and how much less it is with the own ones."""
PERMUTED_ROWS, MOST_PERMUTATIONS, ABOVE_CHANCE = 100_000, 200, 1.2
CLIPPED_GAIN = 4.0
SHUFFLED_CORRELATION, SHUFFLED_DEVIATIONS = 0.2, 3.0
"""Of seven real corpora none has less than 0.68; permuted rows stay within so many deviations of 0."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Pairing:
    """How letters and seconds go together.

    Attributes:
        rows: that have both.
        correlation: of their logarithms, between -1 and 1.
        by_chance: the highest among permuted rows.
    """

    rows: int
    correlation: float
    by_chance: float

    @property
    def shuffled(self) -> bool:
        """Whether letters and seconds have as little to do with each other as in permuted rows."""
        return self.correlation <= max(SHUFFLED_CORRELATION, SHUFFLED_DEVIATIONS / math.sqrt(self.rows))


@dataclass(frozen=True)
class Shift:
    """Rows whose texts stand at another row.

    Attributes:
        offset: the text of a row stands so many rows later; negative: earlier.
        first: row at which this begins.
        last: row at which it ends, included.
        rows: with letters and seconds in between.
    """

    offset: int
    first: int
    last: int
    rows: int


def pairing(letters: Values, seconds: Values, seed: int = 0) -> Pairing | None:
    """How well lengths agree; None where too few rows, or all of one length, say nothing.

    Args:
        letters: spoken letters of the texts, NaN where unknown ``[N]``.
        seconds: of speech, or of the clips, NaN where unknown ``[N]``.
        seed: of the permutations.
    """
    usable = _usable(letters, seconds)
    said, took = np.log(letters[usable][:MOST_ROWS]), np.log(seconds[usable][:MOST_ROWS])
    if len(said) < LEAST_ROWS or said.std() < LEAST_SPREAD or took.std() < LEAST_SPREAD / 2:
        return None
    generator = np.random.default_rng(seed)
    chance = max(_correlation(generator.permutation(said), took) for _ in range(PERMUTATIONS))
    return Pairing(len(said), _correlation(said, took), chance)


def _usable(letters: Values, seconds: Values) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.isfinite(letters) & np.isfinite(seconds) & (letters > 0) & (seconds > 0)


def _correlation(one: Values, other: Values) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def shifted(letters: Values, seconds: Values, seed: int = 0) -> Shift | None:
    """The longest stretch of rows whose texts fit a neighbour's seconds far better than their own.

    Args:
        letters: as in `pairing`, of all rows in the order of the source ``[N]``.
        seconds: the same ``[N]``.
        seed: of the permutations.
    """
    if pairing(letters, seconds, seed) is None:
        return None
    letters, seconds = letters[:MOST_ROWS], seconds[:MOST_ROWS]
    found = [_stretch(letters, seconds, offset, seed) for offset in OFFSETS]
    best = max(found, key=lambda pair: pair[0])
    return best[1]


def _stretch(letters: Values, seconds: Values, offset: int, seed: int) -> tuple[float, Shift | None]:
    gains, own = _gains(letters, seconds, offset)
    score, first, last = best_run(gains)
    inside = slice(first, last + 1)
    rows = int(np.isfinite(gains[inside]).sum())
    won = float(np.nansum(gains[inside])) / max(float(np.nansum(own[inside])), 1e-9)
    if rows < LEAST_STRETCH or won < WON_SHARE or not _agrees_there(letters, seconds, offset, inside):
        return 0.0, None
    if score <= _by_chance(letters, seconds, offset, seed):
        return 0.0, None
    return score, Shift(offset, first, last, rows)


def _agrees_there(letters: Values, seconds: Values, offset: int, inside: slice) -> bool:
    """Whether rows go with those at a distance as corpora do with themselves, and less with their own."""
    own, other = letters[inside], _at(letters, offset)[inside]
    took = seconds[inside]
    usable = _usable(own, took) & _usable(other, took)
    if usable.sum() < LEAST_STRETCH:
        return False
    logs = np.log(took[usable])
    with_other = _correlation(np.log(other[usable]), logs)
    return with_other >= AGREEING and with_other - _correlation(np.log(own[usable]), logs) >= MORE_AGREEING


def _gains(letters: Values, seconds: Values, offset: int) -> tuple[Values, Values]:
    """What a text at another distance explains better of each row's seconds, and what there was ``[N]``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        said = np.where(letters > 0, np.log(letters), np.nan)
        took = np.where(seconds > 0, np.log(seconds), np.nan)
    pace = float(np.nanmedian(said)) - float(np.nanmedian(took))
    other = _at(said, offset)
    most = CLIPPED_GAIN * np.nanvar(said)
    own = np.minimum((said - took - pace) ** 2, most)
    return own - np.minimum((other - took - pace) ** 2, most), own


def _at(values: Values, offset: int) -> Values:
    """What stands so many rows later at each row, NaN beyond the ends ``[N]``."""
    other = np.full(len(values), np.nan)
    if offset > 0:
        other[:-offset] = values[offset:]
    else:
        other[-offset:] = values[:offset]
    return other


def best_run(gains: Values) -> tuple[float, int, int]:
    """The run of rows with the greatest sum: that, its first and last row; NaN counts as 0 (Kadane)."""
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(gains))])
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    begin = int(np.argmin(sums[: end + 1]))
    return float(sums[end] - sums[begin]), begin, max(begin, end - 1)


def _by_chance(letters: Values, seconds: Values, offset: int, seed: int) -> float:
    """The greatest sum in chance orders of the rows, each with its text and seconds; with a margin.

    Whatever is wrong with single rows stays: only what neighbours have to do with each other goes.
    """
    generator = np.random.default_rng(seed)
    orders = int(np.clip(PERMUTED_ROWS // len(letters), PERMUTATIONS, MOST_PERMUTATIONS))
    scores = []
    for _ in range(orders):
        order = generator.permutation(len(letters))
        scores.append(best_run(_gains(letters[order], seconds[order], offset)[0])[0])
    return ABOVE_CHANCE * max(scores)
