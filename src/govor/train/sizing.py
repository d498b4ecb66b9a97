"""Does the largest padded batch fit? Tried once at the start, not found out in the middle of the night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.features import Example
from govor.train.loop import Stepper
from govor.train.memory import is_out_of_memory, largest_that_fits

if TYPE_CHECKING:
    from govor.models.base import Family

LABELS_PER_S = 15.0
FIRST_BATCH_S = 120.0
MOST_BATCH_S = 3_840.0


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


def largest_batch_fits(
    stepper: Stepper, durations: NDArray[np.float64], batch_s: float, max_batch: int
) -> bool:
    """Whether the longest clips, as many as a batch takes, fit; the same answer on every process."""
    longest = float(durations.max())
    count = int(min(max_batch, max(1, batch_s // longest)))
    return all(stepper.ranks.gather(try_batch(stepper, longest, count)))


def try_batch(stepper: Stepper, seconds: float, count: int) -> bool:
    """One forward and backward pass over `count` clips of noise; the model is left as it was."""
    import torch

    family = stepper.family
    buffers = {name: value.clone() for name, value in family.model.named_buffers()}
    family.model.train()
    try:
        loss, _ = family.loss(family.collate(noise(family, seconds, count)))
        loss.backward()  # type: ignore[no-untyped-call]
        return True
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    finally:
        stepper.optimiser.zero_grad(set_to_none=True)
        for name, value in family.model.named_buffers():
            value.copy_(buffers[name])
        if stepper.device.type == "cuda":
            torch.cuda.empty_cache()


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
