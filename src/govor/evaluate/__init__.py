"""Hypotheses to scores with intervals, slices and outliers; see docs/evaluate.md."""

from govor.evaluate.decode import decode_rows
from govor.evaluate.edits import align, char_edits, corpus_rate, word_edits
from govor.evaluate.intervals import Grouping, difference_interval, grouping, rate_interval
from govor.evaluate.scores import Scores, score

__all__ = [
    "Grouping",
    "Scores",
    "align",
    "char_edits",
    "corpus_rate",
    "decode_rows",
    "difference_interval",
    "grouping",
    "rate_interval",
    "score",
    "word_edits",
]
