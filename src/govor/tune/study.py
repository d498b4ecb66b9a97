"""The study: asks Optuna for settings, runs each as a process, tells it what came of it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from govor import interrupts, store
from govor.config import Recipe, Workspace
from govor.console import say
from govor.errors import DiskFullError, LimitError, RecipeError, StoppedError
from govor.records import Summary
from govor.train.judge import check_splits
from govor.train.metrics import read_metrics
from govor.train.stop import Stopper
from govor.tune.report import write_report
from govor.tune.space import HOURS, Parameter, grid_size, is_grid, require_fitting, space_of, with_values
from govor.tune.stored import DATABASE, open_study, sampler, storing
from govor.tune.trial import TrialProcess, TrialResult

if TYPE_CHECKING:
    import optuna

LOOK_EVERY_S = 0.5
FAILURES_IN_A_ROW = 3
ATTEMPTS = 30
"""Points that are drawn for one trial; when all were proposed before, the space counts as searched."""


class BestTrial(TypedDict):
    """The trial with the lowest dev WER, and its values by name."""

    params: Mapping[str, object]
    wer: float
    trial: int


@dataclasses.dataclass(frozen=True)
class TuneSummary(Summary):
    """What `tune` returns.

    Attributes:
        trials: count by state.
        best: None while no trial is complete.
        better_than_base: None where step 0 is not a baseline.
        recipe: the best one, or None.
        out: the study's folder.
        report: the page.
        complete: whether the study ended by itself.
    """

    trials: Mapping[str, int]
    best: BestTrial | None
    better_than_base: bool | None
    recipe: str | None
    out: str
    report: str
    complete: bool = True


def tune(recipe: Recipe, *, trials: int | None = None, device: str = "auto") -> TuneSummary:
    """Searches a recipe's ``[tune]`` space for the lowest dev WER; called again, continues.

    Args:
        recipe: with ``[tune] space``; without one the learning rate is searched.
        trials: in all, over all sessions (default: ``[tune] trials``; a grid never runs more than it has).
        device: where trials run.

    Raises:
        RecipeError: a space that names no settings, or settings no trial can run with.
        DiskFullError: the trial that met it is not lost; the same command continues.
        StoppedError: SIGTERM or Ctrl-C; the same command continues.
        LimitError: every trial failed.
    """
    folder = Workspace.of(recipe).root / "tune"
    space = space_of(recipe, 0.0 if recipe.tune.space else _train_seconds(recipe))
    require_fitting(recipe, space)
    check_splits(recipe.train, {recipe.train.train_split: 1, recipe.train.dev_split: 1})
    with store.locked(folder), storing(folder / DATABASE), Stopper(None) as stopper:
        study = _Study(recipe, folder, space, device, stopper)
        study.run(trials or recipe.tune.trials)
        return study.summary()


def _train_seconds(recipe: Recipe) -> float:
    from govor.load import Dataset

    data = Dataset.open(Workspace.of(recipe).dataset)
    check_splits(recipe.train, dict(data.splits))
    return float(data.durations(recipe.train.train_split).sum())


class _Study:
    """A study on the disk and what is needed to go on with it."""

    def __init__(
        self, recipe: Recipe, folder: Path, space: list[Parameter], device: str, stopper: Stopper
    ) -> None:
        self.recipe, self.folder, self.space = recipe, folder, space
        self.device, self.stopper = device, stopper
        self.study = open_study(recipe, folder, space)

    def run(self, wanted: int) -> None:
        """Runs trials until `wanted` are finished."""
        self._take_up_interrupted()
        if is_grid(self.space):
            wanted = min(wanted, grid_size(self.space))
        while self._finished_count() < wanted:
            proposal = self._propose()
            if proposal is None:
                say("every point of the space that was drawn has been tried: the study ends here")
                return
            try:
                self._run_trial(*proposal)
            finally:
                write_report(self.study, self.space, self.folder)
            self._give_up_when_all_fail()

    def _finished_count(self) -> int:
        return sum(map(is_counted, self.study.get_trials(deepcopy=False)))

    def _propose(self) -> tuple[optuna.Trial, Mapping[str, object]] | None:
        """The next trial with its values; None where only points come that were proposed before.

        What is proposed hangs on (seed, number of finished trials, what they found) alone: the sampler is
        made again each time, so that a study that was stopped proposes what it would have proposed otherwise.
        """
        for attempt in range(ATTEMPTS):
            self.study.sampler = sampler(self.recipe, self._finished_count(), attempt)
            trial = self.study.ask()
            values = {parameter.name: parameter.suggest(trial) for parameter in self.space}
            if self._may_run(self._stored(trial.number)):
                return trial, values
            self._set_aside(trial.number)
        return None

    def _stored(self, number: int) -> optuna.trial.FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number]

    def _may_run(self, trial: optuna.trial.FrozenTrial) -> bool:
        """Whether it was put into the queue with all its values, or its point is a new one."""
        if set(trial.system_attrs.get("fixed_params", {})) >= {parameter.name for parameter in self.space}:
            return True
        others = (other for other in self.study.get_trials(deepcopy=False) if other.number != trial.number)
        return all(other.params != trial.params for other in others if other.params)

    def _set_aside(self, number: int) -> None:
        """A point that was proposed before is not run again."""
        import optuna

        self.study._storage.set_trial_user_attr(self._stored(number)._trial_id, "repeated", True)
        self.study.tell(number, state=optuna.trial.TrialState.FAIL)

    def _take_up_interrupted(self) -> None:
        """Trials that were running when the last session was killed are continued, not begun again."""
        import optuna

        running = (optuna.trial.TrialState.RUNNING,)
        for trial in self.study.get_trials(deepcopy=False, states=running):
            if self._may_run(trial):
                self._retry(trial, "the study was stopped while it ran")
            else:
                self._set_aside(trial.number)

    def _retry(self, trial: optuna.trial.FrozenTrial, why: str) -> None:
        """Queues a trial's settings once more, in the same folder, and records it as failed.

        In this order, and once: what a full disk breaks off between the two is taken up again.
        """
        import optuna

        attributes = {"folder": trial.user_attrs.get("folder", _name(trial.number)), "retry_of": trial.number}
        attributes["attempts"] = trial.user_attrs.get("attempts", 0) + why.startswith("crash")
        fixed = trial.system_attrs.get("fixed_params", {})  # killed before it took them up
        others = self.study.get_trials(deepcopy=False)
        if all(other.user_attrs.get("retry_of") != trial.number for other in others):
            self.study.enqueue_trial({**fixed, **trial.params}, user_attrs=attributes)
        for key, value in {"error": why, "continued": True}.items():
            self.study._storage.set_trial_user_attr(trial._trial_id, key, value)
        self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def _run_trial(self, trial: optuna.Trial, values: Mapping[str, object]) -> None:
        """Runs a trial to its end, prunes it, or records its crash."""
        name = trial.user_attrs.get("folder", _name(trial.number))
        trial.set_user_attr("folder", name)
        trial.set_user_attr("values", dict(values))
        place = self.folder / "trials" / name
        out = str(place / "run")
        recipe = with_values(self.recipe, values, out=out, mirror=None)
        store.write_text(place / "recipe.toml", recipe.to_toml())
        say(f"trial {trial.number}: " + ", ".join(f"{key} = {value}" for key, value in values.items()))
        with interrupts.in_hand(lambda: f"trial {trial.number} saves after its current step"):
            process = TrialProcess(place, self.device)
            trial.set_user_attr("pid", process.pid)
            pruned = self._watch(trial, process, place)
        self._record_end(trial, process, pruned)

    def _watch(self, trial: optuna.Trial, process: TrialProcess, place: Path) -> bool:
        """Reports every evaluation while the trial runs; True when it was stopped for falling behind."""
        reported = 0
        while True:
            ended = process.wait(LOOK_EVERY_S)
            self._beat(trial)
            lines = read_metrics(place / "run")
            evaluations = [
                line["wer"]
                for line in lines
                if line["kind"] == "eval" and line["step"] and line["wer"] is not None
            ]
            for number, wer in enumerate(evaluations[reported:], start=reported + 1):
                trial.report(wer, number)
            reported = len(evaluations)
            if ended:
                return False
            if self.stopper.asked():
                process.stop()
                raise StoppedError(
                    f"stopped ({self.stopper.reason}) in trial {trial.number}; run the same command again "
                    "to go on",
                    {**self.summary(), "complete": False},
                )
            if reported and self._prunes and trial.should_prune():
                process.stop()
                return True

    @property
    def _prunes(self) -> bool:
        """Sizes of data are compared at their end only."""
        return self.recipe.tune.prune and all(parameter.name != HOURS for parameter in self.space)

    def _beat(self, trial: optuna.Trial) -> None:
        storage: Any = self.study._storage
        backend = getattr(storage, "_backend", storage)
        backend.record_heartbeat(trial._trial_id)

    def _record_end(self, trial: optuna.Trial, process: TrialProcess, pruned: bool) -> None:
        import optuna

        if pruned:
            self.study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            say(f"trial {trial.number} is worse than the others and was stopped")
        else:
            self._record_result(trial, process.result())
        self._drop_checkpoints()

    def _record_result(self, trial: optuna.Trial, result: TrialResult) -> None:
        import optuna

        if "summary" in result:
            summary = result["summary"]
            for key in ("steps", "wall_s", "best", "base_wer", "better_than_base"):
                trial.set_user_attr(key, summary[key])
            self.study.tell(trial, summary.dev["wer"])
            say(f"trial {trial.number}: dev WER {summary.dev['wer']:.4f}")
            return
        error = result["error"]
        if error["type"] == DiskFullError.__name__:
            self._retry(self._stored(trial.number), "the disk was full")
            raise DiskFullError(f"trial {trial.number}: {error['message']}")
        if error.get("kind") == "input" and not self._has_result():
            self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise RecipeError(f"trial {trial.number} cannot run: {error['message']}")
        say(f"trial {trial.number} failed: {error['message']}")
        crashed = error["type"] == "Crash"
        if crashed and trial.user_attrs.get("attempts", 0) < self.recipe.tune.retries:
            self._retry(self.study.trials[trial.number], f"crash: {error['message']}")
            return
        trial.set_user_attr("error", error["message"])
        self.study.tell(trial, state=optuna.trial.TrialState.FAIL)

    def _has_result(self) -> bool:
        return any(trial.value is not None for trial in self.study.trials)

    def _give_up_when_all_fail(self) -> None:
        finished = [trial for trial in self.study.trials if is_counted(trial)]
        last = finished[-FAILURES_IN_A_ROW:]
        if len(last) == FAILURES_IN_A_ROW and all(t.state.name == "FAIL" for t in last):
            raise LimitError(
                f"{FAILURES_IN_A_ROW} trials in a row failed, the last with: "
                f"{last[-1].user_attrs.get('error')}; see {self.folder}/trials/*/log.txt",
                self.summary(),
            )

    def _drop_checkpoints(self) -> None:
        """Only the best trial keeps its checkpoints; the others keep their logs and chosen model."""
        if not self._has_result():
            return
        best = self.study.best_trial.user_attrs["folder"]
        unfinished = {t.user_attrs.get("folder") for t in self.study.trials if not t.state.is_finished()}
        for place in (self.folder / "trials").iterdir():
            if place.name not in {best, *unfinished}:
                shutil.rmtree(place / "run" / "checkpoints", ignore_errors=True)

    def summary(self) -> TuneSummary:
        """What ``--json`` prints; writes the best recipe."""
        shown = (t for t in self.study.trials if is_counted(t) or not t.state.is_finished())
        states = [t.state.name.lower() for t in shown]
        counts = {name: states.count(name) for name in ("complete", "pruned", "fail", "running")}
        found = TuneSummary(counts, None, None, None, str(self.folder), str(self.folder / "report.html"))
        if not self._has_result():
            return found
        best = self.study.best_trial
        path = self.folder / "best.toml"
        out = str(self.folder / "trials" / best.user_attrs["folder"] / "run")
        store.write_text(path, with_values(self.recipe, best.user_attrs["values"], out=out).to_toml())
        return dataclasses.replace(
            found,
            best={"params": best.user_attrs["values"], "wer": best.value, "trial": best.number},
            better_than_base=best.user_attrs.get("better_than_base"),
            recipe=str(path),
        )


def is_counted(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether a trial is finished: neither continued under another number nor a repeated point."""
    again = trial.user_attrs.get("continued") or trial.user_attrs.get("repeated")
    return trial.state.is_finished() and not again


def _name(number: int) -> str:
    return f"{number:04d}"
