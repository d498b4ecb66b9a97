"""Limits of a model's figures: for all splits, which is said, or for train alone."""

import polars as pl
import pytest

from govor.config import SelectConfig
from govor.corpora.easing import easings
from govor.curate import select_corpus
from govor.store import read_json

LIMITS = {"min_similarity": 0.9, "min_confidence": 0.5}


def select(corpus, **settings):
    out = corpus.parent / f"{corpus.name}-{settings.get('limits_on', 'all')}"
    return select_corpus(corpus, out, SelectConfig(**settings)), out


@pytest.fixture
def half_doubtful(make_corpus):
    """Of 200 utterances every second is heard otherwise, by a model whose name the corpus knows."""
    rows = [
        {
            "text": f"rečenica broj {n} od mnogih",
            "asr": "nešto posve drugo" if n % 2 else f"rečenica broj {n} od mnogih",
        }
        for n in range(200)
    ]
    rows = [{**row, "confidence": 0.9, "odd": n % 2} for n, row in enumerate(rows)]
    return make_corpus(rows, notes={"second_transcript": "asr", "align": {"model": "whisper-base"}})


def test_dev_and_test_keep_what_is_hard(half_doubtful, table):
    summary, out = select(half_doubtful, dev=20, test=40, limits_on="train", **LIMITS)
    found = table(out)
    assert summary.splits["test"] == 40 and summary.splits["dev"] == 20
    assert set(found.filter(pl.col("split") == "train")["odd"]) == {0}
    hard = found.filter(pl.col("split") != "train")["odd"].sum()
    assert 15 <= hard <= 45  # of 60, drawn from 200 of which half are
    assert not [line for line in summary.statements if "--limits-on" in line]
    held = found.filter(pl.col("split") != "train")
    assert held["within_limits"].to_list() == (held["odd"] == 0).to_list()


def test_a_test_set_that_a_model_made_easy_is_said(half_doubtful, table):
    summary, out = select(half_doubtful, dev=20, test=40, **LIMITS)
    assert set(table(out)["odd"]) == {0}
    [said] = [line for line in summary.statements if "--limits-on train" in line]
    assert "took 100 of 200 utterances before dev and test were drawn" in said
    assert "most of all that of whisper-base" in said


def test_splits_that_came_with_the_corpus_are_counted_themselves(make_corpus):
    rows = [
        {"split": "test" if n < 10 else "train", "confidence": 0.1 if n < 4 or n > 15 else 0.9}
        for n in range(20)
    ]
    summary, _ = select(make_corpus(rows), min_confidence=0.5)
    [said] = [line for line in summary.statements if "--limits-on train" in line]
    assert "took 4 of 10 utterances of dev and test" in said
    assert "most of all" not in said
    summary, _ = select(make_corpus(rows), min_confidence=0.5, limits_on="train")
    assert summary.splits == {"test": 10, "train": 6}


def test_without_a_test_set_nothing_is_said(make_corpus):
    summary, _ = select(make_corpus([{"confidence": 0.1}, {"confidence": 0.9}]), min_confidence=0.5)
    assert not [line for line in summary.statements if "--limits-on" in line]


def test_what_limits_took_stays_noted(half_doubtful, make_corpus):
    _, once = select(half_doubtful, dev=20, test=40, **LIMITS)
    _, twice = select(once, max_duration=100.0)
    notes = read_json(twice / "corpus.json")["notes"]
    assert easings(notes) == [{"taken": 100, "of": 200, "models": ["whisper-base"], "fingerprints": []}]
    merged = {"merge": {"corpora": {"one": {"notes": notes}, "two": {"notes": {}}}}}
    assert easings(merged) == easings(notes)
    chosen = {**merged, "select": {"easings": easings(merged)}}  # what a selection of the merged corpus notes
    assert easings(chosen) == easings(notes)
    _, spared = select(half_doubtful, dev=20, test=40, limits_on="train", **LIMITS)
    assert easings(read_json(spared / "corpus.json")["notes"]) == []
