"""One task on one worker process, whatever happens to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.errors import MachineError
from govor.prepare.facts import Finished
from govor.prepare.task import Task, audio_path
from govor.prepare.verdicts import Verdicts, examine_alone

LOSSES_WITHOUT_REASON = 20
Heard = Callable[[float, int], None]
Arrived = Callable[[Finished], None]


class Supervisor:
    """Owns a worker process, replaces it when it is lost, and finds the recording that was to blame.

    A loss is first answered by doing the task again, carefully: every recording is announced. The recording
    at which a careful worker is lost is decoded alone; if that fails too, its verdict is stored and it is
    set aside; if not, the loss came from outside, and the task is done again.

    Args:
        verdicts: where verdicts are stored.
        stall_s: silence after which a worker counts as hung.
        memory_bytes: address space of the worker.
        stopped: whether the run is being ended.
    """

    def __init__(
        self, verdicts: Verdicts, stall_s: float, memory_bytes: int, stopped: Callable[[], bool]
    ) -> None:
        self._verdicts, self._stopped = verdicts, stopped
        self._bounds = (stall_s, memory_bytes)
        self._worker = GuardedWorker(memory_bytes=memory_bytes, stall_s=stall_s)
        self._losses: Counter[str] = Counter()

    def run(self, task: Task, heard: Heard, arrived: Arrived) -> int:
        """Runs `task` to its end; returns the worker's largest resident memory in bytes.

        Raises:
            WorkerLostError: with code ``stopped``, when the run is being ended.
            MachineError: workers are lost again and again without a recording to blame.
        """
        told = Told(task.settings.sample_rate, heard, arrived)
        while True:
            task = replace(task.without(told.finished), verdicts=self._verdicts.codes())
            told.recording = ""
            try:
                peak_bytes: int = self._worker.call(
                    "govor.prepare.work:run_task", task, on_message=told, stopped=self._stopped
                )
                return peak_bytes
            except WorkerLostError as error:
                if error.code == "stopped":
                    raise
                told.anew()
                self._judge(task, told.recording, error)
                task = replace(task, careful=True)

    def _judge(self, task: Task, current: str, error: WorkerLostError) -> None:
        if not task.careful or not current:
            self._count_loss("a worker", error)
            return
        path = audio_path(current, task.audio_root)
        reason = examine_alone(path, task.settings, *self._bounds, self._stopped)
        if reason is not None:
            self._verdicts.store(current, reason)
        else:
            self._count_loss(path, error)

    def _count_loss(self, what: str, error: WorkerLostError) -> None:
        self._losses[what] += 1
        if self._losses[what] > LOSSES_WITHOUT_REASON:
            raise MachineError(
                f"{what}: its worker {error} {self._losses[what]} times, though decoding it alone works: "
                "look for a lack of memory, then run the same command again"
            )

    def close(self) -> None:
        """Ends the worker."""
        self._worker.close()

    def kill(self) -> None:
        """Ends the worker at once."""
        self._worker.kill()


class Told:
    """What workers tell of one task; seconds that are lost with a worker are taken back."""

    def __init__(self, sample_rate: int, heard: Heard, arrived: Arrived) -> None:
        self._rate, self._heard, self._arrived = sample_rate, heard, arrived
        self.finished: set[str] = set()
        self.recording = ""
        self._open_s = 0.0

    def __call__(self, message: tuple[Any, ...]) -> None:
        """Takes a message of `govor.prepare.work.run_task`."""
        kind, *content = message
        if kind == "recording":
            self.recording = content[0]
        elif kind == "again":
            self.anew()
        elif kind == "beat":
            self._open_s += content[0]
            self._heard(*content)
        else:
            self._open_s -= content[0].facts.samples / self._rate
            self.finished.add(content[0].name)
            self._arrived(*content)

    def anew(self) -> None:
        """What no finished shard holds is done again."""
        self._heard(-self._open_s, 0)
        self._open_s = 0.0
