"""Bounds of numbers in a recipe; a number outside of them is said in one sentence."""

from __future__ import annotations

import math
from typing import Any


def require_above_zero(settings: Any, *names: str) -> None:
    """Every named number that is set is above 0 (and finite: TOML has ``nan`` and ``inf``).

    Raises:
        ValueError: one is not.
    """
    _require(settings, names, lambda value: value > 0, "it is above 0")


def require_not_negative(settings: Any, *names: str) -> None:
    """Every named number that is set is 0 or more.

    Raises:
        ValueError: one is not.
    """
    _require(settings, names, lambda value: value >= 0, "it is 0 or more")


def require_share(settings: Any, *names: str) -> None:
    """Every named number is a share.

    Raises:
        ValueError: one is not.
    """
    _require(settings, names, lambda value: 0 <= value <= 1, "it is a share between 0 and 1")


def require_ordered(settings: Any, *names: str) -> None:
    """Every named pair is a range, its lower end first.

    Raises:
        ValueError: one is not.
    """
    _require(settings, names, lambda value: value[0] <= value[1], "its lower end comes first")


def _require(settings: Any, names: tuple[str, ...], holds: Any, words: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if value is None:
            continue
        shown = list(value) if isinstance(value, tuple) else value
        if any(map(math.isinf, value if isinstance(value, tuple) else (value,))):
            raise ValueError(f"{name} is {shown}; it must be a finite number")
        if not holds(value):
            raise ValueError(f"{name} is {shown}; {words}")
