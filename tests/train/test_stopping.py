"""Stopped on purpose: Ctrl-C once and twice, out of time, a disk that is full. Always the same bits after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from train_parts import AUGMENT, Killed, fill, weights
from trainer import STOP_IN_EVALUATION

from govor.config import Recipe, recipe_from
from govor.errors import DiskFullError, StoppedError
from govor.train import checkpoint, saver, train
from govor.train.journal import read_metrics
from govor.train.step import Stepper
from govor.train.stop import Stopper

STEPS = 16
SETTINGS: dict[str, Any] = {
    "steps": STEPS,
    "save_every": "5 steps",
    "log_every": 1,
    "augment": AUGMENT,
    "loader_workers": 1,
}
SLOW_DISK = """
import os, time
sync = os.fsync
def slowly(descriptor):
    time.sleep(0.2)
    sync(descriptor)
os.fsync = slowly
"""


class Command:
    """``govor train`` as a terminal runs it: a process group that Ctrl-C reaches as a whole."""

    def __init__(self, data: dict[str, Any], **environment: str) -> None:
        self.run = Path(data["work"]) / "run"
        path = Path(data["work"]) / "recipe.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(recipe_from(data | {"preflight": {"minutes": 0.01}}).to_toml())
        self.process = subprocess.Popen(
            [sys.executable, "-m", "govor", "train", str(path), "--device", "cpu", "--json"],
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for(self, happened: Callable[[], object]) -> None:
        while self.process.poll() is None and not happened():
            time.sleep(0.002)
        assert self.process.poll() is None, self.process.communicate()[1]

    def steps(self) -> int:
        return sum(line["kind"] == "train" for line in read_metrics(self.run))

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        os.killpg(self.process.pid, number)

    def finish(self) -> tuple[int, dict[str, Any], str]:
        out, err = self.process.communicate(timeout=200)
        return self.process.returncode, json.loads(out) if out.strip() else {}, err


def undisturbed(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> dict[str, bytes]:
    train(recipe_from(plain(tmp_path / "whole", **SETTINGS)), device="cpu")
    return weights(tmp_path / "whole" / "run", STEPS)


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").iterdir())


@pytest.mark.slow
def test_ctrl_c_makes_a_checkpoint(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    data = plain(tmp_path / "broken", **SETTINGS)
    command = Command(data)
    command.wait_for(lambda: command.steps() >= 7)
    command.interrupt()
    status, summary, said = command.finish()
    assert status == 3 and summary["complete"] is False and 7 <= summary["steps"] < STEPS, said
    assert "stopped (Ctrl-C)" in said and "run the same command again to continue" in said
    assert "Traceback" not in said
    assert checkpoints(command.run)[-1] == f"step-{summary['steps']:08d}"
    status, again, said = Command(data).finish()
    assert status == 0 and again["resumed_from"] == summary["steps"] and again["complete"], said
    assert weights(command.run, STEPS) == undisturbed(plain, tmp_path)


@pytest.mark.slow
def test_sigterm_to_all_processes_of_the_job(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """As timeout, Slurm or a container's end send it: loader workers too are hit."""
    command = Command(plain(tmp_path / "job", **SETTINGS | {"steps": 4000, "loader_workers": 2}))
    command.wait_for(lambda: command.steps() >= 3)
    command.interrupt(signal.SIGTERM)
    status, summary, said = command.finish()
    assert status == 3 and summary["complete"] is False and summary["steps"] >= 3, said
    assert "stopped (SIGTERM)" in said and "Traceback" not in said


@pytest.mark.slow
def test_a_second_ctrl_c_while_saving_does_not_wait(
    plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SLOW_DISK)
    data = plain(tmp_path / "broken", **SETTINGS)
    command = Command(data, PYTHONPATH=str(tmp_path / "site"))
    command.wait_for(lambda: (command.run / "checkpoints" / "step-00000005").exists() and command.steps() > 5)
    command.interrupt()
    half_made = lambda: list((command.run / "checkpoints").glob(".step-*partial*/training"))  # noqa: E731
    command.wait_for(half_made)
    command.interrupt()
    status, summary, said = command.finish()
    assert status == 3 and summary["complete"] is False and summary["steps"] == 5, said
    assert "stopped at once (Ctrl-C)" in said and "step 5" in said and "Traceback" not in said
    assert checkpoints(command.run) == ["step-00000005"]
    status, again, said = Command(data).finish()
    assert status == 0 and again["resumed_from"] == 5, said
    assert weights(command.run, STEPS) == undisturbed(plain, tmp_path)


