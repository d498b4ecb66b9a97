"""Batches that do not fit: run in pieces now, and from now on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from govor.models.base import Batch


def in_pieces(batch: Batch, pieces: int) -> list[Batch]:
    """A collated batch cut along its first dimension into at most `pieces` batches."""
    length = len(batch.ids)
    size = -(-length // pieces)
    return [batch.part(start, start + size) for start in range(0, length, size)]


def pieces_for(cost_s: float, known: Sequence[tuple[float, int]]) -> int:
    """In how many pieces a batch of `cost_s` padded seconds is run, given where memory ran out before."""
    return max((pieces for failed_s, pieces in known if cost_s >= failed_s), default=1)


def largest_that_fits(fits: Callable[[float], bool], start_s: float, most_s: float) -> float:
    """The largest of start x 2^n (then one step of x1.5) padded seconds for which `fits` is true.

    Args:
        fits: tries a batch of so many padded seconds.
        start_s: tried first; halved until something fits.
        most_s: never more than this.

    Returns:
        Seconds, or 0.0 when not even a sixteenth of `start_s` fits.
    """
    size = start_s
    while size >= start_s / 16 and not fits(size):
        size /= 2
    if size < start_s / 16:
        return 0.0
    while size * 2 <= most_s and size >= start_s and fits(size * 2):
        size *= 2
    return size * 1.5 if size * 1.5 <= most_s and fits(size * 1.5) else size
