"""A live connection to a server of stubs, without a network: what a client may send, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .classes import OPENED

READY_S = 0.5


def talk(said: bytes) -> int:
    """The status of a refusal, the code of a close, or 200 where only the client left.

    Args:
        said: a query in the first line, then a message a line: ``b:`` and hexadecimal digits, or a text.
    """
    loop, app = OPENED.get("live") or OPENED.setdefault("live", _opened())
    query, *lines = said.split(b"\n")
    return int(loop.run_until_complete(_talked(app, query, [_message(line) for line in lines])))


def _opened() -> tuple[asyncio.AbstractEventLoop, Callable[..., Any]]:
    from served import LIMITS

    from govor.serve.server import create_app
    from govor.serve.settings import ServeSettings
    from stub_recogniser import StubRecogniser

    settings = ServeSettings(page=False, limits=LIMITS)
    app = create_app(["base=/nowhere/base"], settings, lambda spec: StubRecogniser())
    return asyncio.new_event_loop(), app


def _message(line: bytes) -> dict[str, Any]:
    if not line.startswith(b"b:"):
        return {"type": "websocket.receive", "text": line.decode("utf-8", "replace")}
    try:
        return {"type": "websocket.receive", "bytes": bytes.fromhex(line[2:].decode("ascii"))}
    except ValueError:
        return {"type": "websocket.receive", "bytes": line}


async def _talked(app: Any, query: bytes, messages: list[dict[str, Any]]) -> int:
    waiting = [{"type": "websocket.connect"}, *messages, {"type": "websocket.disconnect", "code": 1005}]
    ends: list[int] = []
    closed = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if len(waiting) == 1 and messages:  # a client that has said all waits for what comes of it
            with suppress(TimeoutError):
                await asyncio.wait_for(closed.wait(), READY_S)
        return waiting.pop(0) if waiting else await asyncio.sleep(3600, {})

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            ends.append(message.get("code", 1000))
            closed.set()
        elif message["type"] == "websocket.http.response.start":
            ends.append(message["status"])
            closed.set()

    scope = {
        "type": "websocket", "http_version": "1.1", "asgi": {"version": "3.0"}, "scheme": "ws",
        "path": "/v1/audio/live", "raw_path": b"/v1/audio/live", "query_string": query, "root_path": "",
        "client": ("127.0.0.1", 4000), "server": ("127.0.0.1", 7860), "subprotocols": [],
        "headers": [(b"host", b"127.0.0.1:7860")], "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    await app(scope, receive, send)
    return ends[0] if ends else 200
