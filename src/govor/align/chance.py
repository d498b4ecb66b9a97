"""Texts of other recordings: which pieces agree with what was heard by chance alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product

from govor.align.placing import Piece
from govor.align.planning import GroupPlan

LEAST_OF_RECORDING, LEAST_OF_TEXT = 0.05, 0.2
"""A text is refused where less of the recording and less of the text agree; for the recording, letters that
differ and sentences that stand alone do not count."""
STEP_UNITS, STEP_S = 4, 30.0
"""Sentences that follow each other are at most so far apart in the text and in the recording."""


def without_chance(planned: GroupPlan, recordings: int) -> GroupPlan:
    """A plan without the pieces of a recording and a text that share next to nothing.

    Such a text is another recording's: what agrees are phrases that both have by chance.

    Args:
        planned: with all its pieces.
        recordings: how many the group has.
    """
    plan, side = planned.plan, planned.side
    refused = _refused_pairs(planned, recordings)

    def chance(piece: Piece) -> bool:
        return (piece.recording, side.sources[piece.unit]) in refused

    kept = [piece for piece in plan.placed if not chance(piece)]
    lost = [piece for piece in plan.placed if chance(piece)]
    return replace(planned, plan=replace(plan, placed=kept, unplaced=[*plan.unplaced, *lost]))


def _refused_pairs(planned: GroupPlan, recordings: int) -> set[tuple[int, int]]:
    """Recordings and texts of which too little agrees."""
    side, pieces = planned.side, planned.plan.placed
    heard, whole = Counter[int](), Counter[int]()
    for word in planned.words:
        heard[word.recording] += len(word.text)
    for unit, source in zip(side.units, side.sources, strict=True):
        whole[source] += sum(map(len, unit.words))
    said, in_order = Counter[tuple[int, int]](), defaultdict[tuple[int, int], float](float)
    for piece, follows in zip(pieces, in_step(pieces), strict=True):
        pair = piece.recording, side.sources[piece.unit]
        said[pair] += piece.letters
        in_order[pair] += max(piece.letters - piece.errors, 0.0) * follows
    return {
        (recording, source)
        for recording, source in product(range(recordings), whole)
        if in_order[recording, source] < LEAST_OF_RECORDING * heard[recording]
        and said[recording, source] < LEAST_OF_TEXT * whole[source]
    }


def in_step(pieces: Sequence[Piece]) -> list[bool]:
    """Whether each piece, in the order of the text, is said soon before or soon after its neighbour there.

    Sentences that two texts have by chance stand alone.
    """
    steps = [_in_step(before, piece) for before, piece in pairwise(pieces)]
    return [any(steps[max(number - 1, 0) : number + 1]) for number in range(len(pieces))]


def _in_step(before: Piece, piece: Piece) -> bool:
    return (
        before.recording == piece.recording
        and piece.unit - before.unit <= STEP_UNITS
        and piece.start >= before.start
        and piece.start - before.end <= STEP_S
    )
