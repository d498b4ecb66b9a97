"""Sound between two words of a sentence that the letters of neither explain is shared between them.

A model of another language often has no letter for the end of a word or the beginning of the next one; the
forced path then leaves a hole there, and the second word seems to begin late. Both words are taken to be
spoken at one pace. (In a hole that a model of the language leaves, something else was said.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from govor.align.placing import Piece

SHORTEST_GAP_S, LONGEST_GAP_S = 0.1, 0.5
"""Less is the usual blank between two letters; more is no part of a word."""

Spans = Sequence[tuple[float, float]]


def with_shared_gaps(piece: Piece, letters: Sequence[int]) -> Piece:
    """A piece whose words meet where its gaps are short; pauses are taken off again by `at_pauses`.

    Args:
        piece: with times of its words.
        letters: how many each word has.
    """
    return replace(piece, times=shared(piece.times, letters))


def shared(times: Spans, letters: Sequence[int]) -> tuple[tuple[float, float], ...]:
    """Start and end of each word, seconds, with the gaps between them given to both."""
    starts, ends = [start for start, _ in times], [end for _, end in times]
    for before, here in pairwise(range(len(times))):
        if SHORTEST_GAP_S <= times[here][0] - times[before][1] <= LONGEST_GAP_S:
            starts[here] = ends[before] = _meeting(times[before], times[here], letters[before], letters[here])
    return tuple(zip(starts, ends, strict=True))


def _meeting(before: tuple[float, float], here: tuple[float, float], first: int, second: int) -> float:
    """When the second word begins, if both are spoken at one pace; never within what one of them has."""
    share = first / max(first + second, 1)
    return min(max(before[0] + share * (here[1] - before[0]), before[1]), here[0])
