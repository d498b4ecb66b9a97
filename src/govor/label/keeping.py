"""Which machine texts are kept: an order by how sure they are, pure arithmetic.

Shapes: N segments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def kept(
    confidence: Sequence[float | None], agreement: Sequence[float | None], by: str, share: float
) -> NDArray[np.bool_]:
    """Which segments are the surest `share` ``[N]``; equal ones fall by their order.

    Args:
        confidence: of each; None counts as the least.
        agreement: of each; None counts as the least.
        by: ``confidence``, ``agreement``, or ``both``: the mean of the two ranks.
        share: of the segments, rounded to whole ones.
    """
    sure = sureness(confidence, agreement, by)
    wanted = round(share * len(sure))
    best = np.argsort(-sure, kind="stable")[:wanted]
    chosen = np.zeros(len(sure), np.bool_)
    chosen[best] = True
    return chosen


def sureness(confidence: Sequence[float | None], agreement: Sequence[float | None], by: str) -> Floats:
    """A number for each segment ``[N]``, larger where it is surer: its rank, as a share."""
    ranks = {"confidence": _ranks(confidence), "agreement": _ranks(agreement)}
    return (ranks["confidence"] + ranks["agreement"]) / 2 if by == "both" else ranks[by]


def _ranks(values: Sequence[float | None]) -> Floats:
    """Shares of the values that are smaller, equal ones by half ``[N]``."""
    numbers = np.array([-np.inf if value is None else value for value in values], np.float64)
    ordered = np.sort(numbers)
    below, upto = np.searchsorted(ordered, numbers, "left"), np.searchsorted(ordered, numbers, "right")
    return np.asarray((below + upto) / 2 / max(len(numbers), 1), np.float64)
