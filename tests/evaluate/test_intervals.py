"""Intervals: methods, edges, and coverage in a simulation."""

import math

import numpy as np
import pytest

from govor.evaluate import difference_interval, grouping, rate_interval
from govor.evaluate.intervals import _bootstrap


def test_thirty_speakers_are_resampled_fewer_use_t():
    many = grouping(90, [f"s{i % 30}" for i in range(90)])
    few = grouping(90, [f"s{i % 29}" for i in range(90)])
    assert (many.count, few.count) == (30, 29)
    assert "bootstrap over speakers" in many.method
    assert few.method == "linearised ratio over speakers, t(28)"


def test_one_speaker_resamples_utterances_and_says_so():
    groups = grouping(40, ["only"] * 40)
    assert (groups.unit, groups.count) == ("utterance", 40)
    assert "says nothing about other speakers" in groups.note


def test_unknown_speakers_count_as_their_own():
    assert grouping(4, ["a", None, "a", None]).count == 3


def test_no_errors_give_an_upper_bound():
    interval = rate_interval(np.zeros(50, int), np.full(50, 10), grouping(50))
    assert interval.value == interval.low == 0.0
    assert interval.high == pytest.approx(3.689 / 500, rel=1e-3)


def test_groups_that_do_not_differ_still_give_an_interval():
    interval = rate_interval(np.full(50, 10), np.full(50, 10), grouping(50))
    assert interval.low < interval.value == 1.0 < interval.high


def test_linearised_ratio_by_hand():
    errors, units = np.array([10, 20, 60]), np.array([100, 100, 200])
    interval = rate_interval(errors, units, grouping(3, ["a", "b", "c"]))
    residuals = errors - 0.225 * units
    error = math.sqrt(3 / 2 * float(residuals @ residuals)) / 400
    assert interval.value == 0.225
    assert interval.high == pytest.approx(0.225 + 4.302653 * error, rel=1e-6)
    assert interval.low == 0.0


def test_no_reference_words():
    nothing = rate_interval(np.zeros(2, int), np.zeros(2, int), grouping(2))
    inserted = rate_interval(np.array([0, 3]), np.zeros(2, int), grouping(2))
    assert (nothing.value, inserted.value) == (0.0, math.inf)
    assert math.isnan(inserted.low)


def test_drawing_equal_groups_together_is_the_same_distribution():
    generator = np.random.default_rng(3)
    units = generator.integers(1, 6, 200)
    errors = generator.binomial(units, 0.2)
    together = _bootstrap(errors, units, seed=0)
    rows = generator.integers(0, 200, (4000, 200))
    one_by_one = errors[rows].sum(1) / units[rows].sum(1)
    for q in (0.025, 0.5, 0.975):
        assert np.quantile(together, q) == pytest.approx(np.quantile(one_by_one, q), abs=0.004)


def coverage(groups: int, trials: int = 400, per_group: int = 15, rate: float = 0.15) -> float:
    """Share of intervals that hold the true rate; speakers' own rates are beta distributed."""
    generator = np.random.default_rng(groups)
    held = 0
    for trial in range(trials):
        own = generator.beta(6 * rate, 6 * (1 - rate), groups)
        units = generator.integers(3, 15, (groups, per_group))
        errors = generator.binomial(units, own[:, None])
        names = [str(speaker) for speaker in np.repeat(np.arange(groups), per_group)]
        interval = rate_interval(errors.ravel(), units.ravel(), grouping(units.size, names), seed=trial)
        held += interval.low <= rate <= interval.high
    return held / trials


@pytest.mark.parametrize("groups", [2, 5, 12, 29, 30, 60])
def test_coverage_is_near_nominal_with_any_number_of_speakers(groups):
    """The percentile bootstrap alone covers 53% with 2 speakers and 83% with 5."""
    assert 0.90 <= coverage(groups) <= 0.995


def test_coverage_with_rare_errors():
    generator = np.random.default_rng(0)
    held = 0
    for trial in range(300):
        errors = generator.binomial(8, 0.001, 250)
        interval = rate_interval(errors, np.full(250, 8), grouping(250), seed=trial)
        held += interval.low <= 0.001 <= interval.high
    assert held / 300 >= 0.94


def test_paired_difference_is_narrower_than_two_rates():
    generator = np.random.default_rng(1)
    units = np.full(400, 10)
    errors = generator.binomial(units, 0.3)
    better = np.maximum(errors - generator.binomial(1, 0.3, 400), 0)
    groups = grouping(400)
    difference = difference_interval(better, errors, units, groups)
    assert difference.high < 0
    first, second = rate_interval(better, units, groups), rate_interval(errors, units, groups)
    assert difference.high - difference.low < (first.high - first.low + second.high - second.low) / 2
    same = difference_interval(errors, errors, units, groups)
    assert same.low < 0 < same.high and same.value == 0