def test_out_of_time_and_continued(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    more = {"steps": 6, "log_every": 1, "augment": AUGMENT}
    train(recipe(work=tmp_path / "whole", **more), device="cpu")
    with pytest.raises(StoppedError, match="max_hours = 1e-09") as caught:
        train(recipe(work=tmp_path / "parts", max_hours=1e-9, **more), device="cpu")
    assert caught.value.summary["complete"] is False and caught.value.summary["steps"] == 1
    summary = train(recipe(work=tmp_path / "parts", max_hours=5.0, **more), device="cpu")
    assert summary["resumed_from"] == 1 and summary["complete"]
    assert weights(tmp_path / "parts" / "run", 6) == weights(tmp_path / "whole" / "run", 6)


@pytest.mark.parametrize("moment", ["before it", "in the middle of it"])
def test_asked_to_stop_where_an_evaluation_is_due(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The checkpoint comes first, for a grace period may be short; the next session evaluates."""
    looked: list[int] = []

    def asked(self: Stopper) -> bool:
        if moment == "before it":
            return len(numbers(run, "train")) == 3
        looked.append(len(numbers(run, "train")))
        return looked.count(4) == 3  # looks behind step 4 are those of the evaluation, one a clip

    more = {"steps": 6, "eval_every": "4 steps", "log_every": 1, "max_batch": 12, "batch_s": 1000.0}
    more |= {"keep": 9, "keep_epochs": [1]}  # an epoch has four steps
    whole, run = tmp_path / "whole" / "run", tmp_path / "parts" / "run"
    best = train(recipe(work=whole.parent, **more), device="cpu")["best"]
    with monkeypatch.context() as patch:
        patch.setattr(Stopper, "asked", asked)
        with pytest.raises(StoppedError):
            train(recipe(work=run.parent, **more), device="cpu")
    assert not numbers(run, "eval")
    summary = train(recipe(work=run.parent, **more), device="cpu")
    assert summary["resumed_from"] == 4 and summary["best"] == best
    for kind in ("eval", "train"):
        assert numbers(run, kind) == numbers(whole, kind)
    for place in (whole, run):
        found = {made.step: made.manifest["named"] for made in checkpoint.listed(place / "checkpoints")}
        assert found == {4: True, 6: False}
    assert weights(run, 6) == weights(whole, 6)


@pytest.mark.parametrize("moment", ["the last step's", "the whole of dev"])
def test_asked_to_stop_in_an_evaluation_behind_the_last_step(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The steps are saved before the last evaluation is waited for; the next session makes up for it."""
    looked: list[int] = []
    evaluations = 0 if moment == "the last step's" else 1

    def asked(self: Stopper) -> bool:
        if len(numbers(run, "train")) == 4 and len(numbers(run, "eval")) == evaluations:
            looked.append(1)
        return len(looked) == 3

    more = {"steps": 4, "log_every": 1, "eval_utterances": 4}
    whole, run = tmp_path / "whole" / "run", tmp_path / "parts" / "run"
    undisturbed = train(recipe(work=whole.parent, **more), device="cpu")
    with monkeypatch.context() as patch:
        patch.setattr(Stopper, "asked", asked)
        with pytest.raises(StoppedError, match=r"after step 4 of 4.*step-00000004: run the same") as caught:
            train(recipe(work=run.parent, **more), device="cpu")
    assert caught.value.summary["complete"] is False and checkpoints(run) == ["step-00000004"]
    assert len(numbers(run, "eval")) == evaluations and not numbers(run, "dev")
    summary = train(recipe(work=run.parent, **more), device="cpu")
    assert summary["complete"] and summary["resumed_from"] == 4
    assert (summary["best"], summary["dev"]["wer"]) == (undisturbed["best"], undisturbed["dev"]["wer"])
    assert numbers(run, "eval") == numbers(whole, "eval")
    assert weights(run, 4) == weights(whole, 4)
    assert (run / "model" / "model.safetensors").exists()


def test_sessions_too_short_for_an_evaluation_end_all_the_same(recipe: Callable[..., Recipe]) -> None:
    """The time is up as soon as a session begins: it does one step, or the evaluation that was due."""
    hasty, sessions = recipe(steps=2, eval_every="1 steps", max_hours=1e-9), 0
    while sessions < 9:
        sessions += 1
        with suppress(StoppedError):
            summary = train(hasty, device="cpu")
            break
    assert summary["complete"] and summary["steps"] == 2 and sessions <= 4


def test_asked_to_stop_while_the_base_is_evaluated(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(recipe(steps=2, work=tmp_path / "base"), device="cpu")
    model = {"base": str(tmp_path / "base" / "run")}
    with monkeypatch.context() as patch:
        patch.setattr(Stopper, "signalled", lambda self: True)
        with pytest.raises(StoppedError, match=r"after step 0 of 2.* nothing was trained yet: run the same"):
            train(recipe(steps=2, model=model), device="cpu")
    summary = train(recipe(steps=2, model=model), device="cpu")
    assert summary["complete"] and summary["base_wer"] is not None and summary["resumed_from"] is None


@pytest.mark.slow
def test_two_processes_stop_together_in_an_evaluation(
    plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """One is asked in the middle of its share of dev: both save and stop, and go on as if undisturbed."""
    settings = {"steps": 6, "eval_every": "3 steps", "log_every": 1, "eval_utterances": 8}
    settings |= {"schedule": "constant", "warmup": 0.0}
    data, run = plain(tmp_path / "parts", **settings), tmp_path / "parts" / "run"
    stopped = Killed(data, processes=2, environment={STOP_IN_EVALUATION: "1"}).finish()
    assert stopped["status"] != 0 and stopped["summary"]["steps"] == 3, stopped
    assert "stopped (another process was asked to stop)" in stopped["summary"]["error"]
    assert checkpoints(run) == ["step-00000003"] and not numbers(run, "eval")
    again = Killed(data, processes=2).finish()
    assert again["status"] == 0 and again["summary"]["resumed_from"] == 3, again
    whole = Killed(plain(tmp_path / "whole", **settings), processes=2).finish()
    assert whole["status"] == 0 and whole["summary"]["best"] == again["summary"]["best"], whole
    for kind in ("eval", "train"):
        assert numbers(run, kind) == numbers(tmp_path / "whole" / "run", kind)
    assert weights(run, 6) == weights(tmp_path / "whole" / "run", 6)


def numbers(run: Path, kind: str) -> list[tuple[int, float]]:
    """(step, WER or loss) of each line of a kind."""
    lines = [line for line in read_metrics(run) if line["kind"] == kind]
    return [(line["step"], line["wer" if kind == "eval" else "loss"]) for line in lines]


@pytest.mark.parametrize("moment", ["in the middle of a checkpoint", "between two"])
def test_a_disk_that_fills_up(
    recipe: Callable[..., Recipe],
    tmp_path: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    """The errors are those of a real file system; the last good checkpoint stands."""
    more = {"steps": 8, "save_every": "3 steps", "log_every": 1, "augment": AUGMENT}
    train(recipe(work=tmp_path / "whole", **more), device="cpu")
    calls = []

    def filling(real: Callable[..., Any], at_call: int) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls.append(real)
            if len(calls) == at_call:
                fill(small_disk)
            return real(*arguments)

        return call

    with monkeypatch.context() as patch:
        if moment == "between two":
            patch.setattr(Stepper, "step", filling(Stepper.step, 5))
        else:
            patch.setattr(saver, "save_optimiser", filling(saver.save_optimiser, 2))
        with pytest.raises(DiskFullError, match=r"(no space left|bytes are free).*same command again"):
            train(recipe(work=small_disk / "work", **more), device="cpu")
    run = small_disk / "work" / "run"
    assert checkpoints(run) == ["step-00000003"]
    with pytest.raises(DiskFullError, match="the next checkpoint needs"):  # said before hours of training
        train(recipe(work=small_disk / "work", **more), device="cpu")
    (small_disk / "filler").unlink()
    summary = train(recipe(work=small_disk / "work", **more), device="cpu")
    assert summary["resumed_from"] == 3 and summary["complete"]
    assert weights(run, 8) == weights(tmp_path / "whole" / "run", 8)
