"""Properties of durations, bytes and moments: what is written comes back, the rest is a sentence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.config.moments import Every, Keep, Position
from govor.errors import RecipeError

AMOUNT = st.integers(1, 10**9)
UNITS = {"steps": ("step", 1), "minutes": ("second", 60), "min": ("second", 60), "h": ("second", 3600)}
ODD = (
    "9" * 5000,
    "9" * 5000 + " steps",
    "²",
    "٣ steps",
    "epochs " + "9" * 5000,
    "0." + "0" * 400 + "1 steps",
    "1e5 steps",
)


@given(AMOUNT, st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "   "]))
def test_a_moment_comes_back(amount: int, unit: str, space: str) -> None:
    kind, factor = UNITS[unit]
    assert Every.parse(f"{amount}{space}{unit}", "train.eval_every") == Every(kind, amount * factor)


@given(AMOUNT, st.sampled_from([("bytes", 1), ("kB", 10**3), ("MB", 10**6), ("gb", 10**9), ("TB", 10**12)]))
def test_bytes_come_back(amount: int, unit: tuple[str, int]) -> None:
    assert Keep.parse(f"{amount} {unit[0]}") == Keep("bytes", float(amount) * unit[1])


@given(st.text(max_size=20) | st.sampled_from(ODD), st.integers(0, 10**9))
def test_any_text_is_a_moment_that_can_be_reckoned_with_or_a_sentence(text: str, step: int) -> None:
    try:
        every = Every.parse(text, "train.save_every")
    except RecipeError as error:
        assert "\n" not in str(error)
        return
    assert math.isfinite(every.amount) and every.amount > 0
    assert every.due(Position(0, 0.0, 0.0), Position(step, step / 7, step * 1.5)) in (True, False)


@given(st.text(max_size=20) | st.sampled_from(ODD) | st.integers() | st.floats() | st.booleans() | st.none())
def test_any_value_is_a_rule_of_keeping_or_a_sentence(value: object) -> None:
    try:
        kept = Keep.parse(value)
    except RecipeError:
        return
    assert kept.amount > 0 and math.isfinite(kept.amount)


@pytest.mark.parametrize("text", ODD)
def test_numbers_that_are_none_here_are_refused(text: str) -> None:
    with pytest.raises(RecipeError):
        Every.parse(text, "train.eval_every")
