"""ASGI layers around everything: size and time of uploads, keys, counting."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from govor.serve.limits import ServeLimits
from govor.serve.metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COUNTED_PATHS = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/models", "/health", "/metrics")
HEARTBEAT = "/gradio_api/heartbeat/"
LOOK_S = 0.5
MOST_DIGITS = 18
FORM_BYTES = 1_000_000
"""What a form may add around its file."""


def error_body(
    message: str, code: str, kind: str = "invalid_request_error", param: str | None = None
) -> bytes:
    """An error as OpenAI's clients read it."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json.dumps({"error": error}, ensure_ascii=False).encode()


STOPPED = error_body("the server is being stopped", "stopping", "server_error")


async def answer(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Sends a whole JSON answer."""
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status, "headers": [kind, length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def deny(send: Send, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Answers a WebSocket that is not accepted, as `answer` would."""
    kind = (b"content-type", b"application/json")
    await send({"type": "websocket.http.response.start", "status": status, "headers": [kind, *headers]})
    await send({"type": "websocket.http.response.body", "body": body})


class NotedSend:
    """A `send` that knows whether anything was sent with it.

    Args:
        send: what it passes messages to.

    Attributes:
        begun: whether the answer has begun.
        ended: whether it has ended.
    """

    def __init__(self, send: Send) -> None:
        self._send, self.begun, self.ended = send, False, False

    async def __call__(self, message: Message) -> None:
        """Passes the message on."""
        self.begun = True
        await self._send(message)
        self.ended = message["type"] == "http.response.body" and not message.get("more_body", False)


class _TooLargeError(Exception):
    """The body passes the limit."""


class _TooSlowError(Exception):
    """The body takes too long to arrive."""


class _StoppedError(Exception):
    """The server is being stopped before the body is whole."""


class BodyLimit:
    """Counts and times request bodies while they arrive; a header's word is not needed.

    Args:
        app: what is inside.
        limits: how large an upload may be, and how long it may take.
        stopping: whether the server is being stopped; it waits for no body then.
    """

    def __init__(self, app: App, limits: ServeLimits, stopping: Callable[[], bool]) -> None:
        self.app, self.limits, self.stopping = app, limits, stopping
        self.max_bytes = limits.max_bytes + FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, its body counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        noted = NotedSend(send)
        try:
            await self.app(scope, self._counted(scope, receive), noted)
        except _TooLargeError:
            message = f"the upload is larger than {self.limits.max_bytes} bytes, the server's limit"
            await self._refuse(noted, 413, error_body(message, "too_large"))
        except _TooSlowError:
            message = f"the upload took longer than {self.limits.upload_s:g} s, the server's limit"
            await self._refuse(noted, 408, error_body(message, "upload_timeout"))
        except _StoppedError:
            await self._refuse(noted, 503, STOPPED)

    async def _refuse(self, send: NotedSend, status: int, body: bytes) -> None:
        if not send.begun:
            await answer(send, status, body, [(b"connection", b"close")])

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        until_s = time.monotonic() + self.limits.upload_s
        seen = 0
        whole = False

        async def counted() -> Message:
            nonlocal seen, whole
            if whole:
                return await receive()
            if declared.isdigit() and (len(declared) > MOST_DIGITS or int(declared) > self.max_bytes):
                raise _TooLargeError
            message = await self._received(receive, until_s)
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if seen > self.max_bytes:
                raise _TooLargeError
            return message

        return counted

    async def _received(self, receive: Receive, until_s: float) -> Message:
        while not self.stopping():
            left_s = until_s - time.monotonic()
            try:
                return await asyncio.wait_for(receive(), max(0.0, min(LOOK_S, left_s)))
            except TimeoutError:
                if left_s <= LOOK_S:
                    raise _TooSlowError from None
        raise _StoppedError


class LastWord:
    """Answers what the server breaks off when it stops: nobody is left with a bare 500.

    Args:
        app: what is inside.
        stopping: whether the server is being stopped.
    """

    def __init__(self, app: App, stopping: Callable[[], bool]) -> None:
        self.app, self.stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        noted = NotedSend(send)
        try:
            await self.app(scope, receive, noted)
        except asyncio.CancelledError:
            if noted.begun or scope["type"] != "http" or not self.stopping():
                raise
            await answer(send, 503, STOPPED, [(b"retry-after", b"5"), (b"connection", b"close")])


class Heartbeats:
    """Ends the page's endless streams when the server stops; every open tab would hold it for half a minute.

    Args:
        app: what is inside.
        stopping: whether the server is being stopped.
    """

    def __init__(self, app: App, stopping: Callable[[], bool]) -> None:
        self.app, self.stopping = app, stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, and looks after it where it is endless."""
        if scope["type"] != "http" or HEARTBEAT not in scope["path"]:
            await self.app(scope, receive, send)
            return
        noted = NotedSend(send)
        inner = asyncio.ensure_future(self.app(scope, receive, noted))
        try:
            while not inner.done() and not self.stopping():
                await asyncio.wait({inner}, timeout=LOOK_S)
        finally:
            inner.cancel()
        await asyncio.wait({inner})
        if not inner.cancelled():
            inner.result()
        elif noted.begun and not noted.ended:
            await send({"type": "http.response.body", "body": b""})


class Keys:
    """Asks for a key in front of the API; `/health` answers without one, the page has a log-in of its own.

    Args:
        app: what is inside.
        keys: any of them opens it; none: nothing is asked for.
        ticket: whether a ticket opens one WebSocket: browsers cannot send a key with those.
    """

    def __init__(
        self, app: App, keys: Sequence[str], ticket: Callable[[str], bool] = lambda given: False
    ) -> None:
        self.app, self.keys, self.ticket = app, [key.encode() for key in keys], ticket

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if it may pass."""
        if not self.keys or not self._guarded(scope) or self._knows(scope):
            await self.app(scope, receive, send)
            return
        body = error_body("a valid key is needed: Authorization: Bearer KEY", "invalid_api_key")
        refuse = deny if scope["type"] == "websocket" else answer
        await refuse(send, 401, body, [(b"www-authenticate", b"Bearer")])

    @staticmethod
    def _guarded(scope: Scope) -> bool:
        if scope["type"] == "websocket":
            return True
        path = str(scope.get("path", ""))
        return scope["type"] == "http" and (path.startswith("/v1/") or path == "/metrics")

    def _knows(self, scope: Scope) -> bool:
        scheme, _, given = dict(scope["headers"]).get(b"authorization", b"").strip().partition(b" ")
        given = given.strip() if scheme.lower() == b"bearer" else b""
        if sum(hmac.compare_digest(given, key) for key in self.keys) > 0:
            return True
        tickets = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [])
        return bool(scope["type"] == "websocket") and any(self.ticket(one) for one in tickets[:1])


class Counting:
    """Counts requests and their seconds for `/metrics`."""

    def __init__(self, app: App, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and counts its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"] if scope["path"] in COUNTED_PATHS else "other"
        started_s, status = time.monotonic(), 500

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting_send)
        finally:
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.seconds.labels(path).observe(time.monotonic() - started_s)
