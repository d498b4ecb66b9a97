"""References that may be wrong: where a confident model disagrees, or hears more than was written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from govor.evaluate.edits import Block, align, words
from govor.evaluate.scores import HITS, INSERTIONS, Scores

MOST_BELIEVABLE_WER = 0.5
"""A model that errs more says nothing about references."""
LEAST_WER = 0.3
LEAST_SUSPICION = 0.35
LEAST_ADDED_WORDS = 3
LEAST_HIT_SHARE = 0.6
UNKNOWN_RANK = 0.5
"""Confidence rank where the model gives no confidence."""

INCOMPLETE = "transcript incomplete"
MISALIGNED = "transcript of something else"
DOUBTFUL = "confident disagreement"


@dataclass
class Suspects:
    """Rows whose reference may be wrong.

    Attributes:
        rows: row -> (reason, suspicion from 0 to 1).
    """

    rows: dict[int, tuple[str, float]] = field(default_factory=dict)

    def ranked(self) -> list[tuple[int, str, float]]:
        """(row, reason, suspicion), most suspicious first."""
        rows = ((row, reason, suspicion) for row, (reason, suspicion) in self.rows.items())
        return sorted(rows, key=lambda item: (-item[2], item[0]))


def find_suspects(scores: Scores, confidences: Sequence[float | None] | None = None) -> Suspects:
    """Ranks utterances by how much they look like errors of the transcript.

    Suspicion is the rank of the model's confidence among all utterances (0 to 1) times the character error
    rate (at most 1); where words are added at an end of an otherwise agreeing transcript, times 1.

    A model that is wrong in more than half of all words accuses nobody.

    Args:
        scores: of the system.
        confidences: of the model by utterance; without them only incomplete transcripts are found.
    """
    ranks = confidence_ranks(confidences, len(scores.ids))
    added = scores.words.edits[:, INSERTIONS] >= LEAST_ADDED_WORDS
    found = Suspects()
    if not scores.wer.value <= MOST_BELIEVABLE_WER:
        return found
    for row in np.flatnonzero(((scores.words.rates >= LEAST_WER) | added) & (scores.words.units > 0)):
        reason, weight = _judge(scores, int(row))
        suspicion = float(ranks[row]) * weight
        if suspicion >= LEAST_SUSPICION:
            found.rows[int(row)] = (reason, suspicion)
    return found


def confidence_ranks(confidences: Sequence[float | None] | None, size: int) -> NDArray[np.float64]:
    """Rank of every confidence among all, 0 lowest and 1 highest; 0.5 where unknown."""
    from scipy.stats import rankdata

    ranks = np.full(size, UNKNOWN_RANK)
    if confidences is None:
        return ranks
    values = np.array([np.nan if value is None else value for value in confidences], np.float64)
    known = np.flatnonzero(~np.isnan(values))
    if len(known) > 1:
        ranks[known] = (rankdata(values[known]) - 1) / (len(known) - 1)
    return ranks


def _judge(scores: Scores, row: int) -> tuple[str, float]:
    reference, hypothesis = (
        words(text[row]) for text in (scores.texts.normal_references, scores.texts.normal_hypotheses)
    )
    hits = int(scores.words.edits[row, HITS])
    if scores.words.edits[row, INSERTIONS] >= LEAST_ADDED_WORDS and hits >= LEAST_HIT_SHARE * len(reference):
        blocks = align(reference, hypothesis)
        if any(_adds(block) for block in (blocks[0], blocks[-1])):
            return INCOMPLETE, 1.0
    weight = min(1.0, float(scores.chars.rates[row]))
    return (MISALIGNED if hits == 0 else DOUBTFUL), weight


def _adds(block: Block) -> bool:
    return block.tag == "insert" and block.hypothesis_end - block.hypothesis_start >= LEAST_ADDED_WORDS
