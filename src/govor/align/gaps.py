"""Letters between anchors: dynamic programming with affine gaps on either side.

Gotoh, "An improved algorithm for matching biological sequences" (1982). Row by row in numpy: the gap along a
row is a running maximum. What would need a larger table than `MOST_CELLS` is matched at its two ends alone;
so memory does not grow with the texts.

Shapes: A and B letters of the two sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from govor.align.anchors import Codes

MATCH, MISMATCH, OPEN, EXTEND = 4, -2, 4, 1
"""Twice the usual 2, -1, 2 and a half: whole numbers."""
MOST_CELLS = 1_500_000
EDGE = 500
"""Letters at each end of a gap that is too large."""
EVEN = 2.0
"""Sides whose lengths differ by less are matched by the plain edit distance: a gap has no room to matter."""
EVEN_SLACK = 12
_LOW = -(1 << 28)
_DIAGONAL, _DOWN, _ACROSS = 0, 1, 2
_DOWN_GOES_ON, _ACROSS_GOES_ON = 4, 8

Pairs = NDArray[np.int64]
"""``[N, 2]``: places in the two sides that stand for each other, ascending in both."""
NONE: Pairs = np.zeros((0, 2), np.int64)


def between(a: Codes, b: Codes) -> Pairs:
    """Which letters of two sides stand for each other, where both have to be passed from end to end."""
    if not len(a) or not len(b):
        return NONE
    if len(a) * len(b) > MOST_CELLS:
        return _edges(a, b)
    if max(len(a), len(b)) <= EVEN * min(len(a), len(b)) + EVEN_SLACK and len(a) * len(b) < 40_000:
        return _even(a, b)
    return affine(a, b)


def _edges(a: Codes, b: Codes) -> Pairs:
    """From both ends inwards; where the two meet, what comes from the beginning stays."""
    ahead = forward(a[:EDGE], b[:EDGE])
    back = backward(a[-EDGE:], b[-EDGE:]) + np.array([len(a), len(b)])
    if len(ahead):
        back = back[(back > ahead[-1]).all(axis=1)]
    return np.concatenate([ahead, back])


def _even(a: Codes, b: Codes) -> Pairs:
    """By the plain edit distance."""
    found = [
        np.stack([np.arange(op.src_start, op.src_end), np.arange(op.dest_start, op.dest_end)], axis=1)
        for op in Levenshtein.opcodes(a.tolist(), b.tolist())
        if op.tag in ("equal", "replace")
    ]
    return np.concatenate(found) if found else NONE


def forward(a: Codes, b: Codes) -> Pairs:
    """The same from the beginning of both, until going on costs more than it gains."""
    return affine(a, b, free_end=True)


def backward(a: Codes, b: Codes) -> Pairs:
    """The same from the end of both; places are counted from the end and so negative."""
    pairs = affine(a[::-1], b[::-1], free_end=True)
    return -1 - pairs[::-1]


def affine(a: Codes, b: Codes, free_end: bool = False) -> Pairs:
    """The best alignment with affine gaps; with a free end it stops where the score is highest."""
    if not len(a) or not len(b):
        return NONE
    steps, ends = _table(a, b)
    row, column = len(a), len(b)
    if free_end:
        row = int(ends[:, 0].argmax())
        column = int(ends[row, 1])
    return _traced(steps, row, column)


def _table(a: Codes, b: Codes) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """How each cell was reached ``[A + 1, B + 1]``, and the best score and its column of each row."""
    columns = np.arange(len(b) + 1, dtype=np.int32) * EXTEND
    steps = np.zeros((len(a) + 1, len(b) + 1), np.int8)
    steps[0] = _ACROSS | _ACROSS_GOES_ON
    ends = np.zeros((len(a) + 1, 2), np.int64)
    best = -OPEN - columns
    best[0] = 0
    down = np.full(len(b) + 1, _LOW, np.int32)
    across = np.full(len(b) + 1, _LOW, np.int32)
    further = np.zeros(len(b) + 1, bool)
    here = {letter: np.where(b == letter, np.int32(MATCH), np.int32(MISMATCH)) for letter in set(a.tolist())}
    for row, letter in enumerate(a.tolist(), 1):
        opened = best - OPEN
        longer = down >= opened
        down = np.maximum(down, opened) - EXTEND
        diagonal = best[:-1] + here[letter]
        step = steps[row]
        step[0] = _DOWN
        step[1:] = diagonal < down[1:]  # else _DIAGONAL
        level = down.copy()
        np.maximum(level[1:], diagonal, out=level[1:])
        across[1:] = np.maximum.accumulate(level + columns)[:-1] - columns[1:] - OPEN
        np.greater(across[1:-1], level[1:-1] - OPEN, out=further[2:])
        jump = across > level
        step[jump] = _ACROSS
        step |= longer * np.int8(_DOWN_GOES_ON) | further * np.int8(_ACROSS_GOES_ON)
        best = np.maximum(level, across)
        ends[row] = best.max(), best.argmax()
    return steps, ends


def _traced(steps: NDArray[np.int8], row: int, column: int) -> Pairs:
    pairs = []
    kind = -1
    while row > 0 and column > 0:
        cell = int(steps[row, column])
        kind = cell & 3 if kind < 0 else kind
        if kind == _DIAGONAL:
            row, column = row - 1, column - 1
            pairs.append((row, column))
            kind = -1
        elif kind == _DOWN:
            kind = _DOWN if cell & _DOWN_GOES_ON else -1
            row -= 1
        else:
            kind = _ACROSS if cell & _ACROSS_GOES_ON else -1
            column -= 1
    return np.array(pairs[::-1], np.int64).reshape(-1, 2)
