"""Which clips come in which batch: a pure function of (seed, epoch, durations).

The clips of an epoch are shuffled, cut into pools, sorted by length inside a pool and packed into batches
under a budget of padded seconds; then the batches are shuffled. Every clip comes exactly once, every rank
gets the same number of batches, and the batches that ranks train on at the same time are of similar length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from govor.packing import pack

Rows = NDArray[np.int64]

BATCHES_PER_POOL = 64  # more sort finer (less padding), fewer mix lengths more


def epoch_batches(
    durations: NDArray[np.float64],
    *,
    seed: int,
    epoch: int,
    batch_s: float,
    max_batch: int,
    world_size: int = 1,
) -> list[list[Rows]]:
    """The batches of one epoch.

    Args:
        durations: seconds of every clip ``[N]``.
        seed: of the run.
        epoch: its number.
        batch_s: padded seconds in a batch; a longer clip stands alone.
        max_batch: most clips in a batch.
        world_size: ranks that train together.

    Returns:
        A list over steps of a list over ranks of row numbers ``int64[B]``; all batches together are a
        permutation of the rows. A batch is empty only where every batch has a single clip and they do not
        divide among the ranks.
    """
    durations = np.asarray(durations, np.float64)
    if not len(durations):
        return []
    draw = np.random.Generator(np.random.Philox(key=np.array([seed % 2**64, epoch], np.uint64)))
    batches: list[Rows] = []
    for pool in _pools(draw.permutation(len(durations)), durations, batch_s, max_batch):
        rows = pool[np.argsort(durations[pool], kind="stable")]
        packed = pack(durations[rows].tolist(), float, batch_s, most=max_batch)
        batches += np.split(rows, np.cumsum([len(batch) for batch in packed])[:-1])
    _even_out(batches, world_size)
    steps = _grouped(batches, durations, world_size)
    return [steps[i] for i in draw.permutation(len(steps))]


def _pools(order: Rows, durations: NDArray[np.float64], batch_s: float, max_batch: int) -> list[Rows]:
    """The shuffled rows cut into equal pools of about `BATCHES_PER_POOL` batches."""
    per_batch = max(1.0, min(float(max_batch), batch_s / max(float(durations.mean()), 1e-3)))
    pools = max(1, round(len(order) / (BATCHES_PER_POOL * per_batch)))
    return np.array_split(order, pools)


def _even_out(batches: list[Rows], world_size: int) -> None:
    """Halves the fullest batches until ranks divide their number, or fills up with empty ones."""
    while len(batches) % world_size:
        fullest = max(range(len(batches)), key=lambda i: len(batches[i]))
        half = len(batches[fullest]) // 2
        rows = batches[fullest]
        batches[fullest : fullest + 1] = [rows[:half], rows[half:]] if half else [rows, rows[:0]]


def _grouped(batches: list[Rows], durations: NDArray[np.float64], world_size: int) -> list[list[Rows]]:
    """Batches of similar length side by side, one for each rank."""
    if world_size == 1:
        return [[batch] for batch in batches]
    longest = [float(durations[batch].max()) if len(batch) else 0.0 for batch in batches]
    by_length = np.argsort(longest, kind="stable")
    return [[batches[i] for i in group] for group in by_length.reshape(-1, world_size)]


def padding_share(batches: Sequence[Sequence[Rows]], durations: NDArray[np.float64]) -> float:
    """Share of the padded seconds that holds no audio."""
    filled = padded = 0.0
    for ranks in batches:
        for batch in ranks:
            if len(batch):
                filled += float(durations[batch].sum())
                padded += float(durations[batch].max()) * len(batch)
    return 1.0 - filled / padded if padded else 0.0
