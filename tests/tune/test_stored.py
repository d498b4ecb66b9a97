"""A study's database on a full disk, damaged, and in folders of any name; trials are stubs."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from test_proposals import Trained, points, recipe_of

from govor.errors import DiskFullError, GovorError, InputError, MachineError
from govor.tune import study as studies
from govor.tune import tune
from govor.tune.stored import storing
from govor.tune.trial import FULL_STATUS, TrialProcess

optuna = pytest.importorskip("optuna")
GRID = {"train.lr": [1e-4, 1e-3, 1e-2]}
FULL = {"error": {"type": "DiskFullError", "message": "no space left while writing x: free some"}}
DONE = {"steps": 1, "wall_s": 0.0, "best": None, "base_wer": None, "better_than_base": None}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the next trials come to; then they are done."""
    results: list[Any] = []

    class Trial:
        pid = 0

        def __init__(self, folder: Path, device: str) -> None:
            self.folder = folder

        def wait(self, seconds: float) -> bool:
            return True

        def result(self) -> Any:
            return results.pop(0) if results else {"summary": Trained({**DONE, "dev": {"wer": 0.5}})}

    monkeypatch.setattr(studies, "TrialProcess", Trial)
    monkeypatch.setattr(studies, "write_report", lambda *_: None)
    return results


def test_a_trial_on_a_full_disk_ends_the_study_and_is_taken_up_again(tmp_path: Path, told: list[Any]) -> None:
    told += [{"summary": Trained({**DONE, "dev": {"wer": 0.5}})}, FULL]
    with pytest.raises(DiskFullError, match="trial 1: no space left"):
        tune(recipe_of(tmp_path, GRID), device="cpu")
    told += [FULL]
    with pytest.raises(DiskFullError, match="trial 2: no space left"):
        tune(recipe_of(tmp_path, GRID), device="cpu")
    summary = tune(recipe_of(tmp_path, GRID), device="cpu")
    assert summary["trials"]["complete"] == 3
    assert sorted(points(tmp_path)) == [(0,), (1,), (2,)]
    assert {place.name for place in (tmp_path / "tune" / "trials").iterdir()} == {"0000", "0001", "0002"}


def test_points_of_a_grid_are_queued_once(
    tmp_path: Path, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken, pytest.raises(DiskFullError):
        broken.setattr(optuna.Study, "set_user_attr", _full)
        tune(recipe_of(tmp_path, GRID), device="cpu")
    tune(recipe_of(tmp_path, GRID), device="cpu")
    assert sorted(points(tmp_path)) == [(0,), (1,), (2,)]


def _full(*_: Any, **__: Any) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def test_a_point_is_queued_once_when_the_disk_is_full_in_between(
    tmp_path: Path, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told += [FULL]
    with monkeypatch.context() as broken, pytest.raises(DiskFullError, match=r"study\.db"):
        broken.setattr(optuna.Study, "tell", _full)
        tune(recipe_of(tmp_path, GRID), device="cpu")
    tune(recipe_of(tmp_path, GRID), device="cpu")
    assert sorted(points(tmp_path)) == [(0,), (1,), (2,)]


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (sqlite3.OperationalError("database or disk is full"), DiskFullError, "no space left while writing"),
        (sqlite3.OperationalError("disk I/O error"), MachineError, "disk I/O error"),
        (sqlite3.OperationalError("attempt to write a readonly database"), MachineError, "readonly"),
        (sqlite3.DatabaseError("database disk image is malformed"), InputError, "damaged"),
    ],
)
def test_what_sqlite_says_is_one_sentence(error: Exception, kind: type[GovorError], said: str) -> None:
    def wrapped() -> None:
        try:
            raise error
        except sqlite3.Error as cause:
            raise optuna.exceptions.StorageInternalError(
                "an exception is raised during the commit"
            ) from cause

    with pytest.raises(kind, match=rf"study\.db.*{said}|{said}.*study\.db"), storing(Path("study.db")):
        wrapped()


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), storing(Path("study.db")):
        1 / 0  # noqa: B018


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_database_is_said(content: bytes, tmp_path: Path, told: list[Any]) -> None:
    (tmp_path / "tune").mkdir()
    (tmp_path / "tune" / "study.db").write_bytes(content)
    with pytest.raises(InputError, match=r"study\.db is damaged"):
        tune(recipe_of(tmp_path, GRID), device="cpu")


@pytest.mark.parametrize(
    "change",
    [
        "update trial_user_attributes set value_json = '\"../../x\"' where key = 'folder'",
        "update trial_user_attributes set value_json = '[]' where key = 'values'",
        "update trial_params set distribution_json = '{}'",
        "update trials set state = 'LOST'",
    ],
)
def test_a_database_that_holds_something_else_is_said(change: str, tmp_path: Path, told: list[Any]) -> None:
    tune(recipe_of(tmp_path, GRID, trials=1), device="cpu")
    with sqlite3.connect(tmp_path / "tune" / "study.db") as database:
        database.execute(change)
    with pytest.raises((InputError, MachineError), match=r"study\.db"):
        tune(recipe_of(tmp_path, GRID), device="cpu")


@pytest.mark.parametrize("name", ["a?b=c#d 100%25 {SCHEMA_VERSION} žaba"])
def test_a_folder_of_any_name(name: str, tmp_path: Path, told: list[Any]) -> None:
    assert tune(recipe_of(tmp_path / name, GRID, trials=1), device="cpu")["trials"]["complete"] == 1
    assert (tmp_path / name / "tune" / "study.db").stat().st_size


def test_a_trial_that_cannot_write_its_result(tmp_path: Path) -> None:
    class Ended:
        returncode = FULL_STATUS

    trial = TrialProcess.__new__(TrialProcess)
    trial.folder, trial._process = tmp_path, Ended()  # type: ignore[assignment]
    assert trial.result()["error"]["type"] == "DiskFullError"
