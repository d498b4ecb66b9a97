"""Randomness as a function of where the run stands, never of what was drawn before.

Dropout, layer drop and in-model masks draw from the frameworks' global generators; these are seeded anew
before every forward pass from (seed, step, piece, rank). Nothing needs to be stored to continue exactly.
"""

from __future__ import annotations

import hashlib
import random

import numpy as np


def derived_seed(*parts: int | str) -> int:
    """A 63-bit seed from `parts`; equal parts give equal seeds on every machine."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """A counter-based (Philox) generator of its own for `parts`, such as (seed, epoch, id)."""
    return np.random.Generator(np.random.Philox(derived_seed(*parts)))


def seed_forward(seed: int, step: int, piece: int, rank: int) -> None:
    """Seeds torch, numpy and random for one forward pass."""
    import torch

    value = derived_seed("forward", seed, step, piece, rank)
    torch.manual_seed(value)
    np.random.seed(value % 2**32)
    random.seed(value)
