"""One trial: a training run in a process of its own (no leaks, and a crash costs one trial).

``python -m govor.tune.trial FOLDER`` trains the recipe in ``FOLDER/recipe.toml`` into ``FOLDER/run`` and
writes ``FOLDER/result.json``. It ends, with a checkpoint, when the process that started it is gone.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NotRequired, TypedDict

from govor import store
from govor.errors import BusyError, DiskFullError, GovorError, InputError, LimitError
from govor.train.summary import TrainSummary
from govor.waiting import end_with_parent

RESULT = "result.json"
LOOK_EVERY_S = 1.0
BUSY_WAIT_S = 30.0
STOP_WAIT_S = 60.0
FULL_STATUS = errno.ENOSPC
"""Of a trial that cannot even write its result."""


class TrialError(TypedDict):
    """Why a trial failed; ``kind`` is ``input`` or ``machine`` where it ended by itself."""

    type: str
    message: str
    kind: NotRequired[str]


class TrialResult(TypedDict, total=False):
    """``result.json``: one of both."""

    summary: TrainSummary
    error: TrialError


class TrialProcess:
    """A trial's process, seen from the process that runs the study.

    Args:
        folder: with ``recipe.toml``; everything the trial makes goes there.
        device: ``auto``, ``cpu`` or ``cuda:N``.
    """

    def __init__(self, folder: Path, device: str) -> None:
        self.folder = folder
        (folder / RESULT).unlink(missing_ok=True)
        self._log = (folder / "log.txt").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "govor.tune.trial", str(folder), device],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def wait(self, seconds: float) -> bool:
        """Whether it ended within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._log.close()
        return True

    def stop(self) -> None:
        """Asks it to end (it makes a checkpoint), then ends it."""
        self._process.send_signal(signal.SIGTERM)
        if not self.wait(STOP_WAIT_S):
            self._process.kill()
            self.wait(STOP_WAIT_S)

    def result(self) -> TrialResult:
        """What the trial came to; a crash has no result of its own."""
        path = self.folder / RESULT
        if path.exists():
            return store.read_record(path, TrialResult)
        code = self._process.returncode
        if code == FULL_STATUS:
            message = f"no space left while writing {path}: free some space and run the same command again"
            return {"error": {"type": DiskFullError.__name__, "message": message}}
        how = f"ended by {signal.Signals(-code).name}" if code and code < 0 else f"ended with status {code}"
        return {"error": {"type": "Crash", "message": f"{how}; {_last_line(self.folder / 'log.txt')}"}}


def _last_line(path: Path) -> str:
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it gave no message"


def _train(folder: Path, device: str) -> TrainSummary:
    from govor.config import load_recipe
    from govor.train import train

    recipe = load_recipe(folder / "recipe.toml")
    deadline_s = time.monotonic() + BUSY_WAIT_S
    while True:
        try:
            return train(recipe, device=device)
        except BusyError:  # the trial of a study that was just killed is still ending
            if time.monotonic() > deadline_s:
                raise
            time.sleep(LOOK_EVERY_S)


def main() -> int:
    """Entry of the trial's process."""
    folder, device = Path(sys.argv[1]), sys.argv[2]
    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        result: TrialResult = {"summary": _train(folder, device)}
    except LimitError as error:
        result = {"error": {"type": type(error).__name__, "message": str(error)}}
    except GovorError as error:
        kind = "input" if isinstance(error, InputError) else "machine"
        result = {"error": {"type": type(error).__name__, "message": str(error), "kind": kind}}
    try:
        store.write_json(folder / RESULT, result)
    except DiskFullError:
        return FULL_STATUS
    return 0 if "summary" in result else 1


if __name__ == "__main__":
    sys.exit(main())
