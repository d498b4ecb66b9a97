"""Does the largest padded batch fit? Tried once at the start, not found out in the middle of the night."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.features import Example
from govor.memory import fits, release
from govor.models.base import EncoderWindows, cost_of
from govor.train.memory import largest_that_fits
from govor.train.step import Stepper

if TYPE_CHECKING:
    import torch

    from govor.models.base import Family

LABELS_PER_S = 15.0
FIRST_BATCH_S = 120.0
MOST_BATCH_S = 3_840.0
MARGIN = 1.02
"""Batches are padded to a multiple of some frames, a little beyond their longest clip."""


def found_batch_s(stepper: Stepper, durations: NDArray[np.float64], max_batch: int) -> float:
    """Padded seconds that fit on this device with the longest clips, by trying; the smallest of all ranks.

    Raises:
        ModelError: not even a batch of a few seconds fits.
    """
    longest = float(durations.max())
    most = min(MOST_BATCH_S, max(longest, longest * max_batch))

    def fits(batch_s: float) -> bool:
        count = int(min(max_batch, max(1, batch_s // longest)))
        return try_batch(stepper, longest, count)

    found = largest_that_fits(fits, min(FIRST_BATCH_S, most), most)
    return float(min(stepper.ranks.gather(max(found, longest))))


def pieces_needed(
    stepper: Stepper, durations: NDArray[np.float64], batch_s: float, max_batch: int
) -> list[tuple[float, int]]:
    """In how many pieces batches have to be run, by the seconds they compute; the same on every process.

    Clips that are padded to a whole encoder window cost one each, and in thinned windows some seconds beside
    the longest: the largest batch is then that of many clips, not of the longest.

    Returns:
        (computed seconds, pieces) as `TrainState.pieces` has it; empty where the largest batch fits.
    """
    cost = cost_of(stepper.family.max_window_s, stepper.config.windows)
    longest, costs = float(durations.max()), np.array([cost.of(clip_s, 1) for clip_s in durations.tolist()])
    counts = np.clip(batch_s // durations, 1, min(max_batch, len(durations)))
    most = fitting = math.ceil(float((counts * costs).max() / costs.max()))
    while fitting > 1 and not all(stepper.ranks.gather(try_batch(stepper, longest, fitting))):
        fitting = -(-fitting // 2)
    limit_s = fitting * float(costs.max()) * MARGIN
    doublings = math.ceil(math.log2(most / fitting))
    return [(limit_s * 2**n, 2 ** (n + 1)) for n in range(doublings)]


def try_batch(stepper: Stepper, seconds: float, count: int) -> bool:
    """One forward and backward pass over `count` clips of noise; the model is left as it was.

    The optimiser's moments, which the first step makes, take their memory meanwhile, and `mixed` windows are
    the full ones.
    """
    family, windows = stepper.family, stepper.config.windows
    buffers = {name: value.clone() for name, value in family.model.named_buffers()}
    held: list[torch.Tensor] = []
    largest = EncoderWindows("full" if windows == "mixed" else windows)

    def step() -> None:
        held.extend(_moments(stepper))
        loss, _ = family.loss(family.collate(noise(family, seconds, count), largest))
        loss.backward()  # type: ignore[no-untyped-call]

    family.model.train()
    try:
        return fits(step)
    finally:
        held.clear()
        stepper.optimiser.zero_grad(set_to_none=True)
        for name, value in family.model.named_buffers():
            value.copy_(buffers[name])
        release()


def _moments(stepper: Stepper) -> Iterator[torch.Tensor]:
    """Room for AdamW's two moments of every parameter that has none yet."""
    import torch

    new = [p for p in stepper.parameters if not stepper.optimiser.state.get(p)]
    return (torch.zeros_like(p) for p in new for _ in range(2))


def noise(family: Family, seconds: float, count: int) -> list[Example]:
    """Examples of noise with as many labels as speech of that length has."""
    draw = np.random.default_rng(0)
    wave = draw.normal(0, 0.05, int(seconds * family.sample_rate)).astype(np.float32)
    features = family.extractor(wave)
    most = family.max_labels or 10_000
    frames = family.label_frames(seconds)
    length = int(min(most, seconds * LABELS_PER_S, frames // 2 if frames else most))
    some: Any = tuple(1 + number % 2 for number in range(length))
    return [Example("noise", features, some, seconds)] * count
