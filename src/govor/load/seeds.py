"""Randomness as a function of what it is for, never of what was drawn before."""

from __future__ import annotations

import hashlib

import numpy as np


def derived_seed(*parts: int | str) -> int:
    """A 63-bit seed from `parts`; equal parts give equal seeds on every machine."""
    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """A counter-based (Philox) generator of its own for `parts`, such as (seed, epoch, id)."""
    return np.random.Generator(np.random.Philox(derived_seed(*parts)))


def fixed_rows(count: int, wanted: int, seed: int) -> list[int]:
    """A seeded choice of `wanted` of `count` dev rows (all when 0), in order: those judged while training."""
    if not wanted or wanted >= count:
        return list(range(count))
    return sorted(generator("dev", seed).choice(count, wanted, replace=False).tolist())
