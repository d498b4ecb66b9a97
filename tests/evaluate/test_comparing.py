"""`govor compare` on finished evaluations."""

import dataclasses
import json

import polars as pl
import pytest

from govor.commands.compare import _lines
from govor.config import EvaluateConfig
from govor.errors import InputError
from govor.evaluate import evaluate
from govor.evaluate.comparing import compare


@pytest.fixture
def folders(stage, perfect, careless, tmp_path):
    stage[0].update(perfect=perfect, careless=careless)
    for name in ("careless", "perfect"):
        evaluate(name, "stub", tmp_path / name, EvaluateConfig(slices=("voice",)))
    return [tmp_path / "careless", tmp_path / "perfect"]


def test_the_later_minus_the_first(folders, tmp_path):
    summary = compare(folders, tmp_path / "c")
    assert [system["name"] for system in summary["systems"]] == ["careless", "perfect"]
    assert summary["wer_difference"]["value"] == pytest.approx(-summary["systems"][0]["wer"]["value"])
    assert summary["wer_difference"]["high"] < 0
    assert summary["differences"][0]["wins"] == 30
    assert set(summary["slices"]["voice"]["heard"]["wer"]) == {"careless", "perfect"}
    assert json.loads((tmp_path / "c/comparison.json").read_text()) == dict(summary)
    table = pl.read_parquet(tmp_path / "c/comparison.parquet")
    assert table["errors_1"].sum() == 30 and table["errors_2"].sum() == 0
    assert "<del>" in (tmp_path / "c/comparison.html").read_text()


def test_the_same_systems_are_not_told_apart(folders, tmp_path, stage, careless):
    stage[0]["again"] = careless
    evaluate("again", "stub", tmp_path / "again", EvaluateConfig())
    summary = compare([folders[0], tmp_path / "again"], tmp_path / "c")
    assert summary["differences"][0]["verdict"] == "not told apart"
    assert summary["wer_difference"]["low"] < 0 < summary["wer_difference"]["high"]


def test_three_systems_with_different_normalisers_are_scored_alike(folders, tmp_path, perfect):
    evaluate("perfect", "stub", tmp_path / "raw", EvaluateConfig(rules=()))
    summary = compare([*folders, tmp_path / "raw"], tmp_path / "c")
    assert summary["rescored"]
    assert any(line.startswith("all are scored with the normaliser of careless") for line in _lines(summary))
    assert not any("all are scored" in line for line in _lines(compare(folders, tmp_path / "d")))
    assert summary["differences"][0]["wer_difference"] == summary["differences"][1]["wer_difference"]


def test_other_utterances_are_refused(folders, tmp_path, dataset, perfect):
    dataset.frame = dataset.frame.with_columns(pl.col("id").str.replace("u00", "other"))
    evaluate("perfect", "stub", tmp_path / "other", dataclasses.replace(EvaluateConfig(), seed=1))
    with pytest.raises(InputError, match="different utterances"):
        compare([folders[0], tmp_path / "other"], tmp_path / "c")


def test_same_folder_twice_and_no_evaluation_are_refused(folders, tmp_path):
    with pytest.raises(InputError, match="twice"):
        compare([folders[0], folders[0]], tmp_path / "c")
    with pytest.raises(InputError, match="not a finished evaluation"):
        compare([folders[0], tmp_path], tmp_path / "c")
