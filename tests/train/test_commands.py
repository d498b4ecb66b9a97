"""The commands as people type them."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govor.config import Recipe, recipe_from
from govor.errors import ModelError, StoppedError, UsageError
from govor.train import train
from govor.train.status import status, status_lines


def govor(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "govor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_recipe_from_the_command_line(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_from(plain()).to_toml())
    done = govor("train", str(path), "--set", "train.steps=2", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["steps"] == 2
    keys = {"steps", "epochs", "best", "resumed_from", "model", "wall_s", "out"}
    assert keys <= set(summary)
    shown = govor("status", summary["out"])
    assert "step 2 of 2" in shown.stdout and "complete" in shown.stdout and "heard" in shown.stdout


def test_flags_instead_of_a_recipe() -> None:
    from govor.commands.train import chosen_recipe

    found = chosen_recipe(None, "some/model", "/data/set", Path("/runs/one"), ["train.lr=1e-5"])
    assert (found.model.base, found.prepare.out, found.train.out) == ("some/model", "/data/set", "/runs/one")
    assert found.train.lr == 1e-5
    with pytest.raises(UsageError, match="--data and --out"):
        chosen_recipe(None, "some/model", None, None, [])


def test_out_of_time(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(StoppedError, match="max_hours") as caught:
        train(recipe(steps=500, max_hours=1e-6), device="cpu")
    assert caught.value.summary["complete"] is False and caught.value.summary["steps"] >= 1
    assert caught.value.exit_status == 3
    found = status(Path(caught.value.summary["out"]))
    assert not found["complete"] and found["checkpoints"]
    assert "to continue" in "\n".join(status_lines(found))


def test_status_between_two_lines_of_metrics(recipe: Callable[..., Recipe]) -> None:
    """The step is that of the checkpoint where it is further on; a hypothesis without end is cut."""
    with pytest.raises(StoppedError) as caught:
        train(recipe(steps=500, log_every=100, max_hours=1e-9), device="cpu")
    found = status(Path(caught.value.summary["out"]))
    assert found["step"] == 1
    found = dataclasses.replace(
        found, samples=[{"id": "a", "step": 1, "reference": "da", "hypothesis": "da " * 500}]
    )
    assert max(map(len, status_lines(found))) < 250


def test_status_of_no_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no run\.json"):
        status(tmp_path)
