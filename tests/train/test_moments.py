"""Schedules, retention and rates: pure functions with known answers."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.config.moments import Every, Keep, KeptCheckpoint, Position
from govor.errors import RecipeError
from govor.train.step import rate_factor


def at(step: int, epoch: float = 0.0, seconds: float = 0.0) -> Position:
    return Position(step, epoch, seconds)


def test_steps_minutes_and_epochs() -> None:
    assert Every.parse("500 steps", "k").due(at(499), at(500))
    assert not Every.parse("500 steps", "k").due(at(500), at(999))
    assert Every.parse("10 minutes", "k").due(at(1, 0, 599), at(2, 0, 601))
    assert Every.parse("0.5 epochs", "k").due(at(1, 0.4), at(2, 0.51))
    assert Every.parse("1 epoch", "k").due(at(9, 0.99), at(10, 1.0))


def test_named_epochs() -> None:
    named = Every.parse("epochs 4, 8", "k")
    crossed = [n for n in range(1, 11) if named.due(at(0, n - 1.0), at(0, float(n)))]
    assert crossed == [4, 8]


@pytest.mark.parametrize("text", ["often", "0 steps", "-3 steps", "5 lightyears", ""])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(RecipeError, match=r"train\.eval_every"):
        Every.parse(text, "train.eval_every")


@given(st.lists(st.integers(1, 400), min_size=1, max_size=40), st.integers(1, 50))
def test_every_moment_comes_once(jumps: list[int], amount: int) -> None:
    """However the run advances, as many moments are due as were passed, at most one a look."""
    every, position, due = Every("step", amount), 0, 0
    for jump in jumps:
        before, position = position, position + min(jump, amount)
        due += every.due(at(before), at(position))
    assert due == position // amount


def kept(step: int, size: int = 10, protected: bool = False) -> KeptCheckpoint:
    return KeptCheckpoint(f"step-{step}", at(step, step / 10, step * 60.0), size, protected)


def names(entries: list[KeptCheckpoint]) -> list[int]:
    return [int(entry.name[5:]) for entry in entries]


def test_two_beside_best_and_named() -> None:
    entries = [kept(1), kept(2, protected=True), kept(3), kept(4, protected=True), kept(5), kept(6)]
    left, gone = Keep.parse(2).split(entries)
    assert names(left) == [2, 4, 5, 6] and names(gone) == [1, 3]


def test_by_bytes_age_and_epochs() -> None:
    entries = [kept(n, size=10) for n in range(1, 7)]
    assert names(Keep.parse("30 bytes").split(entries)[0]) == [4, 5, 6]
    assert names(Keep.parse("2 steps").split(entries)[0]) == [4, 5, 6]
    assert names(Keep.parse("3 minutes").split(entries)[0]) == [3, 4, 5, 6]
    assert names(Keep.parse("0.1 epochs").split(entries)[0]) == [5, 6]


def test_the_newest_stays_even_when_it_is_too_large() -> None:
    assert names(Keep.parse("5 bytes").split([kept(1), kept(2)])[0]) == [2]


@pytest.mark.parametrize("value", [0, True, "few", "-1", None])
def test_keep_that_cannot_be_read(value: object) -> None:
    with pytest.raises(RecipeError, match=r"train\.keep"):
        Keep.parse(value)


def test_rate_climbs_then_falls() -> None:
    factors = [rate_factor(step, 100, 0.1, "linear") for step in range(100)]
    assert factors[0] == pytest.approx(0.1) and factors[9] == 1.0
    assert factors[10:] == sorted(factors[10:], reverse=True) and factors[99] == pytest.approx(1 / 90)
    assert rate_factor(55, 100, 0.1, "cosine") == pytest.approx(0.5 * (1 + math.cos(math.pi * 45 / 90)))
    assert rate_factor(99, 100, 0.1, "constant") == 1.0
