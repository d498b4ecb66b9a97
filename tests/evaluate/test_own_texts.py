"""A model that is measured on texts that it wrote itself is told so."""

import polars as pl
import pytest

from govor.commands.evaluate import lines_of
from govor.config import EvaluateConfig
from govor.evaluate import evaluate

CONFIG = EvaluateConfig(batch_s=30)


@pytest.fixture
def checked(stage, perfect, dataset, monkeypatch):
    """Some texts of the split were written by the model ``m1`` and then checked."""
    stage[0].update(tuned=perfect)
    sources = ["machine_checked"] * 6 + ["human"] * (dataset.frame.height - 6)
    models = ["m1"] * 4 + ["m2"] * 2 + [None] * (dataset.frame.height - 6)
    dataset.frame = dataset.frame.with_columns(
        pl.Series("text_source", sources), pl.Series("text_model", models, dtype=pl.String)
    )
    return lambda *names: monkeypatch.setattr("govor.models.identity.lineage", lambda model: names)


def test_a_model_that_descends_from_the_writer_is_warned_of(checked, tmp_path):
    checked("tuned", "m1")
    summary = evaluate("tuned", "stub", tmp_path / "e", CONFIG)
    assert summary["own_texts"] == 4
    said = [line for line in lines_of(summary) if "first written by this model" in line]
    assert len(said) == 1 and "4 of 60 texts of test" in said[0]
    assert "first written by this model" in (tmp_path / "e" / "report.html").read_text()


def test_another_model_is_not(checked, tmp_path):
    checked("other")
    summary = evaluate("tuned", "stub", tmp_path / "e", CONFIG)
    assert summary["own_texts"] == 0
    assert not any("first written" in line for line in lines_of(summary))


def test_hypotheses_from_outside_have_no_model_that_is_known(checked, tmp_path, dataset):
    checked("m1")
    lines = [f"{name}\t{text}" for name, text in dataset.table("test").select("id", "text").iter_rows()]
    file = tmp_path / "others.tsv"
    file.write_text("id\ttext\n" + "\n".join(lines))
    assert evaluate(None, "stub", tmp_path / "e", CONFIG, hypotheses=file)["own_texts"] == 0


@pytest.fixture
def chosen(stage, perfect, dataset, monkeypatch):
    """A test split that limits by figures of the model ``m1`` had chosen."""
    stage[0].update(tuned=perfect)
    dataset.info = {"easings": [{"taken": 30, "of": 90, "models": ["weak"], "fingerprints": ["m1"]}]}
    return lambda *names: monkeypatch.setattr("govor.models.identity.lineage", lambda model: names)


def test_a_model_that_chose_its_test_rows_is_warned_of(chosen, tmp_path):
    chosen("tuned", "m1")
    summary = evaluate("tuned", "stub", tmp_path / "e", CONFIG)
    assert summary["own_limits"]["taken"] == 30
    [said] = [line for line in lines_of(summary) if "--limits-on train" in line]
    assert "30 of 90 utterances" in said
    assert "--limits-on train" in (tmp_path / "e" / "report.html").read_text()


def test_rows_that_another_model_chose_are_no_reason(chosen, tmp_path):
    chosen("other")
    summary = evaluate("tuned", "stub", tmp_path / "e", CONFIG)
    assert summary["own_limits"] is None
    assert not any("--limits-on" in line for line in lines_of(summary))
