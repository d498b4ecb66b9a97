"""A whole run, and what its folder holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from govor.config import Recipe, load_recipe
from govor.errors import DatasetError, ModelError, RecipeError
from govor.train import train


def test_run_folder(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    summary = train(recipe(eval_every="4 steps", save_every="4 steps", samples=2), device="cpu")
    run = tmp_path / "work" / "run"
    assert summary["steps"] == 8 and summary["complete"] and summary["resumed_from"] is None
    assert summary["best"]["step"] in (4, 8) and Path(summary["model"]) == run / "model"
    assert load_recipe(run / "recipe.toml").train.steps == 8
    facts = json.loads((run / "run.json").read_text())
    assert facts["versions"]["torch"] and facts["hardware"]["threads"] == 1 and facts["fingerprints"]["data"]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "train"] == [2, 4, 6, 8]
    assert [line["step"] for line in lines if line["kind"] == "eval"] == [4, 8]
    assert {"reference", "hypothesis", "id"} <= set(next(line for line in lines if line["kind"] == "sample"))
    assert list((run / "tensorboard").glob("events*"))


def test_a_checkpoint_opens_without_govor(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """PAINS 12."""
    from transformers import AutoModelForCTC, AutoProcessor

    train(recipe(steps=2), device="cpu")
    folder = tmp_path / "work" / "run" / "checkpoints" / "step-00000002"
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForCTC.from_pretrained(folder)
    assert model.config.vocab_size >= len(processor.tokenizer)


def test_a_finished_run_is_not_run_again(recipe: Callable[..., Recipe]) -> None:
    first = train(recipe(steps=2), device="cpu")
    assert train(recipe(steps=2, loader_workers=1), device="cpu") == first


def test_a_finished_run_goes_on_to_more_steps(recipe: Callable[..., Recipe]) -> None:
    train(recipe(steps=2), device="cpu")
    summary = train(recipe(steps=4), device="cpu")
    assert summary["resumed_from"] == 2 and summary["steps"] == 4


def test_test_data_never_chooses_a_model(recipe: Callable[..., Recipe]) -> None:
    """PAINS 10."""
    with pytest.raises(RecipeError, match="test data is never"):
        train(recipe(dev_split="test"), device="cpu")


def test_a_split_that_is_not_there(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(DatasetError, match="no validation split"):
        train(recipe(dev_split="validation"), device="cpu")


def test_another_model_in_the_same_folder(recipe: Callable[..., Recipe]) -> None:
    train(recipe(steps=2), device="cpu")
    other = recipe(steps=4).model.from_scratch | {"hidden_size": 32}
    with pytest.raises(ModelError, match="other \\[model\\]"):
        train(recipe(steps=4, model={"from_scratch": other}), device="cpu")


def test_base_wer_stands_as_step_0(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    base = train(recipe(work=tmp_path / "base", steps=2), device="cpu")
    tuned = recipe(steps=2, model={"base": base["model"]})
    summary = train(tuned, device="cpu")
    lines = (tmp_path / "work" / "run" / "metrics.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert first["kind"] == "eval" and first["step"] == 0 and first["wer"] == summary["base_wer"]


def test_hours_take_a_part(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(RecipeError, match="the split holds"):
        train(recipe(hours=50.0), device="cpu")


def test_epochs_say_how_many_steps(recipe: Callable[..., Recipe]) -> None:
    data = recipe(steps=None, epochs=1.5)
    summary = train(data, device="cpu")
    assert summary["epochs"] == pytest.approx(1.5, abs=0.2)
