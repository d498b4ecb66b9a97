"""A block of decoded samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Samples ``[T, C]``, -1..1."""


def finite(block: Block) -> Block:
    """`block` itself, or a copy in which what is not a number is silence."""
    if np.isfinite(block.sum()):
        return block
    return np.nan_to_num(block, copy=True, nan=0.0, posinf=1.0, neginf=-1.0)
