"""Which rows belong together, and which groups add up to a wanted number: pure functions over arrays.

Nothing here depends on the order of the rows: groups are taken in the order of `seeded_order`, a hash of the
seed and the id.

Legend: N rows, G groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""Number of the group that a row belongs to, ``[N]``; -1 where the row has none."""
NO_GROUP = -1


def seeded_order(ids: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """A random number for every id, ``[N]``, that depends on nothing but the id and the seed (BLAKE2b)."""
    key = seed.to_bytes(16, "little", signed=True)
    digest = hashlib.blake2b
    hashes = [digest(i.encode("utf-8", "surrogatepass"), digest_size=8, key=key).digest() for i in ids]
    return np.frombuffer(b"".join(hashes), dtype="<u8")


def joined(keys: Mapping[str, Codes], rows: int) -> Codes:
    """Groups of rows that share a value of any key, directly or through others, ``[N]``.

    Rows without a value of a key are not joined by it. Connected components of the graph of rows and values.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends: list[NDArray[np.int64]] = []
    starts: list[NDArray[np.int64]] = []
    nodes = rows
    for codes in keys.values():
        shared = _shared(codes)
        starts.append(np.flatnonzero(shared))
        ends.append(codes[shared] + nodes)
        nodes += int(codes.max(initial=NO_GROUP)) + 1
    start, end = (
        np.concatenate(starts or [np.empty(0, np.int64)]),
        np.concatenate(ends or [np.empty(0, np.int64)]),
    )
    graph = coo_matrix((np.ones(len(start), np.int8), (start, end)), shape=(nodes, nodes))
    labels = connected_components(graph, directed=False)[1][:rows]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _shared(codes: Codes) -> NDArray[np.bool_]:
    """Rows whose value another row has too; only these can join anything."""
    counts = np.bincount(codes[codes >= 0], minlength=1)
    return (codes >= 0) & (counts[np.maximum(codes, 0)] > 1)


def own_where_none(codes: Codes) -> Codes:
    """The same groups, each row without one in a group of its own."""
    alone = codes < 0
    filled = codes.copy()
    filled[alone] = int(codes.max(initial=NO_GROUP)) + 1 + np.arange(int(alone.sum()))
    return filled


def seeded_groups(codes: Codes, order: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Groups in seeded order and their sizes, ``[G]`` each; a group stands where its first row stands.

    Args:
        codes: without `NO_GROUP`.
        order: of the rows, from `seeded_order`.
    """
    numbers, inverse, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    first = np.full(len(numbers), np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(first, inverse, order)
    ranks = np.argsort(first, kind="stable")
    return numbers[ranks], sizes[ranks]


def choose(sizes: Sequence[int] | NDArray[np.int64], wanted: int) -> list[int]:
    """Positions of groups that add up to `wanted` rows, or as near to it as groups allow.

    Groups are taken from the beginning: the answer lies in the shortest prefix of `sizes` that has a subset
    of that sum (subset sums kept as bits of one integer). If none has, the nearest sum that is not zero and
    at most twice `wanted`; if there is none either, the smallest group.

    Returns:
        Positions in `sizes`, ascending; empty when nothing is wanted or there are no groups.
    """
    if wanted <= 0 or not len(sizes):
        return []
    steps, reached = _subset_sums(sizes, wanted)
    total = _nearest(reached, wanted)
    if not total:
        return [int(np.argmin(sizes))]
    chosen = []
    for position, size, before in reversed(steps):
        if not before >> total & 1:
            chosen.append(position)
            total -= size
    return chosen[::-1]


def choose_at_least(sizes: Sequence[int], wanted: int) -> list[int]:
    """Positions of groups whose sum is the smallest that is no less than `wanted`; empty where there is none.

    What is left out of all groups is the largest sum that is no more than the rest allows.
    """
    spare = sum(sizes) - wanted
    if wanted <= 0 or spare < 0:
        return []
    steps, reached, mask = [], 1, (1 << (spare + 1)) - 1
    for position, size in enumerate(sizes):
        after = (reached | reached << size) & mask
        if after != reached:
            steps.append((position, size, reached))
            reached = after
    total, left_out = reached.bit_length() - 1, set()
    for position, size, before in reversed(steps):
        if not before >> total & 1:
            left_out.add(position)
            total -= size
    return [position for position in range(len(sizes)) if position not in left_out]


def _subset_sums(
    sizes: Sequence[int] | NDArray[np.int64], wanted: int
) -> tuple[list[tuple[int, int, int]], int]:
    """Steps at which new sums became reachable (position, size, sums before), and all sums, as bits."""
    reached, mask = 1, (1 << (2 * wanted + 1)) - 1
    steps = []
    for position, size in enumerate(np.asarray(sizes).tolist()):
        after = (reached | reached << size) & mask if size <= 2 * wanted else reached
        if after != reached:
            steps.append((position, size, reached))
            reached = after
        if reached >> wanted & 1:
            break
    return steps, reached


def _nearest(reached: int, wanted: int) -> int:
    """The reachable sum nearest to `wanted` (the larger of two as near), 0 if there is none but 0."""
    for distance in range(wanted + 1):
        for total in (wanted + distance, wanted - distance):
            if total and reached >> total & 1:
                return total
    return 0


def members(codes: Codes, chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Rows of the chosen groups, ``[N]``."""
    listed = np.zeros(int(codes.max(initial=NO_GROUP)) + 2, np.bool_)
    listed[chosen] = True
    listed[NO_GROUP] = False
    return listed[codes]


def sharing(codes: Codes, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Rows that have the value of any of `rows`, ``[N]``; rows without a value share nothing."""
    values = codes[rows]
    return members(codes, values[values >= 0])
