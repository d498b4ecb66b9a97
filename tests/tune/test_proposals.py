"""What a study proposes hangs on its seed and on what is finished, however often it is killed."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from govor.config import Recipe, recipe_from
from govor.tune import study as studies
from govor.tune import tune

optuna = pytest.importorskip("optuna")
TRIALS = 12
RANGES = {"train.lr": {"low": 1e-6, "high": 1e-2, "log": True}, "train.warmup": {"low": 0.0, "high": 0.5}}
Kill = Callable[[str], None]
APART = multiprocessing.get_context("forkserver")
"""Forks from a process without threads: the one of the tests may have those of polars and torch."""
APART.set_forkserver_preload(["optuna", "govor.tune.study"])


def recipe_of(work: Path, space: dict[str, Any] | None = None, trials: int = TRIALS) -> Recipe:
    data = {"work": str(work), "model": {"from_scratch": {"hidden_size": 16}}}
    return recipe_from(
        data | {"tune": {"trials": trials, "space": space or RANGES, "seed": 7, "prune": False}}
    )


def wer_of(folder: Path) -> float:
    """A stub of training: best at a rate of 1e-4."""
    from govor.config import load_recipe

    train = load_recipe(folder / "recipe.toml").train
    return abs(math.log10(train.peak_lr) + 4) / 10 + train.warmup / 10 + train.seed / 1000


class Trained(dict[str, Any]):
    """A summary of training, as far as the study reads it."""

    @property
    def dev(self) -> dict[str, float]:
        found: dict[str, float] = self["dev"]
        return found


def stubbed(monkeypatch: pytest.MonkeyPatch, kill: Kill) -> None:
    """Trials that cost nothing; `kill` is told where the study stands."""

    class Trial:
        pid = 0

        def __init__(self, folder: Path, device: str) -> None:
            self.folder = folder
            kill("begun")

        def wait(self, seconds: float) -> bool:
            return True

        def result(self) -> dict[str, Any]:
            kill("ended")
            wer = wer_of(self.folder)
            found = {"steps": 1, "wall_s": 0.0, "best": {"wer": wer}, "base_wer": None}
            return {"summary": Trained({**found, "better_than_base": None, "dev": {"wer": wer}})}

    class Prepared(studies._Study):
        def _stored(self, number: int) -> Any:
            kill("suggested")
            return super()._stored(number)

    monkeypatch.setattr(studies, "_Study", Prepared)
    monkeypatch.setattr(studies, "TrialProcess", Trial)
    monkeypatch.setattr(studies, "write_report", lambda *_: kill("told"))


def points(work: Path) -> list[tuple[Any, ...]]:
    """Of the trials that were run to their end, in their order."""
    stored = optuna.load_study(study_name="govor", storage=f"sqlite:///{work / 'tune' / 'study.db'}")
    done = [trial for trial in stored.trials if trial.state.name == "COMPLETE"]
    return [tuple(trial.params.values()) for trial in done]


def killed_at(recipe: Recipe, where: str, after: int) -> bool:
    """One session in a process of its own, killed at a place once it has passed it so often."""
    child = APART.Process(target=_session, args=(recipe, where, after))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def _session(recipe: Recipe, where: str, after: int) -> None:
    passed = 0

    def kill(place: str) -> None:
        nonlocal passed
        passed += place == where
        if passed > after:
            os.kill(os.getpid(), signal.SIGKILL)

    stubbed(pytest.MonkeyPatch(), kill)
    tune(recipe, device="cpu")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, ...]]:
    work = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        stubbed(patch, lambda place: None)
        tune(recipe_of(work), device="cpu")
    return points(work)


def test_twelve_points_of_twelve(undisturbed: list[tuple[Any, ...]]) -> None:
    assert len(set(undisturbed)) == TRIALS == len(undisturbed)


@pytest.mark.parametrize(
    "where",
    ["begun", "told", *(pytest.param(place, marks=pytest.mark.slow) for place in ("suggested", "ended"))],
)
def test_killed_after_each_trial_no_point_comes_twice(
    where: str, undisturbed: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    """Every session goes on by one trial and is killed; a fresh seeded sampler proposed the same ones."""
    recipe = recipe_of(tmp_path)
    sessions = 0
    # the second time, so that each session gets past the trial that the last one left running
    while killed_at(recipe, where, after=0 if where == "told" else 1):
        sessions += 1
        assert sessions < 4 * TRIALS
    found = points(tmp_path)
    assert sessions >= TRIALS - 1 and len(found) == TRIALS == len(set(found))
    assert found == undisturbed


def test_a_small_space_is_searched_once_and_then_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six points, twelve trials: nothing is run twice."""
    stubbed(monkeypatch, lambda place: None)
    space = {"train.lr": [1e-4, 1e-3], "train.seed": {"low": 0, "high": 2}}
    summary = tune(recipe_of(tmp_path, space), device="cpu")
    found = points(tmp_path)
    assert len(found) == len(set(found)) == 6 and summary["trials"]["complete"] == 6
    assert summary["trials"]["fail"] == 0 and "has been tried" in capsys.readouterr().err


def test_another_seed_proposes_other_points(
    undisturbed: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stubbed(monkeypatch, lambda place: None)
    recipe = recipe_of(tmp_path, trials=2)
    data = recipe.to_dict()
    data["tune"]["seed"] = 8
    tune(recipe_from(data), device="cpu")
    assert not set(points(tmp_path)) & set(undisturbed)
