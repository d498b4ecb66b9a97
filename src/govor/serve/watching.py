"""One recording of a visitor of the page, heard by some models at once: watched, and stopped where asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from govor.errors import GovorError, LanguageError
from govor.serve.asked import require_model_can
from govor.serve.job_queue import Job, JobQueue
from govor.serve.models import ServedModel
from govor.serve.refusals import RequestError, failure
from govor.serve.view import ModelTranscript, failed_html, listening_html
from govor.transcribe import Transcript

REFRESH_S = 0.5
REFRESH_SEGMENT_S = 0.001
"""Longer texts are drawn less often: they are sent whole."""


class Stop(threading.Event):
    """What the Stop button sets; a copy is another visitor's, and never set."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Stop:
        return Stop()


def watch(
    heard: list[ModelTranscript],
    models: Mapping[str, ServedModel],
    queue: JobQueue,
    audio: Path,
    language: str | None,
    stop: Stop,
) -> Iterator[str]:
    """Runs one job a model, all at once, and says now and then how far they are.

    Args:
        heard: one a model; segments, and in the end transcripts or failures, are put there.
        models: by name.
        queue: that runs the jobs.
        audio: what is transcribed.
        language: given language or None.
        stop: ends it before its time; what was heard until then is kept.
    """
    jobs: list[tuple[ModelTranscript, Job]] = []
    started_s = time.monotonic()
    try:
        for one in heard:
            try:
                require_model_can(models[one.name], "transcribe", language, None)
            except (RequestError, LanguageError) as error:
                one.failure = str(error)
                continue
            job = Job(audio, models[one.name], audio.name, language, True, on_segment=_listener(one))
            queue.submit(job)
            jobs.append((one, job))
        while not all(job.result.done() for _, job in jobs) and not stop.is_set():
            yield listening_html(heard, time.monotonic() - started_s)
            stop.wait(max(REFRESH_S, len(heard[0].segments) * REFRESH_SEGMENT_S))
        for one, job in jobs:
            _finish(one, job, time.monotonic() - started_s)
    except GovorError as error:
        for one in heard:
            one.failure = str(error)
    finally:
        for _, job in jobs:
            job.cancel()


def _listener(one: ModelTranscript) -> Callable[[Any, float], None]:
    def listen(segment: Any, read_s: float) -> None:
        one.segments.append(segment)
        one.read_s = read_s

    return listen


def _finish(one: ModelTranscript, job: Job, passed_s: float) -> None:
    if not job.result.done():
        one.stopped = True
        timing = {"rtf": passed_s / one.read_s if one.read_s else 0.0}
        one.transcript = Transcript(job.name, one.read_s, job.language, tuple(one.segments), timing)
        return
    try:
        one.transcript = job.result.result()
    except Exception as error:
        one.failure = failed_html(failure(error)[1])
