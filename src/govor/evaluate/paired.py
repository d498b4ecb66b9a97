"""Two systems on the same utterances: the difference, how sure it is, and where each one wins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from govor.errors import InputError
from govor.evaluate.intervals import Grouping, Groups, difference_interval, standard_error
from govor.evaluate.scores import Scores
from govor.records import Interval, Rate

POWER_QUANTILES = 1.959964 + 0.841621
"""Normal quantiles of a two-sided 5% test plus 80% power."""


class PairedComparison(TypedDict):
    """A `Comparison` in JSON; wins and losses are utterances, the ids those of the first of them."""

    wer_difference: Rate
    cer_difference: Rate
    verdict: str
    better: bool
    wins: int
    losses: int
    ties: int
    most_won: list[str]
    most_lost: list[str]
    detectable_difference: float | None
    groups: Groups


@dataclass(frozen=True)
class Comparison:
    """A system against another one, first minus second: below zero the first is better.

    Attributes:
        wer_difference: difference of word error rates with its interval.
        cer_difference: difference of character error rates with its interval.
        wins: rows where the first makes fewer word errors, greatest gain first.
        losses: rows where it makes more, greatest loss first.
        ties: number of rows with as many errors.
        detectable: least difference in WER that a paired test here would find with 80% power; NaN if unknown.
        groups: what the intervals resample.
    """

    wer_difference: Interval
    cer_difference: Interval
    wins: list[int]
    losses: list[int]
    ties: int
    detectable: float
    groups: Grouping

    @property
    def verdict(self) -> str:
        """What may be said."""
        if self.wer_difference.high < 0:
            return "better"
        return "worse" if self.wer_difference.low > 0 else "not told apart"

    @property
    def better(self) -> bool:
        """Whether the first makes fewer errors on these utterances, however sure that is."""
        return is_better(self.wer_difference.value, self.cer_difference.value)

    def as_dict(self, ids: Sequence[str], listed: int = 100) -> PairedComparison:
        """Plain data; at most `listed` wins and losses by id."""
        return {
            "wer_difference": self.wer_difference.as_dict(),
            "cer_difference": self.cer_difference.as_dict(),
            "verdict": self.verdict,
            "better": self.better,
            "wins": len(self.wins),
            "losses": len(self.losses),
            "ties": self.ties,
            "most_won": [ids[row] for row in self.wins[:listed]],
            "most_lost": [ids[row] for row in self.losses[:listed]],
            "detectable_difference": self.detectable,
            "groups": self.groups.as_dict(),
        }


def is_better(wer_difference: float, cer_difference: float) -> bool:
    """Whether a system has the lower WER, of equal ones the lower CER; differences: its minus another's."""
    return (wer_difference, cer_difference) < (0.0, 0.0)


def paired_difference(
    first: Mapping[str, int], second: Mapping[str, int], units: Mapping[str, int], groups: Grouping
) -> Interval:
    """Difference of two systems' rates, first minus second, from their errors by utterance.

    Args:
        first: errors by id.
        second: errors by id, of the same utterances.
        units: reference units by id, in the order of `groups`.
        groups: what is resampled.
    """
    ours, theirs = (np.array([side[name] for name in units], np.int64) for side in (first, second))
    return difference_interval(ours, theirs, np.array(list(units.values()), np.int64), groups)


def compare_scores(first: Scores, second: Scores) -> Comparison:
    """Compares two systems utterance by utterance (paired; Bisani and Ney, 2004).

    Raises:
        InputError: they were not scored on the same utterances with the same normaliser.
    """
    _require_same(first, second)
    words = first.words
    change = words.errors - second.words.errors
    return Comparison(
        difference_interval(words.errors, second.words.errors, words.units, words.groups, words.seed),
        difference_interval(
            first.chars.errors, second.chars.errors, first.chars.units, words.groups, words.seed
        ),
        wins=_ranked(change),
        losses=_ranked(-change),
        ties=int((change == 0).sum()),
        detectable=detectable_difference(change, words.units, words.groups),
        groups=words.groups,
    )


def _require_same(first: Scores, second: Scores) -> None:
    if list(first.ids) != list(second.ids) or list(first.texts.references) != list(second.texts.references):
        raise InputError(
            "the two systems were scored on different utterances or references: evaluate both on the same "
            "data set and split"
        )
    if first.normaliser != second.normaliser:
        raise InputError(
            f"the two systems were scored with different normalisers ({first.normaliser} and "
            f"{second.normaliser}): evaluate one of them with --rules of the other"
        )


def _ranked(change: NDArray[np.int64]) -> list[int]:
    rows = np.flatnonzero(change < 0)
    return [int(row) for row in rows[np.argsort(change[rows], kind="stable")]]


def detectable_difference(change: NDArray[np.int64], units: NDArray[np.int64], groups: Grouping) -> float:
    """Difference in rate that a two-sided 5% test finds in four of five repetitions, by the normal law."""
    return POWER_QUANTILES * standard_error(change, units, groups)


def detectable_alone(scores: Scores) -> float:
    """The same for a second system that is not known yet, if its errors were unrelated to this one's."""
    return detectable_difference(scores.words.errors, scores.words.units, scores.groups) * math.sqrt(2)
