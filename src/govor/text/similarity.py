"""Agreement of a transcript with a second one."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein


def similarity(a: str, b: str) -> float:
    """``1 - 2 * distance / (len(a) + len(b))`` with plain Levenshtein distance in characters.

    It can be negative; two empty texts count 1.0.
    """
    total = len(a) + len(b)
    return 1.0 - 2.0 * Levenshtein.distance(a, b) / total if total else 1.0
