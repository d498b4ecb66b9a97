"""95% intervals of corpus rates: errors of all groups over units of all groups.

What is resampled is the group (a speaker, a recording, else an utterance), because errors within one are
alike. The method is what the data allow:

* 30 groups or more: percentile bootstrap over groups (Bisani and Ney, 2004). Groups with the same counts are
  drawn together by one multinomial, which is the same distribution and makes a million groups cheap.
* 2 to 29 groups: the linearised (Taylor) ratio with a t quantile on groups - 1 degrees of freedom (Cochran,
  Sampling Techniques, 6.3); the percentile bootstrap covers 53% instead of 95% with 2 groups.
* one group: no interval, because nothing says how groups differ.
* fewer than 10 errors, or groups that do not differ at all: the interval also covers the exact Poisson one
  (Garwood, 1936), so that no errors give an upper bound instead of [0, 0]. For a share of the utterances it
  is the exact binomial one (Clopper and Pearson, 1934), which ends at 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from govor.records import Interval

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

BOOTSTRAP_GROUPS = 30
"""With fewer groups the linearised ratio is used."""
FEW_ERRORS = 10
"""With fewer errors the exact Poisson interval is covered too."""
REPLICATES = 2000
TAIL = 0.025
DRAWS_AT_ONCE = 4_000_000
"""Numbers held at once while drawing; bounds memory to 32 MB."""


class Groups(TypedDict):
    """What was resampled for intervals, in JSON."""

    unit: str
    count: int
    method: str
    note: str | None


@dataclass(frozen=True)
class Grouping:
    """What is resampled.

    Attributes:
        unit: ``speaker``, ``recording`` or ``utterance``.
        codes: group number of every utterance ``[N]``, from 0 without gaps.
        count: number of groups.
        note: what the interval does not say, for people; empty when there is nothing to add.
    """

    unit: str
    codes: NDArray[np.int64]
    count: int
    note: str = ""

    @property
    def method(self) -> str:
        """Name of the interval's method."""
        if self.count < 2:
            return f"none with {self.count} {self.unit}{'' if self.count == 1 else 's'}"
        if self.count >= BOOTSTRAP_GROUPS:
            return f"percentile bootstrap over {self.unit}s, {REPLICATES} replicates"
        return f"linearised ratio over {self.unit}s, t({self.count - 1})"

    def as_dict(self) -> Groups:
        """Plain data for summaries and reports."""
        return {"unit": self.unit, "count": self.count, "method": self.method, "note": self.note}

    def totals(self, counts: NDArray[np.int64]) -> Counts:
        """Sums of `counts` ``[N]`` by group ``[G]``."""
        return np.bincount(self.codes, weights=counts, minlength=self.count).astype(np.int64)


def grouping(size: int, names: Sequence[str | None] | None = None, unit: str = "speaker") -> Grouping:
    """Groups of `size` utterances.

    Args:
        size: number of utterances.
        names: group of every utterance; an utterance whose group is None counts as a group of its own.
        unit: what a group is called.
    """
    if names is None:
        return Grouping("utterance", np.arange(size), size)
    numbers: dict[object, int] = {}
    codes = np.empty(size, np.int64)
    for row, name in enumerate(names):
        codes[row] = numbers.setdefault(row if name is None else name, len(numbers))
    if len(numbers) == 1 and size > 1:
        note = f"all utterances are of one {unit}: the interval says nothing about other {unit}s"
        return Grouping("utterance", np.arange(size), size, note)
    return Grouping(unit, codes, len(numbers))


def rate_interval(errors: Counts, units: Counts, groups: Grouping, seed: int = 0) -> Interval:
    """Rate of ``errors.sum() / units.sum()`` with its 95% interval.

    Args:
        errors: errors of every utterance ``[N]``.
        units: reference words or characters of every utterance ``[N]``.
        groups: what is resampled.
        seed: of the bootstrap.

    Returns:
        The interval; both ends are NaN with a single group. Without a single reference unit the value is
        infinite (or 0 with no errors), and both ends are NaN too.
    """
    total_errors, total_units = int(errors.sum()), int(units.sum())
    if not total_units:
        return Interval(math.inf if total_errors else 0.0, math.nan, math.nan)
    if groups.count < 2:
        return Interval(total_errors / total_units, math.nan, math.nan)
    low, high = _ends(groups.totals(errors), groups.totals(units), seed)
    value = total_errors / total_units
    if total_errors < FEW_ERRORS or low == high:
        exact_low, exact_high = _poisson(total_errors)
        low, high = min(low, exact_low / total_units), max(high, exact_high / total_units)
    return Interval(value, max(0.0, min(low, value)), max(high, value))


