"""Which clips come in which batch, whatever became of the processes: an epoch as legs.

An epoch is a permutation of the train split, cut into batches by `govor.load.order`. When a run continues
with other settings (number of processes, batch size), the clips that the epoch has not yet seen are planned
again: a *leg* is a stretch of an epoch under one layout, and the list of legs is all there is to store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class BatchLayout:
    """What decides how clips fall into batches, besides seed and epoch.

    Attributes:
        batch_s: padded seconds in a batch.
        max_batch: most clips in a batch.
        world_size: processes.
        accumulate: batches an optimiser step.
    """

    batch_s: float
    max_batch: int
    world_size: int
    accumulate: int

    def plan(self, durations: NDArray[np.float64], rows: Rows, seed: int, epoch: int) -> list[list[Rows]]:
        """Batches of `rows`: a list over steps of a list over ranks."""
        from govor.load.order import epoch_batches

        batches = epoch_batches(
            durations[rows],
            seed=seed,
            epoch=epoch,
            batch_s=self.batch_s,
            max_batch=self.max_batch,
            world_size=self.world_size,
        )
        return [[rows[batch] for batch in ranks] for ranks in batches]


@dataclass(frozen=True)
class Leg:
    """`steps` batches (on each process) of an epoch that were trained under `layout`."""

    layout: BatchLayout
    steps: int


@dataclass(frozen=True)
class EpochPlan:
    """The batches of one epoch that are left.

    Attributes:
        epoch: 0-based.
        batches: left over, a list over steps of a list over ranks of rows.
        clips: in the whole epoch.
        legs: earlier legs, and the current one with the steps it has done so far.
    """

    epoch: int
    batches: list[list[Rows]]
    clips: int
    legs: tuple[Leg, ...]

    def groups(self) -> list[list[list[Rows]]]:
        """The optimiser steps: up to `accumulate` batches each."""
        size = self.legs[-1].layout.accumulate
        return [self.batches[i : i + size] for i in range(0, len(self.batches), size)]


def plan_epoch(
    durations: NDArray[np.float64], seed: int, epoch: int, legs: Sequence[Leg], layout: BatchLayout
) -> EpochPlan:
    """What is left of an epoch after `legs`, laid out by `layout`. Pure.

    Args:
        durations: seconds of every clip of the split ``[N]``.
        seed: the run's.
        epoch: 0-based.
        legs: stretches of this epoch already trained, in order.
        layout: how to go on.
    """
    rows: Rows = np.arange(len(durations), dtype=np.int64)
    legs = list(legs)
    for number, leg in enumerate(legs):
        batches = leg.layout.plan(durations, rows, seed, epoch)
        if number == len(legs) - 1 and leg.layout == layout:
            left = batches[leg.steps :]
            return EpochPlan(epoch, left, len(durations), tuple(legs))
        rows = _rows(batches[leg.steps :])
    legs = [leg for leg in legs if leg.steps] + [Leg(layout, 0)]
    batches = layout.plan(durations, rows, seed, epoch) if len(rows) else []
    return EpochPlan(epoch, batches, len(durations), tuple(legs))


def _rows(batches: list[list[Rows]]) -> Rows:
    parts = [batch for ranks in batches for batch in ranks]
    return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int64)


def steps_in_epoch(durations: NDArray[np.float64], seed: int, epoch: int, layout: BatchLayout) -> int:
    """Optimiser steps of a whole epoch under `layout`."""
    return len(plan_epoch(durations, seed, epoch, (), layout).groups())
