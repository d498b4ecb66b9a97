"""The learning rate as a pure function of the step."""

from __future__ import annotations

import math

from govor.config.train import warm_steps


def rate_factor(step: int, total_steps: int, warmup: float, shape: str) -> float:
    """Factor of the peak learning rate for optimiser step `step` (0-based) of `total_steps`.

    Args:
        step: the step about to be taken.
        total_steps: of the whole run.
        warmup: share of the steps over which the factor climbs linearly to 1 (a number of steps above 1).
        shape: ``linear`` and ``cosine`` fall to 0 at the end, ``constant`` stays.
    """
    warm = warm_steps(total_steps, warmup)
    if step < warm:
        return (step + 1) / warm
    if shape == "constant":
        return 1.0
    done = min(1.0, (step - warm) / max(1, total_steps - warm))
    return 0.5 * (1 + math.cos(math.pi * done)) if shape == "cosine" else 1.0 - done
