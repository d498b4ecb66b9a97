"""The OpenAI-compatible routes."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from govor.serve import answers
from govor.serve.asked import TranscriptionRequest, find_model, read_form
from govor.serve.description import ANSWERS, METRICS, NO_MODEL, TRANSCRIPTION, TRANSLATION, form
from govor.serve.job_queue import ClientGoneError, Job, JobQueue
from govor.serve.metrics import Metrics
from govor.serve.models import ALIAS, ServedModel
from govor.serve.refusals import UPLOAD_PREFIX, RequestError, failure, wrong_value
from govor.text.spacing import space_between
from govor.transcribe import Segment, Transcript

COPY_BYTES = 1 << 20


Awaited = TypeVar("Awaited")
Segments = asyncio.Queue[Segment | None]


async def keep(form: FormData) -> Path:
    """Copies the form's file to a temporary one; whoever asked removes it."""
    upload = form["file"]
    assert isinstance(upload, UploadFile)
    descriptor, name = tempfile.mkstemp(prefix=UPLOAD_PREFIX)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while block := await upload.read(COPY_BYTES):
                await asyncio.to_thread(target.write, block)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def routes(models: Mapping[str, ServedModel], queue: JobQueue, metrics: Metrics) -> APIRouter:
    """All routes of the API."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "models": list(models)}

    @router.get("/metrics", responses=METRICS, response_class=Response)
    async def show_metrics() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @router.get("/v1/models")
    async def list_models() -> dict[str, object]:
        return {"object": "list", "data": [_card(name) for name in (*models, ALIAS)]}

    @router.get("/v1/models/{name:path}", responses=NO_MODEL)
    async def show_model(name: str) -> dict[str, object]:
        find_model(models, name)
        return _card(name)

    def offer(path: str, task: str, fields: dict[str, dict[str, object]]) -> None:
        @router.post(path, name=task, openapi_extra=form(fields), responses=ANSWERS, response_class=Response)
        async def take(request: Request) -> Response:
            return await _take(request, queue, models, task)

    offer("/v1/audio/transcriptions", "transcribe", TRANSCRIPTION)
    offer("/v1/audio/translations", "translate", TRANSLATION)
    return router


def _card(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "govor"}


async def _take(request: Request, queue: JobQueue, models: Mapping[str, ServedModel], task: str) -> Response:
    filled = await _form(request)
    try:
        asked = read_form(filled, models, task)
        audio = await keep(filled)
    finally:
        await filled.close()
    return await _transcribe(request, queue, asked, audio)


async def _form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise RequestError(400, "send multipart/form-data with the fields file and model", "invalid_form")
    try:
        return await request.form(max_files=1, max_fields=50)
    except Exception as error:
        if type(error).__name__.startswith("_"):  # from the layer that counts the body
            raise
        raise RequestError(400, f"the form cannot be read: {error}", "invalid_form") from error


async def _transcribe(
    request: Request, queue: JobQueue, asked: TranscriptionRequest, audio: Path
) -> Response:
    loop = asyncio.get_running_loop()
    segments: Segments = asyncio.Queue()

    def pass_on(segment: Segment, _read_s: float) -> None:
        loop.call_soon_threadsafe(segments.put_nowait, segment)

    on_segment = pass_on if asked.stream else None
    job = Job(audio, asked.model, "upload", asked.language, asked.words, asked.task, asked.prompt, on_segment)
    job.result.add_done_callback(lambda _: audio.unlink(missing_ok=True))
    job.result.add_done_callback(lambda _: _wake(loop, segments))
    try:
        queue.submit(job)
    except BaseException:
        audio.unlink(missing_ok=True)
        raise
    if asked.stream:
        first = await _unless_gone(request, job, segments.get())
        _raise_failure(job, first, asked)
        events = _events(job, first, segments, asked.logprobs)
        return StreamingResponse(events, media_type="text/event-stream")
    return _answer(asked, await _await_transcript(request, job))


def _answer(asked: TranscriptionRequest, transcript: Transcript) -> Response:
    _require_logprobs(asked, transcript.segments)
    media = answers.MEDIA_TYPES.get(asked.form, "application/json")
    content = answers.body(
        transcript, asked.form, asked.granularities, task=asked.task, logprobs=asked.logprobs
    )
    return Response(content, media_type=media)


def _wake(loop: asyncio.AbstractEventLoop, segments: Segments) -> None:
    with suppress(RuntimeError):  # the loop is closed: the server has stopped
        loop.call_soon_threadsafe(segments.put_nowait, None)


def _raise_failure(job: Job, first: Segment | None, asked: TranscriptionRequest) -> None:
    """What goes wrong before the first words is not an event yet, but the answer's status."""
    if first is None and (error := job.result.exception()) is not None:
        raise error
    if first is not None:
        try:
            _require_logprobs(asked, [first])
        except RequestError:
            job.cancel()
            raise


def _require_logprobs(asked: TranscriptionRequest, segments: Sequence[Segment]) -> None:
    if asked.logprobs and not answers.has_confidences(segments):
        raise wrong_value("include[]", f"the model {asked.model.name} gives no probabilities of words")


async def _await_transcript(request: Request, job: Job) -> Transcript:
    """Waits for the transcript."""
    waiting = asyncio.wrap_future(job.result)
    waiting.add_done_callback(_looked_at)
    try:
        return await _unless_gone(request, job, asyncio.shield(waiting))
    finally:
        job.cancel()


def _looked_at(waiting: asyncio.Future[Transcript]) -> None:
    """Nobody is left to be told; asyncio would log the failure with its traceback."""
    if not waiting.cancelled():
        waiting.exception()


async def _unless_gone(request: Request, job: Job, awaited: Awaitable[Awaited]) -> Awaited:
    """What is awaited; a client that goes away frees its place at once.

    Raises:
        ClientGoneError: it has gone.
    """
    task, gone = asyncio.ensure_future(awaited), asyncio.ensure_future(_until_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGoneError("the client has gone")
    except BaseException:
        job.cancel()
        raise
    finally:
        gone.cancel()
        task.cancel()


async def _until_gone(request: Request) -> None:
    """Returns when the client hangs up; the whole form is here already."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _events(job: Job, first: Segment | None, segments: Segments, logprobs: bool) -> AsyncIterator[str]:
    segment, said = first, ""
    try:
        while segment is not None:
            delta = space_between(said, segment.text) + segment.text
            beside = {"logprobs": answers.log_probabilities([segment], said)} if logprobs else {}
            yield answers.event("transcript.text.delta", delta=delta, **beside)
            said = segment.text
            segment = await segments.get()
        error = job.result.exception()
        if error is not None:
            yield answers.event("error", **json.loads(failure(error)[1]))
        else:
            yield answers.event("transcript.text.done", text=job.result.result().text)
        yield "data: [DONE]\n\n"
    finally:
        job.cancel()
