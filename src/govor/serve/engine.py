"""Queues recordings and transcribes a few at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from govor.console import say
from govor.errors import GovorError
from govor.serve.decoding import guarded_blocks
from govor.serve.limits import ServeLimits
from govor.serve.metrics import Metrics

if TYPE_CHECKING:
    from govor.serve.models import ServedModel
    from govor.transcribe import Segment, Transcript


class QueueFullError(GovorError):
    """More recordings wait than the server holds; come back after `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"the server is busy; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class StoppingError(GovorError):
    """The server is being stopped."""


class JobTimeError(GovorError):
    """A recording took longer than a client may ask for."""


@dataclass
class Job:
    """One recording to be transcribed.

    Attributes:
        audio: the upload, in a temporary file that its owner removes.
        model: what transcribes it.
        name: what the transcript calls it.
        language: given language or None.
        words: whether times of words are wanted.
        on_segment: called with every segment and the seconds read so far, from the engine's thread.
        result: the transcript, or what went wrong.
    """

    audio: Path
    model: ServedModel
    name: str = "audio"
    language: str | None = None
    words: bool = False
    on_segment: Callable[[Segment, float], None] | None = None
    result: Future[Transcript] = field(default_factory=Future)
    submitted_s: float = field(default_factory=time.monotonic)
    cancelled: threading.Event = field(default_factory=threading.Event)


class Engine:
    """A bounded queue and a few threads.

    Args:
        limits: how many recordings run and wait, and how long.
        metrics: counters that ``/metrics`` shows.
    """

    def __init__(self, limits: ServeLimits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._running = 0
        self._stopping = False
        self._recent_s: deque[float] = deque([5.0], maxlen=16)
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
            if self._stopping:
                raise StoppingError("the server is being stopped")
            if len(self._waiting) >= self.limits.max_queue:
                raise QueueFullError(self._retry_after_s())
            self._waiting.append(job)
            self._note()
            self._changed.notify()

    def _retry_after_s(self) -> int:
        typical_s = sorted(self._recent_s)[len(self._recent_s) // 2]
        return max(1, round(typical_s * len(self._waiting) / self.limits.concurrent))

    def _note(self) -> None:
        self.metrics.waiting.set(len(self._waiting))
        self.metrics.running.set(self._running)

    def stop(self) -> None:
        """Lets running recordings end, refuses those that wait, and ends the threads."""
        with self._changed:
            self._stopping = True
            refused, self._waiting = list(self._waiting), deque()
            self._changed.notify_all()
        for job in refused:
            job.result.set_exception(StoppingError("the server is being stopped"))
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._take()) is not None:
            started_s = time.monotonic()
            try:
                job.result.set_result(self._transcribe(job))
            except BaseException as error:
                if not isinstance(error, GovorError):
                    say(f"serve: {type(error).__name__}: {error}")
                job.result.set_exception(error)
            with self._changed:
                self._running -= 1
                self._recent_s.append(time.monotonic() - started_s)
                self._note()

    def _take(self) -> Job | None:
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            if not self._waiting:
                return None
            self._running += 1
            job = self._waiting.popleft()
            self._note()
            return job

    def _transcribe(self, job: Job) -> Transcript:
        from govor.transcribe import Transcriber, Transcript

        recogniser = job.model.recogniser
        blocks = guarded_blocks(job.audio, recogniser.sample_rate, self.limits)
        run = Transcriber(recogniser, job.model.config).stream(blocks, words=job.words, language=job.language)
        segments: list[Segment] = []
        try:
            for segment in run:
                self._check_time(job)
                segments.append(segment)
                if job.on_segment:
                    job.on_segment(segment, run.duration)
        finally:
            blocks.close()  # type: ignore[attr-defined]
        self.metrics.audio_s.inc(run.duration)
        rtf = run.decode_s / run.duration if run.duration else 0.0
        timing = {"load_s": 0.0, "decode_s": round(run.decode_s, 3), "rtf": round(rtf, 5)}
        return Transcript(job.name, run.duration, run.language, tuple(segments), timing)

    def _check_time(self, job: Job) -> None:
        if job.cancelled.is_set():
            raise StoppingError("the client has gone")
        if time.monotonic() - job.submitted_s > self.limits.job_s:
            raise JobTimeError(f"transcribing took longer than {self.limits.job_s:g} s, the server's limit")
