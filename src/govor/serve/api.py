"""The OpenAI-compatible routes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import FormData, UploadFile

from govor.errors import AudioError, LanguageError
from govor.serve import answers
from govor.serve.engine import (
    ClientGoneError,
    Engine,
    Job,
    JobTimeError,
    QueueFullError,
    StoppingError,
)
from govor.serve.guards import error_body
from govor.serve.metrics import Metrics
from govor.serve.models import ALIAS, ServedModel
from govor.text.spacing import space_between
from govor.transcribe import Segment, Transcript

COPY_BYTES = 1 << 20
STREAMED = ("true", "1", "True")
LONGEST_VALUE = 200
"""Characters of a field that are looked at, and shown in a message."""
CLIENT_GONE = 499
"""What web servers count where nobody is left to be answered."""
LANGUAGE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
PREFIX = "govor-upload-"
"""Of temporary files; what a crash leaves can be found by it."""


class RequestError(Exception):
    """What is wrong with a request, with its HTTP status."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.param = status, code, param


@dataclass(frozen=True)
class Asked:
    """What a request asks for, checked."""

    model: ServedModel
    language: str | None
    form: str
    granularities: tuple[str, ...]
    stream: bool


def routes(models: Mapping[str, ServedModel], engine: Engine, metrics: Metrics) -> APIRouter:
    """All routes of the API."""
    router = APIRouter()

    @router.get("/health")
    async def health() -> dict[str, object]:
        return {"status": "ok", "models": list(models)}

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @router.get("/v1/models")
    async def list_models() -> dict[str, object]:
        return {"object": "list", "data": [_card(name) for name in (*models, ALIAS)]}

    @router.get("/v1/models/{name:path}")
    async def show_model(name: str) -> dict[str, object]:
        _find(models, name)
        return _card(name)

    @router.post("/v1/audio/transcriptions")
    async def transcribe(request: Request) -> Response:
        form = await _form(request)
        try:
            asked = _read(form, models)
            audio = await _keep(form)
        finally:
            await form.close()
        return await _transcribe(request, engine, asked, audio)

    return router


def _card(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "govor"}


def _find(models: Mapping[str, ServedModel], name: str) -> ServedModel:
    if name == ALIAS or not name:
        return next(iter(models.values()))
    if name not in models:
        offered = ", ".join((*models, ALIAS))
        raise RequestError(
            404, f"there is no model {name!r}; there are {offered}", "model_not_found", "model"
        )
    return models[name]


async def _form(request: Request) -> FormData:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise RequestError(400, "send multipart/form-data with the fields file and model", "invalid_form")
    try:
        return await request.form(max_files=1, max_fields=50)
    except Exception as error:
        if type(error).__name__.startswith("_Too"):  # from the layer that counts the body
            raise
        raise RequestError(400, f"the form cannot be read: {error}", "invalid_form") from error


def _read(form: FormData, models: Mapping[str, ServedModel]) -> Asked:
    if not isinstance(form.get("file"), UploadFile):
        raise RequestError(400, "the field file is missing, or is not a file", "missing_file", "file")
    shape = _choice(form, "response_format", answers.FORMATS, "json")
    granularities = [str(value) for value in form.getlist("timestamp_granularities[]")] or ["segment"]
    for value in granularities:
        if value not in answers.GRANULARITIES:
            raise RequestError(
                400, f"timestamp_granularities[] is {value!r}; it is word or segment", "invalid_value",
                "timestamp_granularities[]",
            )  # fmt: skip
    stream = _choice(form, "stream", ("false", "true", "0", "1", "False", "True"), "false") in STREAMED
    language = _text(form, "language").strip() or None
    if language is not None and not LANGUAGE.fullmatch(language):
        raise RequestError(400, "language is not a language tag such as hr", "invalid_value", "language")
    model = _find(models, _text(form, "model"))
    return Asked(model, language, shape, tuple(granularities), stream)


def _text(form: FormData, name: str) -> str:
    """A field's text; a file in its place is refused."""
    value = form.get(name) or ""
    if not isinstance(value, str):
        raise RequestError(400, f"{name} is a file; it is a text", "invalid_value", name)
    return value[:LONGEST_VALUE]


