"""A finished run is done again for settings that decide what comes out, and for no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govor.config import recipe_from
from govor.pipeline import run as runner
from govor.train import train

FREE = {
    "log_every": 7,
    "trackers": [],
    "threads": 1,
    "loader_workers": 1,
    "samples": 1,
    "save_every": "1 step",
    "keep": 5,
    "keep_epochs": [1],
    "max_hours": 9.0,
    "max_skipped": 0.5,
    "gradient_checkpointing": True,
}


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], dict[str, str]]:
    """Runs the last stages of a recipe, and says what became of each."""
    stages = tuple(stage for stage in runner.STAGES if stage.name in ("train", "evaluate"))
    monkeypatch.setattr(runner, "STAGES", stages)
    monkeypatch.setattr(runner, "STAGE_NAMES", ("train", "evaluate"))

    def run(data: dict[str, Any]) -> dict[str, str]:
        done = runner.run_recipe(recipe_from(data), device="cpu")["stages"]
        return {name: stage["status"] for name, stage in done.items()}

    return run


def test_what_a_changed_setting_does_again(
    plain: Callable[..., dict[str, Any]],
    go: Callable[[dict[str, Any]], dict[str, str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = plain(steps=1) | {"evaluate": {"split": "dev"}}
    assert go(data) == {"train": "done", "evaluate": "done"}
    freely = data | {"train": data["train"] | FREE}
    assert go(freely) == {"train": "unchanged", "evaluate": "unchanged"}
    said = capsys.readouterr().err
    assert "train: unchanged (train.gradient_checkpointing, " in said and ": only how it runs)" in said
    decoded = freely | {"evaluate": {"split": "dev", "beam_size": 2}}
    assert go(decoded) == {"train": "unchanged", "evaluate": "done"}
    assert go(decoded | {"evaluate": decoded["evaluate"] | {"batch_s": 9.0}})["evaluate"] == "unchanged"
    assert not list(tmp_path.glob("work/run-before-*"))
    trained = decoded | {"train": decoded["train"] | {"seed": 1}}
    assert go(trained) == {"train": "done", "evaluate": "done"}
    assert (tmp_path / "work" / "run-before-1" / "model").exists()
    capsys.readouterr()
    train(recipe_from(data | {"train": trained["train"] | {"log_every": 3}}), device="cpu")
    assert "there is nothing to train" in capsys.readouterr().err
