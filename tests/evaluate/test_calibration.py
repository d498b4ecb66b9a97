"""The area under the curve, on confidences whose order is known."""

import itertools

import numpy as np
import pytest

from govor.evaluate import score
from govor.evaluate.calibration import error_auc

REFERENCES = {"good": "a b c", "half": "a b", "bad": "a", "silent": "a"}
HYPOTHESES = {"good": "a b c", "half": "a x", "bad": "x y", "silent": ""}


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        ((0.9, 0.5, 0.1, 0.2), (2 * 4 + 3 + 0.5) / 12),
        ((0.1, 0.5, 0.9, 0.2), (0.5 + 0) / 12),
        ((0.5, 0.5, 0.5, 0.5), 0.5),
        ((0.9, None, 0.1, None), 1.0),
        ((None, None, None, None), None),
    ],
)
def test_pairs_counted_by_hand(confidences, expected):
    """4 right words (3 good, 1 half), 3 wrong ones (1 half, 2 bad); a deleted word has no confidence."""
    found = error_auc(score(REFERENCES, HYPOTHESES), confidences)
    assert found == (expected if expected is None else pytest.approx(expected))


def test_agrees_with_every_pair():
    random = np.random.default_rng(1)
    references = {str(n): " ".join("ab"[b] for b in random.integers(0, 2, 4)) for n in range(30)}
    hypotheses = {str(n): " ".join("ab"[b] for b in random.integers(0, 2, 5)) for n in range(30)}
    scores, confidences = score(references, hypotheses), random.integers(0, 6, 30) / 5
    right = np.repeat(confidences, scores.words.edits[:, 0])
    wrong = np.repeat(confidences, scores.words.edits[:, 1] + scores.words.edits[:, 3])
    pairs = [1.0 if w < r else 0.5 if w == r else 0.0 for r, w in itertools.product(right, wrong)]
    assert error_auc(scores, list(confidences)) == pytest.approx(np.mean(pairs))


def test_nothing_wrong_has_no_area():
    assert error_auc(score({"a": "x"}, {"a": "x"}), [0.5]) is None
