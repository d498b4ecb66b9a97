"""Training as a stage of ``govor run``: stopped, nothing behind it runs; run again, all of it does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govor.config import recipe_from
from govor.errors import RecipeError, StoppedError
from govor.pipeline import run_recipe
from govor.train.stop import Stopper


def statuses(summary: dict[str, Any]) -> dict[str, str]:
    return {name: stage["status"] for name, stage in summary["stages"].items()}


@pytest.mark.parametrize("cause", ["SIGTERM", "max_hours"])
def test_a_stopped_run_does_not_go_on_and_continues_when_run_again(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    data = plain(steps=4) | {"evaluate": {"split": "dev"}}
    stopped = plain(steps=4, max_hours=1e-9) | {"evaluate": {"split": "dev"}}
    run, evaluation = tmp_path / "work" / "run", tmp_path / "work" / "evaluation"
    with monkeypatch.context() as patch:
        if cause == "SIGTERM":
            patch.setattr(Stopper, "asked", lambda self: True)
        recipe = recipe_from(data if cause == "SIGTERM" else stopped)
        for steps in (1, 2):  # as often as it is stopped
            with pytest.raises(StoppedError, match=r"train: stopped .*run the same command again") as caught:
                run_recipe(recipe, first="train", device="cpu")
            summary = caught.value.summary
            assert (caught.value.exit_status, summary["complete"]) == (3, False)
            assert (summary["stage"], summary["steps"]) == ("train", steps)
            assert not evaluation.exists()
    summary = run_recipe(recipe_from(data), first="train", device="cpu")  # max_hours makes no new run
    assert statuses(summary) == {"train": "done", "evaluate": "done"}
    assert summary["stages"]["train"]["summary"]["resumed_from"] == 2
    assert (evaluation / "summary.json").exists() and not list(tmp_path.glob("work/run-before-*"))
    assert run.exists()


def test_changed_settings_do_not_continue_from_the_mirror_of_the_run_before(
    plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """The old run is set aside; its mirror would bring its last checkpoint back as the new run's result."""
    mirror = str(tmp_path / "drive")
    run_recipe(recipe_from(plain(steps=2, mirror=mirror)), first="train", last="train", device="cpu")
    changed = plain(steps=2, lr=1e-3, mirror=mirror)
    with pytest.raises(RecipeError, match=r"holds another run .*give this run a mirror of its own"):
        run_recipe(recipe_from(changed), first="train", last="train", device="cpu")
    changed["train"]["mirror"] = str(tmp_path / "other")
    summary = run_recipe(recipe_from(changed), first="train", last="train", device="cpu")
    found = summary["stages"]["train"]["summary"]
    assert found["complete"] and found["resumed_from"] is None
    assert (tmp_path / "work" / "run-before-1" / "model").exists()
