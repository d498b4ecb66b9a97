"""Puts models, API and page together, and runs them until told to stop."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from signal import SIGINT, SIGTERM
from threading import Thread, current_thread, main_thread
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from govor.console import say
from govor.errors import GovorError
from govor.interrupts import in_hand, pressed
from govor.serve.admission import Admission, LoginBrake
from govor.serve.api import routes
from govor.serve.guards import BodyLimit, Counting, Heartbeats, Keys, LastWord, error_body
from govor.serve.hosts import HostNames
from govor.serve.job_queue import JobQueue
from govor.serve.listening import PromptProtocol, listen
from govor.serve.live.leave import leave_to_speak
from govor.serve.live.rooms import Rooms
from govor.serve.live.route import LIVE_ROUTE, live_routes
from govor.serve.live.tickets import Tickets
from govor.serve.metrics import Metrics
from govor.serve.models import ServedModel, Watcher, open_models
from govor.serve.refusals import RequestError, failure
from govor.serve.settings import ServeSettings

GRACE_S = 30
"""How long running recordings may take to end after a stop was asked for."""
ANSWER_S = 5
"""How long answers may take beyond that."""
KEEP_ALIVE_S = 30
MESSAGE_BYTES = 1_000_000
"""Largest message of a WebSocket: half a minute of sound at 16 kHz."""


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
    queue = JobQueue(settings.limits, metrics)
    watcher = Watcher(models, opener, lambda model: metrics.reloads.inc())
    app = FastAPI(title="govor", lifespan=_lifespan(queue, watcher), openapi_url=None)
    app.state.models, app.state.queue, app.state.metrics = models, queue, metrics
    app.state.watcher = watcher
    rooms, tickets = Rooms(settings.limits, metrics), Tickets()
    app.state.rooms, app.state.tickets = rooms, tickets
    app.include_router(routes(models, queue, metrics))
    app.include_router(live_routes(models, rooms))
    _show_errors(app)
    if settings.page:
        from govor.serve.page import mount

        app = mount(app, models, queue, settings, partial(leave_to_speak, models, rooms, tickets))
    app.add_middleware(Heartbeats, stopping=queue.is_stopping)
    app.add_middleware(BodyLimit, limits=settings.limits, stopping=queue.is_stopping)
    app.add_middleware(Admission, refusal=queue.refusal)
    app.add_middleware(Keys, keys=settings.api_keys, ticket=tickets.use)
    if settings.api_keys:
        app.add_middleware(LoginBrake)
    else:
        app.add_middleware(HostNames, host=settings.host, allowed=settings.allowed_hosts)
    app.add_middleware(LastWord, stopping=queue.is_stopping)
    app.add_middleware(Counting, metrics=metrics)
    return app


def _opener(device: str) -> Callable[[str], Any]:
    from govor.models import open_model

    return lambda spec: open_model(spec, device=device)


def _lifespan(queue: JobQueue, watcher: Watcher) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def run(_app: FastAPI) -> AsyncIterator[None]:
        import asyncio

        watcher.start()
        yield
        await asyncio.to_thread(queue.stop)
        await asyncio.to_thread(watcher.stop)

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
    """Serves until SIGINT or SIGTERM; what is running then is finished first, for half a minute at most.

    Raises:
        MachineError: the address cannot be listened on.
    """
    import uvicorn

    with listen(settings.host, settings.port) as socket:
        settings = replace(settings, port=socket.getsockname()[1])
        app = create_app(specs, settings)
        config = uvicorn.Config(
            app,
            http=PromptProtocol,
            ws="wsproto",
            ws_max_size=MESSAGE_BYTES,
            ws_per_message_deflate=False,  # sound does not get smaller
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S + ANSWER_S,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        for line in start_lines(app.state.models, settings):
            say(line)
        server = stopping_server(config, app.state.queue, app.state.rooms)
        with (
            suppress(KeyboardInterrupt),
            in_hand(lambda: f"running recordings are finished, {GRACE_S} s at most"),
        ):
            server.run(sockets=[socket])
    say("stopped; all requests were answered")


def stopping_server(config: Any, queue: JobQueue, rooms: Rooms) -> Any:
    """A uvicorn server that, told to stop, refuses what waits at once and what still runs after `GRACE_S`.

    Who speaks then gets what was said as final text; uvicorn itself would hang up on them.
    """
    import uvicorn

    class StoppingServer(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            Thread(target=queue.stop, args=(GRACE_S,), daemon=True).start()  # no locks in signal handlers
            super().handle_exit(sig, frame)

        async def on_tick(self, counter: int) -> bool:
            """Also where Ctrl-C came before this server looked for it."""
            if pressed() and not self.should_exit:
                self.handle_exit(SIGINT, None)
            return await super().on_tick(counter)

        async def shutdown(self, sockets: Any = None) -> None:
            await rooms.finish(GRACE_S)
            await super().shutdown(sockets)

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """As uvicorn's, which raises once more what it has answered."""
            here = current_thread() is main_thread()
            before = {n: signal.signal(n, self.handle_exit) for n in (SIGINT, SIGTERM) if here}
            try:
                yield
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    return StoppingServer(config)


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
        f"live     {address.replace('http', 'ws', 1)}{LIVE_ROUTE}",
        f"health   {address}/health   metrics {address}/metrics",
    ]
