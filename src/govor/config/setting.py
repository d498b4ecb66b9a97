"""One setting of a recipe, declared once: default, unit, bounds, meaning, and what a change of it changes."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Effect(StrEnum):
    """What comes out different where a setting is changed (and, of itself, all that is made from it)."""

    DATA = "data"
    WEIGHTS = "weights"
    HYPOTHESES = "hypotheses"
    REPORTS = "reports"
    HUB = "the Hub"
    NOTHING = "nothing"


DATA, WEIGHTS, HYPOTHESES, REPORTS, HUB, NOTHING = Effect


@dataclass(frozen=True)
class Declaration:
    """What is known of a setting besides its name, type and default.

    Attributes:
        help: one line for people.
        changes: what a change of it changes; `NOTHING` but how it runs: a finished stage is not done again.
        unit: of a number, such as ``s`` or ``bytes``.
        choices: the words allowed, where it is one of a few.
        above: a number is larger.
        least: a number is not smaller.
        most: a number is not larger.
        below: a number is smaller.
        drift: for `NOTHING`: how a run that continues with another value differs from an undisturbed one;
            empty: not at all.
    """

    help: str
    changes: Effect
    unit: str = ""
    choices: tuple[str, ...] = ()
    above: float | None = None
    least: float | None = None
    most: float | None = None
    below: float | None = None
    drift: str = ""

    @property
    def bounds(self) -> str:
        """In words: ``above 0``, ``0 or more``, ``a share between 0 and 1``; empty where there are none."""
        if (self.least, self.most) == (0, 1):
            return "a share between 0 and 1"
        if self.above is not None:
            return f"above {self.above:g}"
        if self.least is None:
            return ""
        if self.below is not None:
            return f"from {self.least:g} to below {self.below:g}"
        return f"{self.least:g} or more" if self.most is None else f"from {self.least:g} to {self.most:g}"

    def require(self, name: str, value: Any) -> None:
        """Refuses a number outside of the bounds, or a word that is no choice.

        Raises:
            ValueError: the sentence names the setting, its value and what it may be.
        """
        items = value if isinstance(value, (tuple, list)) else (value,)
        for word in items if self.choices else ():
            if word not in self.choices:
                verb = "is" if word is value else "has"
                raise ValueError(f"{name} {verb} {word!r}; it is one of {', '.join(self.choices)}")
        numbers = [item for item in items if isinstance(item, (int, float)) and not isinstance(item, bool)]
        shown = list(value) if isinstance(value, tuple) else value
        if any(map(math.isinf, numbers)):
            raise ValueError(f"{name} is {shown}; it must be a finite number")
        if not all(map(self._holds, numbers)):
            raise ValueError(f"{name} is {shown}; {'each' if shown is not value else 'it'} is {self.bounds}")

    def _holds(self, number: float) -> bool:
        return (
            (self.above is None or number > self.above)
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
            and (self.below is None or number < self.below)
        )


def setting(default: Any, help: str, changes: Effect, **facts: Any) -> Any:
    """A dataclass field that documents itself.

    Args:
        default: the only place where the default is written.
        help: one line for people.
        changes: what a change of it changes.
        facts: as `Declaration` has them.
    """
    metadata = {"setting": Declaration(help, changes, **facts)}
    if isinstance(default, (dict, list)):
        made = default
        return dataclasses.field(default_factory=lambda: type(made)(made), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def declaration(field: dataclasses.Field[Any]) -> Declaration | None:
    """Of a field; None for one that is a section of its own."""
    found: Declaration | None = field.metadata.get("setting")
    return found


@dataclass(frozen=True)
class Section:
    """Settings that belong together; each within its bounds."""

    @classmethod
    def free(cls) -> frozenset[str]:
        """Names of the settings that change nothing but how a stage runs."""
        declared = ((field.name, declaration(field)) for field in dataclasses.fields(cls))
        return frozenset(name for name, one in declared if one and one.changes is NOTHING)

    def deciding(self) -> dict[str, object]:
        """The settings that decide what comes out, as plain data; those that are free are left out."""
        free = self.free()
        return {name: value for name, value in dataclasses.asdict(self).items() if name not in free}

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            declared, value = declaration(field), getattr(self, field.name)
            if declared is not None and value is not None:
                declared.require(field.name, value)

    def _require_ordered(self, *names: str) -> None:
        """Every named pair is a range, its lower end first.

        Raises:
            ValueError: one is not.
        """
        for name in names:
            low, high = getattr(self, name)
            if not low <= high:
                raise ValueError(f"{name} is {[low, high]}; its lower end comes first")
