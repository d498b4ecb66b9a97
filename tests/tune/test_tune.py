"""Studies with real trial processes: best recipe, crashes, kills, data-size studies."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from govor.config import load_recipe, recipe_from
from govor.errors import RecipeError
from govor.train import train
from govor.tune import tune

pytestmark = pytest.mark.slow
LR = {"train.lr": {"low": 1e-4, "high": 1e-2, "log": True}}


def rows(work: Path) -> list[dict[str, str]]:
    with (work / "tune" / "trials.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_best_recipe_runs_as_it_is(data: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    recipe = recipe_from(data(trials=3, space=LR, warmup_trials=3))
    summary = tune(recipe, device="cpu")
    assert summary["trials"]["complete"] == 3 and summary["complete"]
    best = load_recipe(Path(summary["recipe"]))
    assert best.train.lr == pytest.approx(summary["best"]["params"]["train.lr"])
    again = train(best, device="cpu")
    assert again["dev"]["wer"] == summary["best"]["wer"]
    page = (tmp_path / "work" / "tune" / "report.html").read_text()
    assert "<svg" in page and "https://" not in page and "src=" not in page
    assert {p.stem for p in (tmp_path / "work" / "tune" / "plots").iterdir()} >= {"history", "slice_train_lr"}


def govor(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "govor", *arguments, "--device", "cpu", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_govor_run_takes_the_best_recipe(data: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """As people type it: run up to the data set, tune, run the best recipe to its evaluation."""
    from speech import spoken_rows

    rows = [{k: v for k, v in row.items() if v is not None} for row in spoken_rows(tmp_path / "audio")]
    table = tmp_path / "audio" / "table.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wanted = data(trials=2, space=LR, warmup_trials=2) | {
        "corpus": {"source": str(table), "language": "hr"},
        "prepare": {"out": str(tmp_path / "set")},
        "preflight": {"minutes": 0.01},
    }
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_from(wanted).to_toml())
    govor("run", str(path), "--to", "prepare")
    found = govor("tune", str(path))
    done = govor("run", found["recipe"])
    stages = {name: stage["status"] for name, stage in done["stages"].items()}
    assert stages["prepare"] == "unchanged" and stages["evaluate"] == "done"
    trained = done["stages"]["train"]["summary"]
    assert trained["out"].endswith(f"trials/{found['best']['trial']:04d}/run")
    assert trained["dev"]["wer"] == found["best"]["wer"]


def test_sizes_of_data_give_a_learning_curve(data: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    summary = tune(recipe_from(data(trials=9, space={"train.hours": [0.003, 0.006]})), device="cpu")
    assert summary["trials"]["complete"] == 2
    assert (tmp_path / "work" / "tune" / "plots" / "learning_curve.png").exists()
    hours = [
        json.loads((tmp_path / "work/tune/trials" / name / "run/run.json").read_text())["hours"]
        for name in ("0000", "0001")
    ]
    assert sorted(round(h, 3) for h in hours) == pytest.approx([0.003, 0.006], abs=0.001)


def start(data: dict[str, Any], tmp_path: Path) -> subprocess.Popen[str]:
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_from(data).to_toml())
    return subprocess.Popen(
        [sys.executable, "-m", "govor", "tune", str(path), "--json", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def child(process: subprocess.Popen[str]) -> psutil.Process:
    """The trial that is running."""
    while process.poll() is None:
        found = [
            one
            for one in psutil.Process(process.pid).children()
            if "govor.tune.trial" in " ".join(one.cmdline())
        ]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(process.communicate()[1])


def test_a_crashed_trial_is_recorded_and_continued(
    data: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    process = start(data(trials=1, space=LR, train={"steps": 60}), tmp_path)
    trial = child(process)
    run = tmp_path / "work" / "tune" / "trials" / "0000" / "run"
    while len(list(run.glob("checkpoints/step-*"))) < 1:
        time.sleep(0.02)
    trial.kill()
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    states = [row["state"] for row in rows(tmp_path / "work")]
    assert states == ["continued", "complete"]
    assert "SIGKILL" in rows(tmp_path / "work")[0]["error"]
    assert json.loads((run / "run.json").read_text())["summary"]["resumed_from"] is not None
    assert json.loads(out)["best"]["trial"] == 1


def test_a_killed_study_continues(data: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    settings = data(trials=2, space=LR, train={"steps": 40})
    process = start(settings, tmp_path)
    trial = child(process)
    run = tmp_path / "work" / "tune" / "trials" / "0000" / "run"
    while len(list(run.glob("checkpoints/step-*"))) < 1:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    out, err = start(settings, tmp_path).communicate(timeout=200)
    assert json.loads(out)["trials"]["complete"] == 2, err
    assert not psutil.pid_exists(trial.pid) or trial.status() == psutil.STATUS_ZOMBIE
    assert [row["state"] for row in rows(tmp_path / "work")] == ["continued", "complete", "complete"]


def test_settings_that_no_trial_can_run_with(data: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RecipeError, match=r"trial 0 cannot run.*holds"):
        tune(recipe_from(data(trials=3, space={"train.hours": [500.0]})), device="cpu")


def test_dev_is_never_test(data: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RecipeError, match="test data is never"):
        tune(recipe_from(data(space=LR, train={"dev_split": "test"})), device="cpu")


def test_trials_that_fall_behind_are_stopped(
    data: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    asked = []

    def always(trial: optuna.Trial) -> bool:
        asked.append(trial.number)
        return trial.number == 1

    monkeypatch.setattr(optuna.Trial, "should_prune", always)
    summary = tune(recipe_from(data(trials=2, space=LR, train={"steps": 60})), device="cpu")
    assert summary["trials"]["pruned"] == 1 and summary["trials"]["complete"] == 1
    assert not (tmp_path / "work/tune/trials/0001/run/checkpoints").exists()
