"""Leak-free splits: pure planning over arrays, independent of the order of the rows.

The rule, in three steps:

1. Rows that share a value of any key are joined into groups, and whole groups become test and dev. Nothing is
   lost and nothing leaks.
2. Where that joins (nearly) everything, groups of the first key become test and dev, and the rest that
   shares another key with them is set aside (``leak_<key>``). Of a few seeded draws the one that loses least
   is taken.
3. Where more than `max_leak_loss` of train would be lost, or dev and test would miss their numbers by more
   than `tolerance`, it fails and says which numbers can be met, and what weaker groupings would cost.

Legend: N rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from govor.curate.groups import (
    Codes,
    choose,
    choose_at_least,
    joined,
    members,
    own_where_none,
    seeded_groups,
    sharing,
)

FREE, TRAIN, DEV, TEST = 0, 1, 2, 3
NAMES = {FREE: None, TRAIN: "train", DEV: "dev", TEST: "test"}
CHOSEN_FIRST = (TEST, DEV)
DRAWS = 8
MIN_TRAIN_SHARE = 0.5
"""Dev and test never take more of the rows than the rest, unless they were asked to."""
MIX = 0x9E3779B97F4A7C15
"""An odd number with mixed bits (2^64 over the golden ratio): each draw multiplies by another odd number."""

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class SplitTask:
    """What is to be split.

    Attributes:
        keys: what must not cross splits, most important first: name to group numbers ``[N]``.
        order: seeded random numbers of the rows ``[N]``.
        fixed: splits that are given already ``[N]`` (`FREE` where open).
        guarded: rows of given dev and test splits that train may share nothing with ``[N]``.
        wanted: rows wanted in `DEV` and `TEST`, besides the given ones.
        max_leak_loss: largest share of the train rows that may be set aside.
        tolerance: share of the rows wanted by which a split may miss them.
    """

    keys: Mapping[str, Codes]
    order: NDArray[np.uint64]
    fixed: NDArray[np.int8]
    guarded: Rows
    wanted: Mapping[int, int]
    max_leak_loss: float = 0.1
    tolerance: float = 0.05


@dataclass(frozen=True)
class SplitPlan:
    """How it is split.

    Attributes:
        splits: of every row ``[N]``; `FREE` for rows that are set aside.
        leaks: number of the key (in the task's order, from 1) that a row is set aside for, else 0 ``[N]``.
        way: ``groups`` (step 1), ``first_key`` (step 2), ``given`` (nothing was to choose).
        loss: share of the train rows that are set aside.
        statements: what should be known about it.
    """

    splits: NDArray[np.int8]
    leaks: NDArray[np.int8]
    way: str
    loss: float
    statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class GroupingCost:
    """What a grouping would cost.

    Attributes:
        keys: the grouping.
        possible: whether dev and test can be chosen at all.
        loss: share of train rows that would be set aside.
        counts: rows of dev and test, by name.
        crossing: other keys, and the share of dev and test rows that would share a value with train.
    """

    keys: tuple[str, ...]
    possible: bool
    loss: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    crossing: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        name = f"--group-by {','.join(self.keys)}"
        if not self.possible:
            return f"{name}: no dev and test of these sizes"
        crossed = [
            f"{part:.0%} of dev and test share a {key} with train"
            for key, part in self.crossing.items()
            if part
        ]
        sizes = ", ".join(f"{split} {count:,}" for split, count in self.counts.items())
        return "; ".join([f"{name}: {self.loss:.1%} of train set aside, {sizes}", *crossed])


class SplitError(Exception):
    """No split as it was asked for; `costs` says what weaker groupings would cost."""

    def __init__(self, reason: str, costs: list[GroupingCost]) -> None:
        super().__init__(reason)
        self.reason, self.costs = reason, costs


class LeakyError(SplitError):
    """No leak-free split within the limit."""


class CountError(SplitError):
    """Groups do not add up to the rows wanted; `counts` are those that can be met, smallest first."""

    def __init__(self, reason: str, costs: list[GroupingCost], counts: list[dict[str, int]]) -> None:
        super().__init__(reason, costs)
        self.counts = counts


def plan_splits(task: SplitTask) -> SplitPlan:
    """Splits all rows; see the module for how.

    Raises:
        LeakyError: it cannot be done within the task's limit of leaks.
        CountError: groups do not add up to the rows wanted, within the task's tolerance.
    """
    plan, reason = _attempt(task)
    if plan is None and reason == _no_such_sizes(task) and (met := _counts_met(task, None)):
        raise CountError(reason, _weaker(task), met)
    if plan is None:
        raise LeakyError(reason, _weaker(task))
    if _misses(task, plan):
        raise CountError(_missed_goals(task, plan), _weaker(task), _counts_met(task, plan))
    return plan


def _no_such_sizes(task: SplitTask) -> str:
    return f"grouping by {_first(task)} leaves no dev and test of the sizes asked for"


def _counts(task: SplitTask, plan: SplitPlan) -> dict[int, int]:
    """Rows that were chosen for the splits wanted."""
    chosen = task.fixed == FREE
    return {
        split: int(((plan.splits == split) & chosen).sum()) for split, rows in task.wanted.items() if rows
    }


def _misses(task: SplitTask, plan: SplitPlan) -> int:
    """Rows by which the splits miss what was wanted, beyond the tolerance."""
    off = {split: abs(count - task.wanted[split]) for split, count in _counts(task, plan).items()}
    return sum(rows for split, rows in off.items() if rows > task.tolerance * task.wanted[split])


def _missed_goals(task: SplitTask, plan: SplitPlan) -> str:
    counts = _counts(task, plan)
    said = " and ".join(f"{NAMES[split]} {task.wanted[split]:,}" for split in counts)
    got = " and ".join(f"{NAMES[split]} {count:,}" for split, count in counts.items())
    return f"whole groups by {_first(task)} do not add up to {said}: the nearest are {got}"


def _counts_met(task: SplitTask, plan: SplitPlan | None) -> list[dict[str, int]]:
    """Numbers that can be met: the least of all, the least not below those wanted, the nearest."""
    groups = own_where_none(next(iter(task.keys.values()))) if task.keys else np.arange(len(task.order))
    sizes = np.unique(groups[task.fixed == FREE], return_counts=True)[1].tolist()
    nearest = _counts(task, plan) if plan else {}
    met: list[dict[str, int]] = []
    for wanted in (_least(task, sizes), _at_least(task, sizes), nearest):
        found = {str(NAMES[split]): count for split, count in wanted.items()}
        asked = replace(task, wanted=wanted)
        other = _attempt(asked)[0] if wanted and found not in met else None
        if other is not None and not _misses(asked, other):
            met.append(found)
    return sorted(met, key=lambda counts: sum(counts.values()))


def _least(task: SplitTask, sizes: list[int]) -> dict[int, int]:
    """The smallest groups, one for each split wanted; empty where there are not enough."""
    splits = [split for split in CHOSEN_FIRST if task.wanted.get(split)]
    return dict(zip(splits, sorted(sizes), strict=False)) if len(sizes) > len(splits) else {}


def _at_least(task: SplitTask, sizes: list[int]) -> dict[int, int]:
    """The smallest sums of groups that are no less than wanted; empty where there are none."""
    wanted: dict[int, int] = {}
    for split in (split for split in CHOSEN_FIRST if task.wanted.get(split)):
        chosen = choose_at_least(sizes, task.wanted[split])
        if not chosen:
            return {}
        wanted[split] = sum(sizes[place] for place in chosen)
        sizes = [size for place, size in enumerate(sizes) if place not in set(chosen)]
    return wanted


def _attempt(task: SplitTask) -> tuple[SplitPlan | None, str]:
    """A plan within the limit, or None and why there is none."""
    leaks = _leaks(task, task.guarded, task.fixed == FREE)
    free = (task.fixed == FREE) & (leaks == 0)
    if not any(task.wanted.values()):
        return _within(task, _finish(task, task.fixed.copy(), leaks, "given"))
    plan = _by_groups(task, free, leaks)
    if plan is not None:
        return _within(task, plan)
    plans = [_by_first_key(task, free, leaks, draw) for draw in range(DRAWS if len(task.keys) > 1 else 1)]
    found = [plan for plan in plans if plan is not None]
    if not found:
        return None, _no_such_sizes(task)
    return _within(task, min(found, key=lambda plan: (_misses(task, plan), plan.loss)))


def _first(task: SplitTask) -> str:
    return next(iter(task.keys), "nothing")


def _within(task: SplitTask, plan: SplitPlan) -> tuple[SplitPlan | None, str]:
    if plan.loss <= task.max_leak_loss:
        return plan, ""
    limit = f"more than max_leak_loss = {task.max_leak_loss:g}"
    return None, f"without leaks {plan.loss:.1%} of the train rows would be set aside, {limit}"


def _leaks(task: SplitTask, protected: Rows, candidates: Rows) -> NDArray[np.int8]:
    """For candidates that share a value with protected rows the number of the first such key, else 0."""
    leaks = np.zeros(len(task.order), np.int8)
    if protected.any():
        for number, codes in reversed(list(enumerate(task.keys.values(), 1))):
            leaks[sharing(codes, protected) & candidates] = number
    return leaks


def _by_groups(task: SplitTask, free: Rows, leaks: NDArray[np.int8]) -> SplitPlan | None:
    """Whole groups of rows that share any key, or None where they do not give what is wanted."""
    given = task.fixed == TRAIN
    groups = joined({name: np.where(free | given, codes, -1) for name, codes in task.keys.items()}, len(free))
    splits, open_rows = task.fixed.copy(), free & ~sharing(groups, given)
    for split in CHOSEN_FIRST:
        rows = _pick(groups, task.order, open_rows & (splits == FREE), task.wanted.get(split, 0))
        wanted = task.wanted.get(split, 0)
        if abs(int(rows.sum()) - wanted) > task.tolerance * wanted:
            return None
        splits[rows] = split
    return _finish(task, splits, leaks, "groups") if _leaves_train(task, splits, leaks) else None


def _by_first_key(task: SplitTask, free: Rows, leaks: NDArray[np.int8], draw: int) -> SplitPlan | None:
    """Groups of the first key; what shares another key with them is set aside."""
    order = task.order * np.uint64((2 * draw * MIX + 1) % (1 << 64))
    groups = own_where_none(next(iter(task.keys.values()))) if task.keys else np.arange(len(free))
    pickable = free & (_leaks(task, task.fixed == TRAIN, free) == 0)
    splits, leaks = task.fixed.copy(), leaks.copy()
    for split in CHOSEN_FIRST:
        wanted = task.wanted.get(split, 0)
        rows = _pick(groups, order, pickable & (splits == FREE) & (leaks == 0), wanted)
        if wanted and not rows.any():
            return None
        splits[rows] = split
        open_rows = free & (splits == FREE) & (leaks == 0)
        leaks = np.maximum(leaks, _leaks(task, rows, open_rows))
    return _finish(task, splits, leaks, "first_key") if _leaves_train(task, splits, leaks) else None


def _pick(groups: Codes, order: NDArray[np.uint64], rows: Rows, wanted: int) -> Rows:
    """Rows of groups that add up to `wanted`, ``[N]``."""
    if not wanted or not rows.any():
        return np.zeros(len(rows), np.bool_)
    numbers, sizes = seeded_groups(groups[rows], order[rows])
    return members(groups, numbers[choose(sizes, wanted)]) & rows


def _leaves_train(task: SplitTask, splits: NDArray[np.int8], leaks: NDArray[np.int8]) -> bool:
    """Whether train keeps enough, unless so much was asked for."""
    open_rows = int((task.fixed == FREE).sum())
    train = int(((splits <= TRAIN) & (leaks == 0)).sum())
    asked = sum(task.wanted.values())
    return train >= min(MIN_TRAIN_SHARE * open_rows, open_rows - asked * (1 + task.tolerance)) and train > 0


def _finish(task: SplitTask, splits: NDArray[np.int8], leaks: NDArray[np.int8], way: str) -> SplitPlan:
    splits[(splits == FREE) & (leaks == 0)] = TRAIN
    train, lost = int((splits == TRAIN).sum()), int((leaks > 0).sum())
    loss = lost / (train + lost) if lost else 0.0
    return SplitPlan(splits, leaks, way, loss, tuple(_statements(task, splits, way, loss)))


def _statements(task: SplitTask, splits: NDArray[np.int8], way: str, loss: float) -> list[str]:
    said = []
    for split, wanted in task.wanted.items():
        got = int(((splits == split) & (task.fixed != split)).sum())
        if wanted and got != wanted:
            said.append(f"{NAMES[split]} has {got} utterances, not {wanted}: groups do not add up to it")
    if way == "first_key" and loss:
        others = " or ".join(list(task.keys)[1:])
        lost = f", and {loss:.1%} of train is set aside for sharing a {others} with them"
        joins = f"grouping by all of {', '.join(task.keys)} joins too much"
        said.append(f"{joins}: dev and test are groups of {_first(task)}{lost}")
    return said


def _weaker(task: SplitTask) -> list[GroupingCost]:
    """What every weaker grouping would cost, stronger ones first."""
    names = list(task.keys)
    costs = []
    for size in range(len(names) - 1, 0, -1):
        for subset in combinations(names, size):
            costs.append(_cost(task, subset))
    return costs


def _cost(task: SplitTask, subset: tuple[str, ...]) -> GroupingCost:
    weaker = SplitTask(
        {name: task.keys[name] for name in subset},
        task.order,
        task.fixed,
        task.guarded,
        task.wanted,
        max_leak_loss=1.0,
        tolerance=task.tolerance,
    )
    plan, _ = _attempt(weaker)
    if plan is None:
        return GroupingCost(subset, possible=False)
    held = (plan.splits >= DEV) & ((task.fixed == FREE) | task.guarded)
    crossing = {
        name: float((sharing(codes, plan.splits == TRAIN) & held).sum() / max(int(held.sum()), 1))
        for name, codes in task.keys.items()
        if name not in subset
    }
    counts = {str(NAMES[split]): count for split, count in _counts(task, plan).items()}
    return GroupingCost(subset, True, plan.loss, counts, crossing)
