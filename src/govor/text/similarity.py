"""Agreement of a transcript with a second one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein


def similarity(a: str, b: str) -> float:
    """``1 - 2 * distance / (len(a) + len(b))`` with plain Levenshtein distance in characters.

    It can be negative; two empty texts count 1.0. (rapidfuzz's own ratios are other formulas.)
    """
    total = len(a) + len(b)
    return 1.0 - 2.0 * Levenshtein.distance(a, b) / total if total else 1.0


def similarities(a: Sequence[str], b: Sequence[str]) -> NDArray[np.float64]:
    """`similarity` of every pair, ``[N]``; one division for all."""
    distance = np.fromiter(map(Levenshtein.distance, a, b), np.int64, len(a))
    total = np.fromiter(map(len, a), np.int64, len(a)) + np.fromiter(map(len, b), np.int64, len(b))
    return np.where(total > 0, 1.0 - 2.0 * distance / np.maximum(total, 1), 1.0)
