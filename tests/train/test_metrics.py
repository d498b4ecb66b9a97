"""What a run writes down, and how it is cut back."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from train_parts import fill

from govor.config import recipe_from
from govor.errors import DiskFullError
from govor.train import train
from govor.train.metrics import MetricsLog, _chosen, make_trackers, read_metrics


def test_it_is_cut_back_to_the_checkpoint(tmp_path: Path) -> None:
    first = MetricsLog(tmp_path, 0)
    first.write("train", 1, {"loss": 1.0})
    length = first.sync()
    first.write("train", 2, {"loss": 0.5})
    first.close()
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "train", "st')
    second = MetricsLog(tmp_path, length)
    second.write("train", 2, {"loss": 0.25})
    second.close()
    assert [(line["step"], line["loss"]) for line in read_metrics(tmp_path)] == [(1, 1.0), (2, 0.25)]


def test_numbers_that_json_lacks(tmp_path: Path) -> None:
    journal = MetricsLog(tmp_path, 0)
    journal.write("train", 1, {"grad_norm": float("inf"), "loss": float("nan")})
    assert json.loads((tmp_path / "metrics.jsonl").read_text()) == {
        "kind": "train",
        "step": 1,
        "grad_norm": None,
        "loss": None,
    }


def test_only_the_main_process_writes(tmp_path: Path) -> None:
    MetricsLog(tmp_path / "run", 0, active=False).write("train", 1, {})
    assert not (tmp_path / "run").exists()


class StandIn(types.ModuleType):
    """wandb or trackio as far as it is used; prints, as they do."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = ModuleSpec(name, None)
        self.begun: list[dict[str, Any]] = []
        self.logged: list[tuple[dict[str, float], int]] = []

    def init(self, **about: Any) -> None:
        print("a banner")
        self.begun.append(about)

    def log(self, values: dict[str, float], step: int) -> None:
        self.logged.append((values, step))

    def finish(self) -> None:
        print("a farewell")


def test_trackers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    """One that is set up is used, and never prints where a script reads; one that fails is said and left."""
    wandb = StandIn("wandb")
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    journal = MetricsLog(tmp_path, 0, make_trackers(tmp_path, 0, ("wandb", "no_such_tracker"), {}, "7f"))
    journal.write("eval", 3, {"wer": 0.5})
    journal.sample(3, "a", "said", "heard")
    journal.close()
    assert wandb.logged == [({"eval/wer": 0.5}, 3)]
    assert list((tmp_path / "tensorboard").glob("events*"))
    out, err = capfd.readouterr()
    assert not out and "a banner" in err and "a farewell" in err and "no_such_tracker is not used" in err


@pytest.mark.parametrize("name", ["wandb", "trackio"])
def test_sessions_of_a_run_are_one_run_there(
    plain: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    module = StandIn(name)
    monkeypatch.setitem(sys.modules, name, module)
    for steps in (2, 4):
        train(recipe_from(plain(steps=steps, trackers=[name]) | {"name": "swedish"}), device="cpu")
    first, second = module.begun
    assert first["name"] == second["name"] and first["name"].startswith("swedish-")
    assert first["resume"] == "allow" and first.get("id") == second.get("id")
    assert ("id" in first) == (name == "wandb")


def test_trackers_that_fail_later_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    trackio = types.ModuleType("trackio")
    trackio.init = lambda **_: None  # type: ignore[attr-defined]
    trackio.log = lambda values, step: 1 / 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trackio", trackio)
    journal = MetricsLog(tmp_path, 0, make_trackers(tmp_path, 0, ("trackio",), {}))
    for step in (1, 2):
        journal.write("train", step, {"loss": 0.5})
    journal.close()
    assert capfd.readouterr().err.count("trackio is not used any more: division by zero") == 1
    assert len(read_metrics(tmp_path)) == 2


def test_auto_takes_what_is_installed_and_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in ("wandb", "trackio"))
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    assert _chosen(("auto",)) == ["trackio"]
    monkeypatch.setenv("WANDB_API_KEY", "x")
    assert _chosen(("auto",)) == ["wandb", "trackio"]
    assert _chosen(()) == []


def test_a_full_disk_is_one_sentence(small_disk: Path) -> None:
    journal = MetricsLog(small_disk, 0)
    journal.write("train", 1, {"loss": 0.5})
    fill(small_disk)
    with pytest.raises(DiskFullError, match=r"metrics\.jsonl.*same command again"):
        for step in range(2, 1000):
            journal.write("train", step, {"loss": 0.5})
    journal.close()
    lines = read_metrics(small_disk)
    assert [line["step"] for line in lines] == list(range(1, len(lines) + 1))
