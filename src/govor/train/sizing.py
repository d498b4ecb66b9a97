"""Does the largest padded batch fit? Tried once at the start, not found out in the middle of the night."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.features import Example
from govor.models.base import THINNED_BESIDE_S
from govor.train.loop import Stepper
from govor.train.memory import is_out_of_memory, largest_that_fits

if TYPE_CHECKING:
    import torch

    from govor.models.base import Family

LABELS_PER_S = 15.0
FIRST_BATCH_S = 120.0
MOST_BATCH_S = 3_840.0
ROUNDING = 1e-6
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

    Clips that are padded to a whole encoder window cost one each, those of thinned windows some seconds of
    silence: the largest batch is then that of the most clips, not of the longest.

    Returns:
        (computed seconds, pieces) as `TrainState.pieces` has it; empty where the largest batch fits.
    """
    shortest, longest = float(durations.min()), float(durations.max())
    each_s, largest_s = clip_cost_s(stepper.family, longest), 0.0
    for clip_s in (shortest, min(max(batch_s / max_batch, shortest), longest), longest):
        count = int(min(max_batch, len(durations), max(1, batch_s // clip_s)))
        largest_s = max(largest_s, count * clip_cost_s(stepper.family, clip_s))
    most = math.ceil(largest_s / each_s - ROUNDING)
    fitting = most
    while fitting > 1 and not all(stepper.ranks.gather(try_batch(stepper, longest, fitting))):
        fitting = -(-fitting // 2)
    limit_s = fitting * each_s * MARGIN
    doublings = math.ceil(math.log2(most / fitting))
    return [(limit_s * 2**n, 2 ** (n + 1)) for n in range(doublings)]


def clip_cost_s(family: Family, seconds: float) -> float:
    """Seconds that a clip costs: a whole window (in some batches at least), or its own and what is beside."""
    window_s = family.max_window_s
    if window_s is None or family.train_windows == "short":
        return seconds
    return min(seconds + THINNED_BESIDE_S, window_s) if family.train_windows == "thinned" else window_s


def try_batch(stepper: Stepper, seconds: float, count: int) -> bool:
    """One forward and backward pass over `count` clips of noise; the model is left as it was.

    The optimiser's moments, which the first step makes, take their memory meanwhile, and `mixed` windows are
    the full ones.
    """
    import torch

    family, windows = stepper.family, stepper.family.train_windows
    buffers = {name: value.clone() for name, value in family.model.named_buffers()}
    held: list[torch.Tensor] = []
    family.model.train()
    family.train_windows = "full" if windows == "mixed" else windows
    try:
        held += _moments(stepper)
        loss, _ = family.loss(family.collate(noise(family, seconds, count)))
        loss.backward()  # type: ignore[no-untyped-call]
        return True
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    finally:
        held.clear()
        family.train_windows = windows
        stepper.optimiser.zero_grad(set_to_none=True)
        for name, value in family.model.named_buffers():
            value.copy_(buffers[name])
        if stepper.device.type == "cuda":
            torch.cuda.empty_cache()


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
