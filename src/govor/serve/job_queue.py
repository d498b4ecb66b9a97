"""Queues recordings and transcribes a few at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from govor.audio.fork_server import ForkServer
from govor.console import say
from govor.errors import GovorError
from govor.serve.blocks import Block, guarded_blocks
from govor.serve.limits import ServeLimits
from govor.serve.metrics import Metrics
from govor.transcribe.patience import OverError, Patience

if TYPE_CHECKING:
    from govor.config import TranscribeConfig
    from govor.serve.models import ServedModel
    from govor.transcribe import Segment, Transcript


STOPPING = "the server is being stopped"


class QueueFullError(GovorError):
    """More recordings wait than the server holds; come back after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the server is busy; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class StoppingError(GovorError):
    """The server is being stopped."""


class ClientGoneError(GovorError):
    """Nobody waits for the answer."""


class JobTimeError(GovorError):
    """A recording took longer than a client may ask for."""


@dataclass(eq=False)
class Job:
    """One recording to be transcribed.

    Attributes:
        audio: the upload, in a temporary file that its owner removes.
        model: what transcribes it.
        name: what the transcript calls it.
        language: given language or None.
        words: whether times of words are wanted.
        task: ``transcribe`` or ``translate``; None: as the server is set.
        prompt: text that the model is told before, or None.
        on_segment: called with every segment and the seconds read so far, from the queue's thread.
        result: the transcript, or what went wrong.
        patience: ends with `cancel`, and with it whatever the job waits for.
    """

    audio: Path
    model: ServedModel
    name: str = "audio"
    language: str | None = None
    words: bool = False
    task: str | None = None
    prompt: str | None = None
    on_segment: Callable[[Segment, float], None] | None = None
    result: Future[Transcript] = field(default_factory=Future)
    submitted_s: float = field(default_factory=time.monotonic)
    patience: Patience = field(default_factory=Patience)

    @property
    def is_cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.patience.is_over

    def cancel(self) -> None:
        """Ends it wherever it is; what it holds is free at once."""
        self.patience.end()

    @property
    def config(self) -> TranscribeConfig:
        """How the model's recordings are decoded, with what this one's owner asks for."""
        own = self.model.config
        return replace(own, task=self.task or own.task, prompt=self.prompt or own.prompt)


class JobQueue:
    """A bounded queue and a few threads.

    Args:
        limits: how many recordings run and wait, and how long.
        metrics: counters that ``/metrics`` shows.
    """

    def __init__(self, limits: ServeLimits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._running: list[Job] = []
        self._stopping = False
        self._recent_s: deque[float] = deque([5.0], maxlen=16)
        self._fork_server = ForkServer()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(limits.concurrent)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        """Queues `job`.

        Raises:
            QueueFullError: too many wait already.
            StoppingError: the server is being stopped.
        """
        with self._changed:
            if (reason := self._refusal()) is not None:
                raise reason
            job.result.set_running_or_notify_cancel()  # it is for the queue alone to end it
            self._waiting.append(job)
            self._note()
            self._changed.notify()
        job.patience.when_over(self._let_go)

    def refusal(self) -> QueueFullError | StoppingError | None:
        """Why no further recording can be taken now, or None."""
        with self._changed:
            return self._refusal()

    def _refusal(self) -> QueueFullError | StoppingError | None:
        if self._stopping:
            return StoppingError(STOPPING)
        self._forget_gone()
        is_full = len(self._waiting) >= self.limits.max_queue
        return QueueFullError(self._retry_after_s()) if is_full else None

    def _forget_gone(self) -> None:
        """Frees the places of clients that have gone while they waited."""
        gone = [job for job in self._waiting if job.is_cancelled]
        self._waiting = deque(job for job in self._waiting if not job.is_cancelled)
        for job in gone:
            job.result.set_exception(ClientGoneError("the client has gone"))

    def _let_go(self) -> None:
        with self._changed:
            self._forget_gone()
            self._note()

    def _retry_after_s(self) -> int:
        typical_s = sorted(self._recent_s)[len(self._recent_s) // 2]
        return max(1, round(typical_s * len(self._waiting) / self.limits.concurrent))

    def _note(self) -> None:
        self.metrics.waiting.set(len(self._waiting))
        self.metrics.running.set(len(self._running))

    def is_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping

    def stop(self, grace_s: float = 0.0) -> None:
        """Refuses what waits, lets what runs end, and ends the threads.

        Args:
            grace_s: recordings that still run after so many seconds are broken off and answered as refused.
        """
        with self._changed:
            self._stopping = True
            refused, self._waiting = list(self._waiting), deque()
            self._note()
            self._changed.notify_all()
        for job in refused:
            job.result.set_exception(StoppingError(STOPPING))
        until_s = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, until_s - time.monotonic()))
        with self._changed:
            running = list(self._running)
        for job in running:
            job.cancel()
        for thread in self._threads:
            thread.join()
        self._fork_server.close()

    def _work(self) -> None:
        while (job := self._take()) is not None:
            started_s = time.monotonic()
            try:
                transcript = self._transcribe(job)
            except OverError:
                job.result.set_exception(self._broken_off_error())
            except BaseException as error:
                if not isinstance(error, GovorError):
                    say(f"serve: {type(error).__name__}: {error}")
                job.result.set_exception(error)
            else:
                job.result.set_result(transcript)
            with self._changed:
                self._running.remove(job)
                self._recent_s.append(time.monotonic() - started_s)
                self._note()

    def _take(self) -> Job | None:
        with self._changed:
            while True:
                self._forget_gone()
                if self._waiting:
                    break
                if self._stopping:
                    return None
                self._changed.wait()
            job = self._waiting.popleft()
            self._running.append(job)
            self._note()
            return job

    def _transcribe(self, job: Job) -> Transcript:
        from govor.transcribe import Transcriber

        segments: list[Segment] = []
        with job.model.borrowed() as recogniser, closing(self._blocks(job, recogniser.sample_rate)) as blocks:
            transcriber = Transcriber(recogniser.for_one(job.patience), job.config)
            run = transcriber.stream(blocks, words=job.words, language=job.language)
            for segment in run:
                self._check(job)
                segments.append(segment)
                if job.on_segment:
                    job.on_segment(segment, run.duration)
        self.metrics.audio_s.inc(run.duration)
        return transcriber.finished(job.name, run, segments)

    def _blocks(self, job: Job, sample_rate: int) -> Generator[Block]:
        """The upload's samples, as long as somebody wants them."""
        blocks = guarded_blocks(job.audio, sample_rate, self.limits, job.patience, self._fork_server.start)
        with closing(blocks):
            self._check(job)
            for block in blocks:
                yield block
                self._check(job)

    def _broken_off_error(self) -> GovorError:
        return StoppingError(STOPPING) if self._stopping else ClientGoneError("the client has gone")

    def _check(self, job: Job) -> None:
        if job.is_cancelled:
            raise self._broken_off_error()
        if time.monotonic() - job.submitted_s > self.limits.job_s:
            raise JobTimeError(f"transcribing took longer than {self.limits.job_s:g} s, the server's limit")
