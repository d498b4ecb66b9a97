"""A study's database, ``study.db``: Optuna keeps in it what was proposed and what came of it."""

from __future__ import annotations

import dataclasses
import itertools
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from govor import store
from govor.config import Recipe
from govor.errors import DiskFullError, GovorError, InputError, MachineError, RecipeError
from govor.extras import required
from govor.shape import ShapeError, fitted
from govor.shown import first_line
from govor.tune.space import Parameter, is_grid

if TYPE_CHECKING:
    import optuna

DATABASE = "study.db"
HEARTBEAT_S = 15
GRACE_S = 60


class TrialNotes(TypedDict, total=False):
    """What is kept beside a trial's values and result."""

    folder: str
    values: dict[str, object]
    retry_of: int
    attempts: int
    error: str
    continued: bool
    repeated: bool
    pid: int
    steps: int
    wall_s: float
    base_wer: float | None
    better_than_base: bool | None


@contextmanager
def storing(path: Path) -> Iterator[None]:
    """Around whatever uses a study's database at `path`.

    Raises:
        DiskFullError: it does not fit on the disk.
        MachineError: it cannot be read or written.
        InputError: it is damaged.
    """
    try:
        yield
    except Exception as error:
        known = _readable(error, path)
        if known is error:
            raise
        raise known from error


def _readable(error: Exception, path: Path) -> Exception:
    """The sentence for an error of the database: SQLite's own message is inside those of two libraries."""
    import sqlite3

    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, sqlite3.Error):
        inner = inner.__cause__ or inner.__context__
    if isinstance(error, GovorError) or not isinstance(inner, sqlite3.Error):
        return error
    known = store.readable_error(inner, path)
    if isinstance(known, DiskFullError):
        return known
    if isinstance(inner, sqlite3.OperationalError):
        return MachineError(
            f"{path} cannot be used ({inner}): look at the disk and run the same command again"
        )
    return damaged(path, inner)


def damaged(path: Path, why: BaseException) -> InputError:
    """The sentence for a database that holds no study."""
    return InputError(
        f"{path} is damaged ({first_line(why)}): copy it again, or move the folder away and start again"
    )


def open_study(recipe: Recipe, folder: Path, space: list[Parameter]) -> optuna.Study:
    """The stored study, made where there is none.

    Raises:
        MissingExtraError: Optuna is not installed.
        InputError: the database is damaged.
        RecipeError: the stored study searched another space.
    """
    with required():
        import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    warnings.filterwarnings("ignore", message="Heartbeat of storage")
    with storing(folder / DATABASE):
        try:
            study = _loaded(recipe, folder / DATABASE)
        except (LookupError, TypeError, ValueError, AttributeError) as error:  # ShapeError is one
            raise damaged(folder / DATABASE, error) from error
        _require_same(study, recipe, folder, space)
    return study


def _loaded(recipe: Recipe, path: Path) -> optuna.Study:
    import optuna

    study = optuna.create_study(
        study_name="govor",
        storage=_storage(path),
        sampler=sampler(recipe, 0, 0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=recipe.tune.warmup_trials, n_warmup_steps=1),
        direction="minimize",
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False):
        notes = fitted(trial.user_attrs, TrialNotes, f".trials[{trial.number}]")
        if trial.state.name == "COMPLETE" and (trial.value is None or not math.isfinite(trial.value)):
            raise ShapeError(f"trial {trial.number} has no result")
        if Path(notes.get("folder", "")).name != notes.get("folder", ""):
            raise ShapeError(f"trial {trial.number} lies in {notes['folder']}")
    return study


def _storage(path: Path) -> optuna.storages.RDBStorage:
    """The database at a path of any name: an address would read ``?`` and ``%`` in it as its own."""
    import sqlite3

    import optuna
    from sqlalchemy.pool import QueuePool

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(path, check_same_thread=False)

    return optuna.storages.RDBStorage(
        "sqlite://",
        engine_kwargs={"creator": connect, "poolclass": QueuePool},
        heartbeat_interval=HEARTBEAT_S,
        grace_period=GRACE_S,
    )


def _require_same(study: optuna.Study, recipe: Recipe, folder: Path, space: list[Parameter]) -> None:
    """A new study notes what it searches, after all points of a grid are queued."""
    mark = store.fingerprint(
        {"space": [dataclasses.asdict(p) for p in space], "model": recipe.model, "text": recipe.text}
    )
    if study.user_attrs.get("space", mark) != mark:
        raise RecipeError(
            f"{folder} holds a study of another space or model: restore it, or choose another work folder"
        )
    if "space" not in study.user_attrs and is_grid(space):
        for places in itertools.product(*(range(len(parameter.values)) for parameter in space)):
            point = {p.name: place for p, place in zip(space, places, strict=True)}
            study.enqueue_trial(point, skip_if_exists=True)  # a full disk may have broken this off
    study.set_user_attr("space", mark)


def sampler(recipe: Recipe, finished: int, attempt: int) -> Any:
    """TPE (Bergstra et al. 2011) for the next trial; where it proposes a known point, a draw at random.

    Args:
        recipe: with seed and number of trials.
        finished: trials that are finished.
        attempt: points already proposed in vain for this trial.
    """
    import numpy as np
    import optuna

    seed = int(np.random.SeedSequence([recipe.tune.seed, finished, attempt]).generate_state(1)[0])
    if attempt:
        return optuna.samplers.RandomSampler(seed=seed)
    startup = max(3, min(10, recipe.tune.trials // 3))
    return optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup)
