"""CTC frames to tokens and words with times.

Shapes: F output frames, N tokens after collapsing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.models.confidence import geometric_mean
from govor.models.ctc.vocabulary import Vocabulary
from govor.records import Hypothesis, Word

MOST_KEPT_TOKENS = 256
"""At 50 frames a second these are 92 MB an hour; alphabets have 30 to 60 tokens."""


@dataclass(frozen=True, slots=True)
class Run:
    """A token over the frames in which it was the best one.

    Attributes:
        token: its id.
        first: first frame.
        last: last frame.
        probability: highest in the run.
    """

    token: int
    first: int
    last: int
    probability: float


def collapse(
    best: NDArray[np.int64], probabilities: NDArray[np.float32], skipped: Sequence[int]
) -> list[Run]:
    """Best ids per frame ``[F]`` to runs: repeats merged, then blanks and markers (`skipped`) left out."""
    if not len(best):
        return []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(best)) + 1])
    ends = np.concatenate([starts[1:], [len(best)]])
    peaks = np.maximum.reduceat(probabilities, starts)
    left_out = set(skipped)
    return [
        Run(int(best[first]), int(first), int(end) - 1, float(peak))
        for first, end, peak in zip(starts, ends, peaks, strict=True)
        if int(best[first]) not in left_out
    ]


def confidence(runs: Sequence[Run]) -> float | None:
    """Geometric mean probability of the tokens, or None without any."""
    return geometric_mean([run.probability for run in runs]) if runs else None


def hypothesis_of(
    runs: Sequence[Run], vocabulary: Vocabulary, frame_s: float, language: str | None, *, words: bool
) -> Hypothesis:
    """What runs say, with the times of words where they are asked for."""
    tokens = tuple(run.token for run in runs)
    timed = words_of(runs, vocabulary, frame_s) if words else ()
    return Hypothesis(vocabulary.decode(tokens), timed, confidence(runs), language, tokens)


def words_of(runs: Sequence[Run], vocabulary: Vocabulary, frame_s: float) -> tuple[Word, ...]:
    """Words with the times of their frames; a frame lasts `frame_s`."""
    words = []
    for group in _split(runs, vocabulary):
        text = vocabulary.decode([run.token for run in group])
        if text:
            words.append(
                Word(text, group[0].first * frame_s, (group[-1].last + 1) * frame_s, confidence(group))
            )
    return tuple(words)


def _split(runs: Sequence[Run], vocabulary: Vocabulary) -> list[list[Run]]:
    """Runs word by word: at delimiters, or before tokens that open a word (``▁``)."""
    groups: list[list[Run]] = [[]]
    for run in runs:
        if run.token == vocabulary.delimiter:
            groups.append([])
            continue
        if not vocabulary.by_character and vocabulary.tokens[run.token].startswith("▁"):
            groups.append([])
        groups[-1].append(run)
    return [group for group in groups if group]


def kept(scores: NDArray[np.float32]) -> NDArray[np.float16] | None:
    """Frames as a hypothesis keeps them; None for large vocabularies, which would fill disks."""
    return scores.astype(np.float16) if scores.shape[-1] <= MOST_KEPT_TOKENS else None


def repeats(labels: Sequence[int]) -> int:
    """How many labels equal the one before; CTC needs a blank between those."""
    return sum(a == b for a, b in itertools.pairwise(labels))
