"""A block of decoded samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
"""Samples ``[T, C]``, -1..1."""


LOUDEST = 1e9
"""Full scale is 1; of 24-bit samples that somebody stored as floats without scaling them it is 8e6."""


def finite(block: Block) -> Block:
    """`block` itself, or a copy: what is not a number is silence, infinities are full scale.

    Numbers beyond `LOUDEST`, which only damage makes, are full scale too: resampled they would be infinite.
    """
    if not block.size or max(block.max(), -block.min()) <= LOUDEST:
        return block
    block = np.nan_to_num(block, copy=True, nan=0.0)
    return np.where(np.abs(block) <= LOUDEST, block, np.sign(block))
