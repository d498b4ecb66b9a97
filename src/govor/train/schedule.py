"""The learning rate as a pure function of the step."""

from __future__ import annotations

import math


def rate_factor(step: int, total_steps: int, warmup: float, shape: str) -> float:
    """Factor of the peak learning rate for optimiser step `step` (0-based) of `total_steps`.

    Args:
        step: the step about to be taken.
        total_steps: of the whole run.
        warmup: share of the steps over which the factor climbs linearly to 1 (a number of steps above 1).
        shape: ``linear`` and ``cosine`` fall to 0 at the end, ``constant`` stays.
    """
    warm_steps = round(warmup) if warmup > 1 else math.ceil(warmup * total_steps)
    if step < warm_steps:
        return (step + 1) / warm_steps
    if shape == "constant":
        return 1.0
    done = min(1.0, (step - warm_steps) / max(1, total_steps - warm_steps))
    return 0.5 * (1 + math.cos(math.pi * done)) if shape == "cosine" else 1.0 - done
