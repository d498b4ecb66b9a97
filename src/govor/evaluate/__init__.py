"""Hypotheses become scores with intervals, slices and outliers; see docs/evaluate.md."""

from govor.evaluate.decode import decode_rows
from govor.evaluate.edits import align, char_edits, corpus_rate, word_edits
from govor.evaluate.evaluation import evaluate
from govor.evaluate.intervals import Grouping, difference_interval, grouping, rate_interval
from govor.evaluate.paired import compare_scores
from govor.evaluate.scores import Scores, score

__all__ = [
    "Grouping",
    "Scores",
    "align",
    "char_edits",
    "compare_scores",
    "corpus_rate",
    "decode_rows",
    "difference_interval",
    "evaluate",
    "grouping",
    "rate_interval",
    "score",
    "word_edits",
]
