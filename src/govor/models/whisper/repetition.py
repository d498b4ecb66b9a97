"""Decoders that do not get away from a phrase: how that is seen in the tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEWEST_REPEATS = 5
FEWEST_REPEATED_TOKENS = 24
"""What people do say again and again is shorter: five times the same in so many tokens is a loop."""


def end_of_first(tokens: Sequence[int]) -> int | None:
    """How many tokens stand up to the end of what is then repeated without end; None where nothing is.

    Args:
        tokens: of text, without times.
    """
    ids = np.asarray(tokens, np.int64)
    found = (_loop(ids, period) for period in range(1, len(ids) // FEWEST_REPEATS + 1))
    return min((end for end in found if end is not None), default=None)


def _loop(ids: np.ndarray[tuple[int], np.dtype[np.int64]], period: int) -> int | None:
    """Where the first of the repeats with this period ends."""
    same = np.concatenate([[False], ids[period:] == ids[:-period], [False]])
    edges = np.flatnonzero(np.diff(same.astype(np.int8)))
    least = max((FEWEST_REPEATS - 1) * period, FEWEST_REPEATED_TOKENS - period)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= least:
            return int(start) + period
    return None
