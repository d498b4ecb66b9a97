"""Stretches in chains: where two texts go on together, in both the same way.

A chain is monotone in both texts and has no long gap. Text that was moved (swapped sections) makes a chain of
its own. Method: the chaining of seeds between genomes (Li, "Minimap2", 2018), with the gap costs of letters.

Shapes: N stretches.
"""

from __future__ import annotations

import heapq
from bisect import bisect
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.align.anchors import EqualRuns

LONGEST_GAP = 600
"""Letters between two stretches of a chain: about 100 words."""
DRIFT = 0.25
"""Share of a gap by which its two sides may differ, besides `SLACK` letters."""
SLACK = 30
LEAP, LEAP_SHARE = 25, 0.1
"""By more than so many letters, and this share of the way, no two sides differ by mishearing alone."""
GAP_COST = 0.02
"""Letters that a chain loses for a letter of gap."""
DRIFT_COST = 0.1
MOST_BEFORE = 400
"""Stretches that are tried as the one before."""
STEP = 512
"""Stretches whose steps are computed together: at most 200,000 steps."""
LEAST_SCORE = 18.0
"""Letters that a chain shares, less its costs: fewer are chance."""
MOVED_SCORE = 60.0
"""The same of a chain that breaks the order of larger ones."""
SURE_LENGTH = 14
"""A stretch so long needs no neighbours."""
BLOCK, BAND = 128, 64
"""Letters of a text, and of the difference between both, that are looked at together for what they share."""
RIVAL_SHARE = 0.25
"""Of what the best place of a block shares with it; what shares less with its place is chance."""


@dataclass(frozen=True)
class Chain:
    """Stretches that go on together.

    Attributes:
        parts: in order; none overlaps another in either text.
        score: letters, less the costs of gaps.
    """

    parts: EqualRuns
    score: float

    @property
    def a(self) -> tuple[int, int]:
        """From where to where it goes in the one text."""
        return int(self.parts.a[0]), int(self.parts.a[-1] + self.parts.length[-1])

    @property
    def b(self) -> tuple[int, int]:
        """From where to where it goes in the other."""
        return int(self.parts.b[0]), int(self.parts.b[-1] + self.parts.length[-1])


def chained(found: EqualRuns, least: float = LEAST_SCORE) -> list[Chain]:
    """The best chains that overlap in neither text, by their place in the first."""
    found = _unrivalled(_supported(found))
    score, before = _scores(found)
    chains = sorted(_apart(found, score, before, least), key=lambda chain: chain.a)
    return _without_chance(chains)


def _without_chance(chains: list[Chain]) -> list[Chain]:
    """Chains without small ones that break the order of others: those are chance, large ones were moved."""
    best = [chain.score for chain in chains]
    came = [-1] * len(chains)
    for here, chain in enumerate(chains):
        for before in range(max(here - MOST_BEFORE, 0), here):
            if chains[before].b[1] <= chain.b[0] and best[before] + chain.score > best[here]:
                best[here], came[here] = best[before] + chain.score, before
    main, place = set(), max(range(len(chains)), key=best.__getitem__, default=-1)
    while place >= 0:
        main.add(place)
        place = came[place]
    return [chain for n, chain in enumerate(chains) if n in main or chain.score >= MOVED_SCORE]


