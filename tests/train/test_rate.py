"""A rate that the recipe does not name: chosen once, written down, kept for the whole run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import CTC, weights

from govor.config import Recipe, load_recipe, recipe_from
from govor.pipeline.record import DONE, StageRecord
from govor.train import train
from govor.train.checkpoint import STATE

Recipes = Callable[..., Recipe]


@pytest.fixture
def open_rate(plain: Callable[..., dict[str, Any]]) -> Recipes:
    """A recipe without a learning rate."""

    def make(work: Path | None = None, **train: Any) -> Recipe:
        data = plain(work, **train)
        del data["train"]["lr"]
        return recipe_from(data)

    return make


def test_the_usual_rate_is_said_written_and_used(
    open_rate: Recipes, recipe: Recipes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(open_rate(steps=2), device="cpu")
    run = tmp_path / "work" / "run"
    assert "learning rate 0.002: usual for this kind and size of model" in capsys.readouterr().err
    assert load_recipe(run / "recipe.toml").train.lr == 2e-3
    assert json.loads((run / "run.json").read_text())["lr"] == 2e-3
    named = tmp_path / "named"
    train(recipe(named, steps=2, lr=2e-3), device="cpu")
    assert weights(run, 2) == weights(named / "run", 2)


def test_a_run_goes_on_with_the_rate_it_began_with(
    open_rate: Recipes, recipe: Recipes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(recipe(steps=2, lr=5e-4), device="cpu")
    train(open_rate(steps=4), device="cpu")
    said = capsys.readouterr().err
    assert "learning rate 0.0005, as this run began" in said and "train.lr 0" not in said
    assert load_recipe(tmp_path / "work" / "run" / "recipe.toml").train.lr == 5e-4


def test_what_an_earlier_version_began_goes_on_with_its_default(
    open_rate: Recipes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(open_rate(steps=2), device="cpu")
    folder = tmp_path / "work" / "run" / "checkpoints" / "step-00000002"
    state = json.loads((folder / STATE).read_text())
    del state["lr"]
    (folder / STATE).write_text(json.dumps(state))
    manifest = json.loads((folder / "checkpoint.json").read_text())
    import hashlib

    content = (folder / STATE).read_bytes()
    manifest["files"][STATE] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "checkpoint.json").write_text(json.dumps(manifest))
    train(open_rate(steps=3), device="cpu")
    assert "learning rate 0.0001, as this run began" in capsys.readouterr().err


def test_a_finished_run_of_an_earlier_version_is_finished(open_rate: Recipes, tmp_path: Path) -> None:
    """It filled its one default rate in, and did not know settings that came later."""
    asked = open_rate(steps=2)
    train(asked, device="cpu")
    run = tmp_path / "work" / "run"
    facts = json.loads((run / "run.json").read_text())
    del facts["lr"]
    (run / "run.json").write_text(json.dumps({**facts, "asked": "a fingerprint", "mark": 1}))
    later = ("plain_share", "previous_share", "generation", "lr")
    lines = (run / "recipe.toml").read_text().splitlines()
    kept = [line for line in lines if line.partition(" ")[0] not in later]
    (run / "recipe.toml").write_text("\n".join(kept).replace("[train]", "[train]\nlr = 1e-4") + "\n")
    assert train(asked, device="cpu")["steps"] == 2
    facts = json.loads((run / "run.json").read_text())
    assert facts["mark"] == 1 and "lr" not in facts


def test_a_stage_that_had_the_one_default_is_not_run_again() -> None:
    record = StageRecord("train", DONE, {"train.lr": 1e-4, "train.seed": 0}, {})
    assert record.reasons_to_run({"train.lr": None, "train.seed": 0}, {}) == []
    assert record.reasons_to_run({"train.lr": 2e-4, "train.seed": 0}, {})
    assert record.reasons_to_run({"train.lr": None, "train.seed": None}, {})
    other = StageRecord("train", DONE, {"train.lr": 3e-4}, {})
    assert other.reasons_to_run({"train.lr": None}, {})


def test_sizes_are_those_of_the_tests() -> None:
    assert CTC["hidden_size"] < 512  # what the rate above hangs on