def share_interval(chosen: NDArray[np.bool_], groups: Grouping, seed: int = 0) -> Interval:
    """Share of the utterances of which something holds, with its 95% interval between 0 and 1.

    Args:
        chosen: of which it holds ``[N]``, at least one.
        groups: what is resampled.
        seed: of the bootstrap.
    """
    count, size = int(chosen.sum()), len(chosen)
    if groups.count < 2:
        return Interval(count / size, math.nan, math.nan)
    low, high = _ends(groups.totals(chosen.astype(np.int64)), groups.totals(np.ones(size, np.int64)), seed)
    if min(count, size - count) < FEW_ERRORS or low == high:
        exact_low, exact_high = _binomial(count, size)
        low, high = min(low, exact_low), max(high, exact_high)
    return Interval(count / size, max(0.0, low), min(1.0, high))


def difference_interval(
    errors: Counts, others: Counts, units: Counts, groups: Grouping, seed: int = 0
) -> Interval:
    """Paired difference of two rates on the same utterances, first minus second, with its 95% interval.

    Args:
        errors: errors of the first system by utterance ``[N]``.
        others: errors of the second system by utterance ``[N]``.
        units: reference units by utterance ``[N]``.
        groups: what is resampled.
        seed: of the bootstrap.
    """
    total = int(units.sum())
    difference = errors - others
    if not total or groups.count < 2:
        return Interval(int(difference.sum()) / total if total else 0.0, math.nan, math.nan)
    low, high = _ends(groups.totals(difference), groups.totals(units), seed)
    changed = int(np.abs(difference).sum())
    if changed < FEW_ERRORS:
        reach = _poisson(changed)[1] / total
        low, high = min(low, -reach), max(high, reach)
    value = int(difference.sum()) / total
    return Interval(value, min(low, value), max(high, value))


def standard_error(errors: Counts, units: Counts, groups: Grouping) -> float:
    """Standard error of the rate by the linearised ratio; NaN with fewer than two groups or no units."""
    return _linearised(groups.totals(errors), groups.totals(units))[1]


def _ends(errors: Counts, units: Counts, seed: int) -> tuple[float, float]:
    if len(errors) >= BOOTSTRAP_GROUPS:
        low, high = np.quantile(_bootstrap(errors, units, seed), [TAIL, 1 - TAIL])
        return float(low), float(high)
    value, error = _linearised(errors, units)
    reach = _t_quantile(len(errors) - 1) * error
    return value - reach, value + reach


def _linearised(errors: Counts, units: Counts) -> tuple[float, float]:
    total, groups = units.sum(), len(errors)
    if not total or groups < 2:
        return math.nan, math.nan
    rate = errors.sum() / total
    residuals = errors - rate * units
    variance = groups / (groups - 1) * float(residuals @ residuals) / float(total) ** 2
    return float(rate), math.sqrt(variance)


def _bootstrap(errors: Counts, units: Counts, seed: int) -> Floats:
    pairs, multiplicity = np.unique(np.stack([errors, units]), axis=1, return_counts=True)
    chances = multiplicity / multiplicity.sum()
    generator = np.random.default_rng(seed)
    at_once = max(1, DRAWS_AT_ONCE // len(chances))
    rates = []
    for start in range(0, REPLICATES, at_once):
        draws = generator.multinomial(len(errors), chances, size=min(at_once, REPLICATES - start))
        drawn = draws @ pairs.T.astype(np.float64)
        rates.append(drawn[:, 0] / np.maximum(drawn[:, 1], 1.0))
    return np.concatenate(rates)


def _poisson(events: int) -> tuple[float, float]:
    from scipy.stats import chi2

    low = float(chi2.ppf(TAIL, 2 * events)) / 2 if events else 0.0
    return low, float(chi2.ppf(1 - TAIL, 2 * events + 2)) / 2


def _binomial(count: int, size: int) -> tuple[float, float]:
    from scipy.stats import beta

    low = float(beta.ppf(TAIL, count, size - count + 1)) if count else 0.0
    return low, float(beta.ppf(1 - TAIL, count + 1, size - count)) if count < size else 1.0


def _t_quantile(degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(1 - TAIL, degrees))