def _supported(found: EqualRuns) -> EqualRuns:
    """Those that are long, or have others near them on about the same diagonal; by their place."""
    if not len(found):
        return found
    around = _around(found.a // LONGEST_GAP, (found.b - found.a) // LONGEST_GAP, found.length)
    return found.chosen((found.length >= SURE_LENGTH) | (around - found.length >= found.length))


def _unrivalled(found: EqualRuns) -> EqualRuns:
    """Those without a far better rival: a dense stretch elsewhere that has the same part of either text."""
    if not len(found):
        return found
    weight = _around(found.a // BLOCK, (found.b - found.a) // BAND, found.length)
    best = np.maximum(_best_of(found.a // BLOCK, weight), _best_of(found.b // BLOCK, weight))
    return found.chosen(weight >= RIVAL_SHARE * best)


def _around(
    down: NDArray[np.int64], across: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Letters of the stretches in the cell of each one and the eight around it ``[N]``."""
    known, of = np.unique(down * (1 << 32) + across, return_inverse=True)
    weight = np.bincount(of, weights=length).astype(np.int64)
    wanted = known[:, None] + np.array([i * (1 << 32) + j for i in (-1, 0, 1) for j in (-1, 0, 1)])
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    around: NDArray[np.int64] = np.where(known[place] == wanted, weight[place], 0).sum(axis=1)[of]
    return around


def _best_of(block: NDArray[np.int64], weight: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each stretch the largest weight in its block ``[N]``."""
    _, of = np.unique(block, return_inverse=True)
    best = np.zeros(int(of.max()) + 1, np.int64)
    np.maximum.at(best, of, weight)
    return best[of]


def _scores(found: EqualRuns) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The best chain that ends with each stretch, and the stretch before it in that chain (or -1)."""
    score = found.length.astype(np.float64)
    before = np.full(len(found), -1, np.int64)
    for first in range(0, len(found), STEP):
        steps = _steps(found, first, min(first + STEP, len(found)))
        for here, low, high in zip(steps.here, steps.edges[:-1], steps.edges[1:], strict=True):
            earlier = steps.before[low:high]
            gain = score[earlier] + steps.gain[low:high]
            best = int(gain.argmax())
            if gain[best] > score[here]:
                score[here], before[here] = gain[best], earlier[best]
    return score, before


@dataclass(frozen=True)
class _Steps:
    """From which stretches a chain may go on to some others, and what each step gains.

    Attributes:
        here: stretches that can be reached, ascending.
        edges: where the steps to each begin, and behind them the end of all.
        before: the stretch that a step comes from.
        gain: letters that it adds, less its costs.
    """

    here: list[int]
    edges: list[int]
    before: NDArray[np.int64]
    gain: NDArray[np.float64]


def _steps(found: EqualRuns, first: int, last: int) -> _Steps:
    """The steps to the stretches from `first` to before `last`."""
    a, b, length = found.a, found.b, found.length
    here = np.arange(first, last)
    low = np.maximum(np.searchsorted(a, a[here] - LONGEST_GAP - 64, "left"), here - MOST_BEFORE)
    count = here - low
    to = np.repeat(here, count)
    of = np.arange(len(to)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(low, count)
    down, across = a[to] - a[of] - length[of], b[to] - b[of] - length[of]
    apart = np.abs(down - across)
    widest = np.maximum(down, across)
    overlap = np.minimum(np.minimum(down, across), 0)
    fits = (widest <= LONGEST_GAP) & (apart <= DRIFT * widest + SLACK) & (length[to] + overlap > 0)
    fits &= (a[of] < a[to]) & (b[of] < b[to])
    gain = length[to] + overlap - GAP_COST * np.maximum(widest, 0) - DRIFT_COST * apart
    to, of, gain = to[fits], of[fits], gain[fits]
    reached, edges = np.unique(to, return_index=True)
    return _Steps(reached.tolist(), [*edges.tolist(), len(to)], of, gain)


def _apart(
    found: EqualRuns, score: NDArray[np.float64], before: NDArray[np.int64], least: float
) -> list[Chain]:
    """Chains from the best down; what a better one covers in either text is cut off."""
    used = np.zeros(len(found), bool)
    taken_a, taken_b = _Taken(), _Taken()
    ends = np.flatnonzero(score >= least)
    waiting = [(-float(score[end]), int(end), [int(end)], False) for end in ends]
    heapq.heapify(waiting)
    chains = []
    while waiting:
        worth, end, members, whole = heapq.heappop(waiting)
        members = members if whole else _free_members(end, before, used)
        parts = _between(members, found, taken_a, taken_b)
        if whole and parts == [members]:
            chain = Chain(_trimmed(found.chosen(np.array(members))), -worth)
            taken_a.add(*chain.a)
            taken_b.add(*chain.b)
            chains.append(chain)
            continue
        for part in parts:
            worth = _worth(_trimmed(found.chosen(np.array(part))))
            if worth >= least:
                heapq.heappush(waiting, (-worth, part[-1], part, True))
    return chains


def _free_members(end: int, before: NDArray[np.int64], used: NDArray[np.bool_]) -> list[int]:
    members = []
    while end >= 0 and not used[end]:
        used[end] = True
        members.append(end)
        end = int(before[end])
    return members[::-1]


class _Taken:
    """Spans of a text that chains have, in order."""

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        place = bisect(self.starts, start)
        self.starts.insert(place, start)
        self.ends.insert(place, end)

    def meets(self, start: int, end: int) -> bool:
        place = bisect(self.starts, start)
        behind = place < len(self.starts) and self.starts[place] < end
        return behind or (place > 0 and self.ends[place - 1] > start)

    def slot(self, place: int) -> int:
        """Number of the free span that a place is in."""
        return bisect(self.starts, place)


def _between(members: list[int], found: EqualRuns, taken_a: _Taken, taken_b: _Taken) -> list[list[int]]:
    """Runs of members that lie in one free span of both texts, without a leap between two of them."""
    parts: list[list[int]] = []
    slot, last = None, None
    for member in members:
        a, b, length = int(found.a[member]), int(found.b[member]), int(found.length[member])
        if taken_a.meets(a, a + length) or taken_b.meets(b, b + length):
            continue
        here = taken_a.slot(a), taken_b.slot(b)
        if here != slot or (last is not None and _leaps(found, last, member)):
            parts.append([])
        slot, last = here, member
        parts[-1].append(member)
    return parts


def _leaps(found: EqualRuns, one: int, other: int) -> bool:
    """Whether so much more lies between two stretches in one text that they are in two places."""
    down, across = int(found.a[other] - found.a[one]), int(found.b[other] - found.b[one])
    return abs(down - across) > max(LEAP, LEAP_SHARE * max(down, across))


def _trimmed(parts: EqualRuns) -> EqualRuns:
    """The same without overlaps: a stretch begins behind the one before it in both texts."""
    if len(parts) < 2:
        return parts
    over = np.zeros(len(parts), np.int64)
    over[1:] = np.maximum(
        parts.a[:-1] + parts.length[:-1] - parts.a[1:], parts.b[:-1] + parts.length[:-1] - parts.b[1:]
    )
    over = np.maximum(over, 0)
    cut = EqualRuns(parts.a + over, parts.b + over, parts.length - over)
    return cut.chosen(cut.length > 0)


def _worth(parts: EqualRuns) -> float:
    gaps_a = parts.a[1:] - parts.a[:-1] - parts.length[:-1]
    gaps_b = parts.b[1:] - parts.b[:-1] - parts.length[:-1]
    costs = GAP_COST * np.maximum(gaps_a, gaps_b) + DRIFT_COST * np.abs(gaps_a - gaps_b)
    return float(parts.length.sum() - costs.sum())
