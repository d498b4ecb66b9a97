"""Puts models, API and page together, and runs them until told to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from govor.config import TranscribeConfig
from govor.console import say
from govor.errors import GovorError
from govor.serve.api import RequestError, failure, routes
from govor.serve.engine import Engine
from govor.serve.guards import BodyLimit, Counting, Keys, error_body
from govor.serve.limits import ServeLimits
from govor.serve.metrics import Metrics
from govor.serve.models import ServedModel, Watcher, open_models

GRACE_S = 30
"""How long running requests may take to end after a stop was asked for."""


@dataclass(frozen=True)
class ServeSettings:
    """How to serve.

    Attributes:
        host: address to listen on; only this machine unless told otherwise.
        port: port to listen on.
        api_keys: keys that open the API and the page; empty: no key is asked for.
        limits: what a client may ask for.
        transcribe: how recordings are cut and decoded.
        device: where the models run.
        page: whether the web app is there beside the API.
        then: second text model of the page, or None.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    api_keys: tuple[str, ...] = ()
    limits: ServeLimits = field(default_factory=ServeLimits)
    transcribe: TranscribeConfig = field(default_factory=TranscribeConfig)
    device: str = "auto"
    page: bool = True
    then: Any = None


def create_app(
    specs: Sequence[str], settings: ServeSettings, open_model: Callable[[str], Any] | None = None
) -> FastAPI:
    """The whole application.

    Args:
        specs: models, ``name=folder`` or a folder; the first one answers to ``whisper-1`` too.
        settings: how to serve.
        open_model: opens a spec; `govor.models.open_model` on the settings' device unless given.
    """
    opener = open_model or _opener(settings.device)
    models = open_models(specs, settings.transcribe, opener)
    metrics = Metrics()
    engine = Engine(settings.limits, metrics)
    watcher = Watcher(models, opener, lambda model: metrics.reloads.inc())
    app = FastAPI(title="govor", lifespan=_lifespan(engine, watcher))
    app.state.models, app.state.engine, app.state.metrics = models, engine, metrics
    app.state.watcher = watcher
    app.include_router(routes(models, engine, metrics))
    _show_errors(app)
    if settings.page:
        from govor.serve.page import mount

        app = mount(app, models, engine, settings)
    app.add_middleware(BodyLimit, limits=settings.limits)
    app.add_middleware(Keys, keys=settings.api_keys)
    app.add_middleware(Counting, metrics=metrics)
    return app


def _opener(device: str) -> Callable[[str], Any]:
    from govor.models import open_model

    return lambda spec: open_model(spec, device=device)


def _lifespan(engine: Engine, watcher: Watcher) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        import asyncio

        watcher.start()
        yield
        await asyncio.to_thread(watcher.stop)
        await asyncio.to_thread(engine.stop)

    return run


def _show_errors(app: FastAPI) -> None:
    async def show(_request: Request, error: Exception) -> Response:
        status, body, headers = failure(error)
        return Response(body, status, headers, "application/json")

    async def show_http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        body = error_body(str(error.detail), "not_found" if error.status_code == 404 else "http_error")
        return Response(body, error.status_code, error.headers, "application/json")

    for kind in (RequestError, GovorError):
        app.add_exception_handler(kind, show)
    app.add_exception_handler(HTTPException, show_http)
    app.add_exception_handler(Exception, show)


def serve(specs: Sequence[str], settings: ServeSettings) -> None:
    """Serves until SIGINT or SIGTERM; what is running then is finished first."""
    import signal

    import uvicorn

    app = create_app(specs, settings)
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it once more when all is answered
    for line in start_lines(app.state.models, settings):
        say(line)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=30,
    )
    say("stopped; nothing was left unanswered")


def start_lines(models: Mapping[str, ServedModel], settings: ServeSettings) -> list[str]:
    """What is served and where."""
    address = f"http://{settings.host}:{settings.port}"
    offered = [f"  {name}: {model.spec}" for name, model in models.items()]
    page = [f"web app  {address}/"] if settings.page else []
    key = "with a key" if settings.api_keys else "without a key"
    open_to = "this machine only" if settings.host in ("127.0.0.1", "localhost", "::1") else "the network"
    return [
        "serving",
        *offered,
        *page,
        f"API      {address}/v1/audio/transcriptions  ({key}, open to {open_to})",
        f"health   {address}/health   metrics {address}/metrics",
    ]
