"""One task on one worker process, whatever happens to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.config import PrepareConfig
from govor.errors import MachineError
from govor.prepare.provenance import store_recordings
from govor.prepare.snapshot import audio_path
from govor.prepare.target import Target
from govor.prepare.task import Beat, Event, Message, Opening, Report, Restart, ShardDone, Task
from govor.prepare.verdicts import DETAILS, Verdicts, examine_alone

LOSSES_WITHOUT_REASON = 20


class Supervisor:
    """Owns a worker process, replaces it when it is lost, and finds the recording that was to blame.

    A loss is first answered by doing the task again, carefully: every recording is announced. The recording
    at which a careful worker is lost is decoded alone; if that fails too, its verdict is stored and it is
    set aside; if not, the loss came from outside, and the task is done again.

    Args:
        target: where shards go.
        verdicts: on its recordings.
        config: bounds of the worker.
        stopped: whether the run is being ended.
    """

    def __init__(
        self,
        target: Target,
        verdicts: Verdicts,
        config: PrepareConfig,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._target, self._verdicts, self._stopped = target, verdicts, stopped
        self._bounds = (config.stall_s, config.memory_bytes)
        self._worker = GuardedWorker(memory_bytes=config.memory_bytes, stall_s=config.stall_s)
        self._losses: Counter[str] = Counter()

    def run(self, task: Task) -> Iterator[Event]:
        """Runs `task` to its end and tells what happens.

        Raises:
            WorkerLostError: with code ``stopped``, when the run is being ended.
            MachineError: workers are lost again and again without a recording to blame.
        """
        progress = _Progress(task.settings.sample_rate)
        while True:
            task = replace(task.without(progress.done), verdicts=self._verdicts.codes())
            progress.recording = ""
            try:
                yield from self._attempt(task, progress)
                return
            except WorkerLostError as error:
                if error.code == "stopped":
                    raise
                lost = error
            yield progress.restart()
            yield from self._judge(task, progress.recording, lost)
            task = replace(task, careful=True)

    def _attempt(self, task: Task, progress: _Progress) -> Iterator[Event]:
        for report in self._worker.messages("govor.prepare.work:run_task", task, stopped=self._stopped):
            if isinstance(report, ShardDone):
                self._target.bring(report.name)
                store_recordings(self._target, report.name, report.recordings)
            event = progress.event(report)
            if event:
                yield event

    def _judge(self, task: Task, current: str, error: WorkerLostError) -> Iterator[Event]:
        if not task.careful or not current:
            self._count_loss("a worker", error)
            return
        path = audio_path(current, task.audio_root)
        reason = examine_alone(path, task.settings, *self._bounds, self._stopped)
        if reason is None:
            self._count_loss(path, error)
            return
        self._verdicts.store(current, reason)
        yield Message(f"{path} is set aside as {reason}: {DETAILS[reason]}")

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


class _Progress:
    """How far one task is; seconds that are lost with a worker are taken back."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self.done: set[str] = set()
        self.recording = ""
        self._open_s = 0.0

    def event(self, report: Report) -> Beat | ShardDone | None:
        """What a report means to those who wait for the task."""
        match report:
            case Opening():
                self.recording = report.audio
                return None
            case Restart():
                return self.restart()
            case Beat():
                self._open_s += report.seconds
            case ShardDone():
                self._open_s -= report.facts.samples / self._rate
                self.done.add(report.name)
        return report

    def restart(self) -> Beat:
        """What no finished shard holds is done again."""
        lost_s, self._open_s = self._open_s, 0.0
        return Beat(-lost_s)
