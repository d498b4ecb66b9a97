"""Stretches that two sequences of letters share exactly, and that are rare in both.

Shapes: L letters, N stretches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that a number modulo 2**64 loses nothing by it (the golden ratio's, after Knuth)."""

Codes = NDArray[np.uint32]


@dataclass(frozen=True)
class EqualRuns:
    """Where two sequences are equal.

    Attributes:
        a: where each begins in the one ``[N]``.
        b: where it begins in the other ``[N]``.
        length: letters ``[N]``.
    """

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    length: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.a)

    def chosen(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> EqualRuns:
        """Some of them."""
        return EqualRuns(self.a[which], self.b[which], self.length[which])


def shared_stretches(a: Codes, b: Codes, size: int, most: int) -> EqualRuns:
    """Stretches of n-grams that both have, each at most `most` times.

    Args:
        a: letters ``[La]``.
        b: letters ``[Lb]``.
        size: letters of an n-gram.
        most: how often one may be in either.

    Returns:
        Neighbouring n-grams on one diagonal as one stretch; by `a`.
    """
    left, right = _hashes(a, size), _hashes(b, size)
    shared = np.intersect1d(_rare(left, most), _rare(right, most), assume_unique=True)
    places, others = _places(left, shared), _places(right, shared)
    low = np.searchsorted(right[others], left[places], "left")
    high = np.searchsorted(right[others], left[places], "right")
    count = high - low
    at_a = np.repeat(places, count)
    step = np.arange(len(at_a)) - np.repeat(np.cumsum(count) - count, count)
    at_b = others[np.repeat(low, count) + step] if len(at_a) else at_a
    return _merged(at_a, at_b, size)


def _hashes(codes: Codes, size: int) -> NDArray[np.uint64]:
    """One number for every n-gram ``[L - size + 1]``."""
    count = len(codes) - size + 1
    found = np.zeros(max(count, 0), np.uint64)
    if count <= 0:
        return found
    wide = codes.astype(np.uint64)
    for step in range(size):
        found *= _FACTOR
        found += wide[step : step + count]
        found ^= found >> np.uint64(29)
    return found


def _rare(hashes: NDArray[np.uint64], most: int) -> NDArray[np.uint64]:
    values, counts = np.unique(hashes, return_counts=True)
    return values[counts <= most]


def _places(hashes: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where the wanted ones are, in their order."""
    if not len(wanted):
        return np.zeros(0, np.int64)
    near = np.minimum(np.searchsorted(wanted, hashes), len(wanted) - 1)
    places = np.flatnonzero(wanted[near] == hashes)
    return places[np.argsort(hashes[places], kind="stable")]


def _merged(a: NDArray[np.int64], b: NDArray[np.int64], size: int) -> EqualRuns:
    order = np.lexsort((a, b - a))
    a, b = a[order], b[order]
    diagonal = b - a
    new = np.ones(len(a), bool)
    new[1:] = (np.diff(diagonal) != 0) | (np.diff(a) != 1)
    starts = np.flatnonzero(new)
    lengths = np.diff(np.append(starts, len(a))) + size - 1
    found = EqualRuns(a[starts], b[starts], lengths)
    return found.chosen(np.argsort(found.a, kind="stable"))
