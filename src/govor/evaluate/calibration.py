"""Whether a model's confidence tells its errors from what it got right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from govor.evaluate.scores import HITS, INSERTIONS, SUBSTITUTIONS, Scores


def error_auc(scores: Scores, confidences: Sequence[float | None]) -> float | None:
    """Chance that a wrong word has a lower confidence than a right one, of all pairs; 0.5 says nothing.

    Words have the confidence of their utterance. Wrong ones are those that the model wrote: exchanged and
    added. Area under the ROC curve as in Hanley and McNeil, 1982; equal confidences count half.

    Args:
        scores: of the utterances.
        confidences: of the model by utterance ``[N]``; utterances without one are left out.

    Returns:
        None where nothing is wrong, nothing right, or no confidence known.
    """
    values = np.array([np.nan if value is None else value for value in confidences], np.float64)
    known = np.isfinite(values)
    edits = scores.words.edits[known]
    right = edits[:, HITS].astype(np.float64)
    wrong = (edits[:, SUBSTITUTIONS] + edits[:, INSERTIONS]).astype(np.float64)
    return _area(values[known], right, wrong)


def _area(
    values: NDArray[np.float64], right: NDArray[np.float64], wrong: NDArray[np.float64]
) -> float | None:
    if not right.sum() or not wrong.sum():
        return None
    levels, codes = np.unique(values, return_inverse=True)
    rights = np.bincount(codes, weights=right, minlength=len(levels))
    wrongs = np.bincount(codes, weights=wrong, minlength=len(levels))
    above = rights.sum() - np.cumsum(rights)
    return float((wrongs * (above + rights / 2)).sum() / (right.sum() * wrong.sum()))
