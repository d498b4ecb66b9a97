"""Scores: joined by id, every row counted (PAINS 24)."""

import math

import pytest

from govor.config import TextConfig
from govor.errors import InputError
from govor.evaluate import score
from govor.records import EditCounts
from govor.text import Normaliser

REFERENCES = {"a": "Dobar dan, svima!", "b": "", "c": "treća rečenica"}


def test_missing_hypotheses_are_deletions_and_empty_references_count():
    scores = score(REFERENCES, {"b": "hm", "a": "dobar dan svima"}, Normaliser.of(TextConfig(), "hr"))
    assert scores.words.counts == EditCounts(hits=3, deletions=2, insertions=1)
    assert scores.wer.value == pytest.approx(3 / 5)
    assert scores.missing == ["c"]
    assert scores.empty_references == [1]
    assert scores.words.rates.tolist() == [0.0, math.inf, 1.0]


def test_raw_and_normalised_stand_beside_each_other():
    scores = score(REFERENCES, {"a": "dobar dan svima"}, Normaliser.of(TextConfig(), "hr"))
    assert scores.raw_words.counts.substitutions == 3
    assert scores.words.counts.substitutions == 0
    assert scores.normaliser.startswith("govor-1:")


def test_order_of_hypotheses_does_not_matter():
    hypotheses = {"c": "treća", "b": "x", "a": "dobar"}
    first = score(REFERENCES, hypotheses)
    second = score(REFERENCES, dict(reversed(hypotheses.items())))
    assert (first.words.edits == second.words.edits).all()
    assert first.wer == second.wer


def test_unknown_ids_are_refused():
    with pytest.raises(InputError, match="'z'"):
        score(REFERENCES, {"z": "?"})


def test_speakers_are_resampled_when_given():
    scores = score(REFERENCES, {}, groups={"a": "x", "b": "x", "c": "y"})
    assert (scores.groups.unit, scores.groups.count) == ("speaker", 2)


def test_the_headline_of_scripts_without_spaces_is_by_character():
    chinese = score({"a": "今天天气很好 OK", "b": "你好"}, {"a": "今天天气狠好 OK", "b": "你好"})
    assert chinese.headline == "cer" and chinese.segmentation.startswith("characters with their marks")
    assert chinese.cer.value == pytest.approx(1 / 11) and chinese.wer.value == pytest.approx(1 / 9)
    croatian = score({"a": "dobar dan 你好"}, {"a": "dobar dan"})
    assert croatian.headline == "wer" and croatian.segmentation == "white space"