def _choice(form: FormData, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = _text(form, name) or default
    if value not in allowed:
        raise RequestError(
            400, f"{name} is {value!r}; it is one of {', '.join(allowed)}", "invalid_value", name
        )
    return value


async def _keep(form: FormData) -> Path:
    """Copies the upload to a temporary file whose name owes nothing to the client."""
    upload = form["file"]
    assert isinstance(upload, UploadFile)
    descriptor, name = tempfile.mkstemp(prefix=PREFIX)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while block := await upload.read(COPY_BYTES):
                await asyncio.to_thread(target.write, block)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


async def _transcribe(request: Request, engine: Engine, asked: Asked, audio: Path) -> Response:
    loop = asyncio.get_running_loop()
    segments: asyncio.Queue[Segment | None] = asyncio.Queue()

    def pass_on(segment: Segment, _read_s: float) -> None:
        loop.call_soon_threadsafe(segments.put_nowait, segment)

    words = "word" in asked.granularities and asked.form == "verbose_json"
    on_segment = pass_on if asked.stream else None
    job = Job(audio, asked.model, "upload", asked.language, words, on_segment)
    job.result.add_done_callback(lambda _: audio.unlink(missing_ok=True))
    job.result.add_done_callback(lambda _: _wake(loop, segments))
    try:
        engine.submit(job)
    except BaseException:
        audio.unlink(missing_ok=True)
        raise
    if asked.stream:
        first = await segments.get()
        if first is None:
            _raise_failure(job)
        return StreamingResponse(_events(job, first, segments), media_type="text/event-stream")
    transcript = await _finished(request, job)
    media = answers.MEDIA_TYPES.get(asked.form, "application/json")
    return Response(answers.body(transcript, asked.form, asked.granularities), media_type=media)


def _wake(loop: asyncio.AbstractEventLoop, segments: asyncio.Queue[Segment | None]) -> None:
    with suppress(RuntimeError):  # the loop is closed: the server has stopped
        loop.call_soon_threadsafe(segments.put_nowait, None)


def _raise_failure(job: Job) -> None:
    if (error := job.result.exception()) is not None:
        raise error


async def _finished(request: Request, job: Job) -> Transcript:
    """Waits for the transcript; a client that goes away frees its place."""
    waiting = asyncio.wrap_future(job.result)
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=1.0)
            if done:
                return waiting.result()
            if await request.is_disconnected():
                job.cancelled.set()
    finally:
        job.cancelled.set()


async def _events(
    job: Job, first: Segment | None, segments: asyncio.Queue[Segment | None]
) -> AsyncIterator[str]:
    segment, said = first, ""
    try:
        while segment is not None:
            delta = space_between(said, segment.text) + segment.text
            yield answers.event("transcript.text.delta", delta=delta)
            said = segment.text
            segment = await segments.get()
        error = job.result.exception()
        if error is not None:
            yield answers.event("error", **json.loads(failure(error)[1]))
        else:
            yield answers.event("transcript.text.done", text=job.result.result().text)
        yield "data: [DONE]\n\n"
    finally:
        job.cancelled.set()


def failure(error: BaseException) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers for what went wrong."""
    if isinstance(error, RequestError):
        return error.status, error_body(str(error), error.code, param=error.param), {}
    if isinstance(error, QueueFullError):
        after = {"Retry-After": str(error.retry_after_s)}
        return 429, error_body(str(error), "busy", "rate_limit_error"), after
    if isinstance(error, StoppingError):
        return 503, error_body(str(error), "stopping", "server_error"), {"Retry-After": "5"}
    if isinstance(error, ClientGoneError):
        return CLIENT_GONE, error_body(str(error), "client_gone"), {}
    if isinstance(error, JobTimeError):
        return 408, error_body(str(error), "timeout"), {}
    if isinstance(error, LanguageError):
        return 400, error_body(str(error), "invalid_value", param="language"), {}
    if isinstance(error, AudioError):
        status = 413 if error.code in ("too_long", "too_large") else 400
        return status, error_body(_without_path(str(error)), error.code, param="file"), {}
    return 500, error_body("the server failed; its log says why", "internal_error", "server_error"), {}


def _without_path(message: str) -> str:
    """The client's file, not the temporary one that holds it."""
    return re.sub(rf"\S*{PREFIX}\w+", "the upload", message)
