"""Which letters of a text stand for which letters of what was heard.

Anchors in chains over the whole of both (`chains`), again with shorter n-grams in what lies between two
chains, then dynamic programming in every gap (`gaps`). Chains need not be in one order: sections may be
swapped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from govor.align.anchors import Codes, EqualRuns, shared_stretches
from govor.align.chains import Chain, chained
from govor.align.gaps import Pairs, between, forward

SIZES = ((12, 4), (8, 3), (6, 2))
"""Letters of an n-gram, and how often it may be in either text."""
INNER_SIZES = ((6, 3), (5, 2))
"""The same between two chains, where less is to be told apart."""
INNER_SCORE = 14.0
INNER_LETTERS = 30_000
"""Gaps with a side that is longer are searched with the outer sizes alone."""
TAIL = 400
"""Letters beyond the end of a chain that are tried."""


def match(text: Codes, heard: Codes) -> NDArray[np.int64]:
    """For each letter of `text` ``[L]`` the place of the letter in `heard` that stands for it, or -1."""
    found = np.full(len(text), -1, np.int64)
    chains = _with_inner(text, heard, chained(_stretches(text, heard, SIZES)))
    for chain in chains:
        _fill_chain(found, text, heard, chain.parts)
    _fill_ends(found, text, heard, chains)
    return found


def _stretches(text: Codes, heard: Codes, sizes: tuple[tuple[int, int], ...]) -> EqualRuns:
    """Shared stretches of all sizes; those that lie in another one are left out."""
    parts = [shared_stretches(text, heard, size, most) for size, most in sizes]
    together = [np.concatenate([getattr(p, name) for p in parts]) for name in ("a", "b", "length")]
    both = EqualRuns(*together)
    order = np.lexsort((-both.length, both.a, both.b - both.a))
    both = both.chosen(order)
    end = both.a + both.length
    same = np.zeros(len(both), bool)
    same[1:] = np.diff(both.b - both.a) == 0
    # Within a diagonal the ends reached so far; a jump of the offset starts a new diagonal.
    group = np.cumsum(~same)
    reach = np.maximum.accumulate(end + group * (1 << 40)) - group * (1 << 40)
    inside = np.zeros(len(both), bool)
    inside[1:] = same[1:] & (end[1:] <= reach[:-1])
    kept = both.chosen(~inside)
    return kept.chosen(np.argsort(kept.a, kind="stable"))


def _with_inner(text: Codes, heard: Codes, chains: list[Chain]) -> list[Chain]:
    """With the chains that shorter n-grams find in the free spans between neighbours."""
    inner = []
    for low, high, begin, end in free_rectangles(chains, len(text), len(heard)):
        if min(high - low, end - begin) < 6 or max(high - low, end - begin) > INNER_LETTERS:
            continue
        found = _stretches(text[low:high], heard[begin:end], INNER_SIZES)
        moved = EqualRuns(found.a + low, found.b + begin, found.length)
        inner += chained(moved, INNER_SCORE)
    return sorted([*chains, *inner], key=lambda chain: chain.a)


def free_rectangles(chains: list[Chain], letters: int, heard: int) -> Iterator[tuple[int, int, int, int]]:
    """What lies between neighbours that are in one order in both: from, to in the text, from, to heard."""
    rank = sorted(range(len(chains)), key=lambda n: chains[n].b)
    place = {chain: number for number, chain in enumerate(rank)}
    for number in range(len(chains) + 1):
        low = chains[number - 1].a[1] if number else 0
        high = chains[number].a[0] if number < len(chains) else letters
        left = place[number - 1] if number else -1
        right = place[number] if number < len(chains) else len(chains)
        if number and number < len(chains) and right != left + 1:
            continue
        left, right = (left, left + 1) if number else (right - 1, right)
        begin = chains[rank[left]].b[1] if left >= 0 else 0
        end = chains[rank[right]].b[0] if right < len(chains) else heard
        yield low, high, begin, end


def _fill_chain(found: NDArray[np.int64], text: Codes, heard: Codes, parts: EqualRuns) -> None:
    """Writes a chain's stretches, and what stands between them."""
    a, b, length = parts.a.tolist(), parts.b.tolist(), parts.length.tolist()
    for place in range(len(a)):
        found[a[place] : a[place] + length[place]] = np.arange(b[place], b[place] + length[place])
        if place:
            low, begin = a[place - 1] + length[place - 1], b[place - 1] + length[place - 1]
            pairs = between(text[low : a[place]], heard[begin : b[place]])
            found[pairs[:, 0] + low] = pairs[:, 1] + begin


def _fill_ends(found: NDArray[np.int64], text: Codes, heard: Codes, chains: list[Chain]) -> None:
    """Fills gaps between chains in one order; extends other chains while that gains more than it costs."""
    free = {
        (low, high): (begin, end) for low, high, begin, end in free_rectangles(chains, len(text), len(heard))
    }
    spans = sorted(chain.b for chain in chains)
    lows = [0, *(chain.a[1] for chain in chains)]
    highs = [*(chain.a[0] for chain in chains), len(text)]
    for number, (low, high) in enumerate(zip(lows, highs, strict=True)):
        left = chains[number - 1] if number else None
        right = chains[number] if number < len(chains) else None
        if left and right and (low, high) in free:
            begin, end = free[low, high]
            pairs = between(text[low:high], heard[begin:end])
            found[pairs[:, 0] + low] = pairs[:, 1] + begin
            continue
        if left:
            begin = left.b[1]
            end = min([start for start, _ in spans if start >= begin], default=len(heard))
            pairs = _grown(text[low:high], heard[begin:end]) + np.array([low, begin])
            found[pairs[:, 0]] = pairs[:, 1]
            low = int(pairs[-1, 0]) + 1 if len(pairs) else low
        if right:
            end = right.b[0]
            begin = _behind_taken(found, max([stop for _, stop in spans if stop <= end], default=0), end)
            back = _grown(text[low:high][::-1], heard[begin:end][::-1])
            pairs = np.array([high, end]) - 1 - back
            found[pairs[:, 0]] = pairs[:, 1]


def _grown(a: Codes, b: Codes) -> Pairs:
    """Pairs of letters from the beginning of both, until going on costs more than it gains."""
    parts: list[Pairs] = []
    row = column = 0
    while True:
        pairs = forward(a[row : row + TAIL], b[column : column + TAIL]) + np.array([row, column])
        parts.append(pairs)
        if len(pairs) < TAIL // 2:
            return np.concatenate(parts)
        row, column = (pairs[-1] + 1).tolist()


def _behind_taken(found: NDArray[np.int64], begin: int, end: int) -> int:
    """Where what is heard is free up to `end`: behind what another chain has gone on to."""
    taken = found[(found >= begin) & (found < end)]
    return int(taken.max()) + 1 if len(taken) else begin
