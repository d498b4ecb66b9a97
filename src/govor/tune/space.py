"""The space of ``[tune]``: names, ranges and lists, checked; values put into a recipe."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govor.config import Recipe, TuneConfig, recipe_from
from govor.config.recipe import all_keys, put
from govor.errors import RecipeError

if TYPE_CHECKING:
    import optuna

_RANGE_KEYS = {"low", "high", "log", "step"}
SECTIONS = ("model", "train", "text")
HOURS = "train.hours"
AROUND = 4.0
"""The default space goes from a fourth of the usual learning rate to four times it."""


@dataclass(frozen=True)
class Parameter:
    """One thing that is searched.

    Attributes:
        name: ``section.key`` of a recipe.
        values: to choose from; empty for a range.
        low: lower end of a range.
        high: upper end.
        log: whether orders of magnitude are equally likely.
        step: distance of values, or None.
        whole: whether values are whole numbers.
    """

    name: str
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None
    whole: bool = False

    def suggest(self, trial: optuna.Trial) -> Any:
        """The trial's value; lists travel by position, because a study only stores plain values."""
        if self.values:
            return self.values[trial.suggest_categorical(self.name, list(range(len(self.values))))]
        if self.whole:
            step = int(self.step or 1)
            return trial.suggest_int(self.name, int(self.low), int(self.high), step=step, log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    @property
    def ends(self) -> tuple[Any, ...]:
        """All values of a list, or both ends of a range: what has to fit the recipe."""
        if self.values:
            return self.values
        return tuple(int(end) if self.whole else end for end in (self.low, self.high))


def read_space(config: TuneConfig) -> list[Parameter]:
    """The parameters that ``[tune] space`` names.

    Raises:
        RecipeError: unknown key, empty list, ends that are not a range.
    """
    if not config.space:
        raise RecipeError(
            "[tune] space is empty: name what is searched, such as "
            "space = { 'train.lr' = { low = 1e-5, high = 1e-3, log = true } }"
        )
    return [_parameter(name, value) for name, value in _flat(config.space).items()]


def space_of(recipe: Recipe, seconds: float) -> list[Parameter]:
    """What ``[tune] space`` names; where it names nothing the learning rate, around the usual one.

    Args:
        recipe: with the model.
        seconds: of the train split.
    """
    if recipe.tune.space:
        return read_space(recipe.tune)
    from govor.models.rates import first_rate, seconds_used

    usual = first_rate(recipe.model, seconds_used(recipe.train, seconds)).rate
    low, high = (float(f"{usual * share:.3g}") for share in (1 / AROUND, AROUND))
    return [Parameter("train.lr", low=low, high=high, log=True)]


def _flat(space: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """``train = { lr = … }`` (and bare TOML keys with dots) as ``train.lr``."""
    found: dict[str, object] = {}
    for key, value in space.items():
        nested = isinstance(value, Mapping) and not _RANGE_KEYS & set(value)
        found |= _flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return found


def _parameter(name: str, value: Any) -> Parameter:
    _check_name(name)
    if isinstance(value, (list, tuple)):
        if not value:
            raise RecipeError(f"[tune] space: {name} is an empty list")
        return Parameter(name, tuple(value))
    if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= _RANGE_KEYS:
        return _range(name, value)
    raise RecipeError(
        f"[tune] space: {name} is {value!r}; write a list, or {{ low = …, high = …, log = true }}"
    )


def _range(name: str, value: Mapping[str, Any]) -> Parameter:
    low, high, log, step = value["low"], value["high"], bool(value.get("log", False)), value.get("step")
    given = [low, high] if step is None else [low, high, step]
    if not all(_is_finite(number) for number in given):
        raise RecipeError(f"[tune] space: {name} is {dict(value)}; low, high and step must be finite numbers")
    if not low < high or (log and low <= 0):
        raise RecipeError(
            f"[tune] space: {name} from {low} to {high} is not a range" + (" for log" if log else "")
        )
    whole = isinstance(low, int) and isinstance(high, int)
    if step is not None and (log or step <= 0 or (whole and step != int(step))):
        above = "a whole number above 0" if whole else "above 0"
        raise RecipeError(
            f"[tune] space: {name} has step = {step}; a step is {above}, and not with log = true"
        )
    return Parameter(name, (), float(low), float(high), log, step, whole)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _check_name(name: str) -> None:
    base = ".".join(name.split(".")[:2])
    if base in all_keys() and name.split(".")[0] in SECTIONS:
        return
    known = [key for key in all_keys() if key.split(".")[0] in SECTIONS]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]}?" if near else f"; only {', '.join(SECTIONS)} settings can be searched"
    raise RecipeError(f"[tune] space: {name} is not a setting{hint}")


def is_grid(space: list[Parameter]) -> bool:
    """Whether everything is a list, so that every combination is run."""
    return all(parameter.values for parameter in space)


def grid_size(space: list[Parameter]) -> int:
    """Number of combinations of lists."""
    return math.prod(len(parameter.values) for parameter in space)


def require_fitting(recipe: Recipe, space: list[Parameter]) -> None:
    """Checks that the recipe takes every value of a list and both ends of every range, before any trial.

    Raises:
        RecipeError: one does not fit its setting.
    """
    first = {parameter.name: parameter.ends[0] for parameter in space}
    for parameter in space:
        for value in parameter.ends:
            with_values(recipe, first | {parameter.name: value})


def with_values(recipe: Recipe, values: Mapping[str, object], **train: Any) -> Recipe:
    """The recipe with a trial's values, and further ``[train]`` settings.

    Raises:
        RecipeError: a value does not fit its setting.
    """
    data = recipe.to_dict()
    for name, value in {**values, **{f"train.{key}": value for key, value in train.items()}}.items():
        put(data, name, value, "[tune] space")
    return recipe_from(data, where="[tune]")
