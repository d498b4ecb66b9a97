"""What a run writes down, and how it is cut back."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path

import pytest

from govor.train.journal import Journal, make_trackers, read_metrics


def test_it_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    first = Journal(tmp_path, 0)
    first.write("train", 1, {"loss": 1.0})
    length = first.sync()
    first.write("train", 2, {"loss": 0.5})
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')
    second = Journal(tmp_path, length)
    second.write("train", 2, {"loss": 0.25})
    second.close()
    assert [(line["step"], line["loss"]) for line in read_metrics(tmp_path)] == [(1, 1.0), (2, 0.25)]


def test_numbers_that_json_lacks(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 0)
    journal.write("train", 1, {"grad_norm": float("inf"), "loss": float("nan")})
    assert json.loads((tmp_path / "metrics.jsonl").read_text()) == {
        "kind": "train",
        "step": 1,
        "grad_norm": None,
        "loss": None,
    }


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    Journal(tmp_path / "run", 0, active=False).write("train", 1, {})
    assert not (tmp_path / "run").exists()


def test_trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker that is set up is used; one that fails is said and left."""
    logged: list[tuple[dict[str, float], int]] = []
    wandb = types.ModuleType("wandb")
    wandb.init = lambda **_: None  # type: ignore[attr-defined]
    wandb.log = lambda values, step: logged.append((values, step))  # type: ignore[attr-defined]
    wandb.finish = lambda: None  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    journal = Journal(tmp_path, 0, make_trackers(tmp_path, 0, ("wandb", "no_such_tracker"), {}))
    journal.write("eval", 3, {"wer": 0.5})
    journal.sample(3, "a", "said", "heard")
    journal.close()
    assert logged == [({"eval/wer": 0.5}, 3), ({}, 3)]
    assert list((tmp_path / "tensorboard").glob("events*"))
