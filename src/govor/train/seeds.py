"""Randomness as a function of where the run stands, never of what was drawn before.

Dropout, layer drop and in-model masks draw from the frameworks' global generators; these are seeded again
before every forward pass from (seed, step, piece, rank). Nothing needs to be stored to continue exactly.
"""

from __future__ import annotations

import random

import numpy as np

from govor.load.seeds import derived_seed as derived_seed
from govor.load.seeds import generator as generator


def seed_forward(seed: int, step: int, piece: int, rank: int) -> None:
    """Seeds torch, numpy and random for one forward pass."""
    import torch

    value = derived_seed("forward", seed, step, piece, rank)
    torch.manual_seed(value)
    np.random.seed(value % 2**32)
    random.seed(value)
