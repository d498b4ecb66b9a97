"""Who is let in: uploads only while there is room for them, and not too many tries at the log-in."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

from govor.errors import GovorError
from govor.serve.guards import App, Message, Receive, Scope, Send, answer, error_body
from govor.serve.refusals import failure

UPLOAD_ROUTES = ("/v1/audio/transcriptions", "/v1/audio/translations", "/gradio_api/upload")
LOGIN_ROUTE = "/login"
WRONG_TRIES = 5
"""Failed log-ins of one client within `FORGET_S`; further ones are answered 429."""
FORGET_S = 60.0
MOST_CLIENTS = 10_000
"""Whose failed tries are remembered; the oldest are forgotten first."""


class Admission:
    """Refuses uploads before they are received where they could not be taken.

    Args:
        app: what is inside.
        refusal: why nothing can be taken now, or None.
    """

    def __init__(self, app: App, refusal: Callable[[], GovorError | None]) -> None:
        self.app, self.refusal = app, refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on unless it is an upload that cannot be taken."""
        is_upload = scope["type"] == "http" and scope["path"].rstrip("/") in UPLOAD_ROUTES
        reason = self.refusal() if is_upload and scope["method"] == "POST" else None
        if reason is None:
            await self.app(scope, receive, send)
            return
        status, body, headers = failure(reason)
        pairs = [(key.lower().encode(), value.encode()) for key, value in headers.items()]
        await answer(send, status, body, [*pairs, (b"connection", b"close")])


class LoginBrake:
    """Slows guessing of keys at the page's log-in."""

    def __init__(self, app: App, now: Callable[[], float] = time.monotonic) -> None:
        self.app, self.now = app, now
        self._failed: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=WRONG_TRIES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; log-ins of a client that failed often are refused for a while."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].rstrip("/") != LOGIN_ROUTE:
            await self.app(scope, receive, send)
            return
        client = str((scope.get("client") or ("",))[0])
        if wait_s := self._wait_s(client):
            body = error_body(f"too many wrong keys; try again in {wait_s} s", "busy", "rate_limit_error")
            await answer(send, 429, body, [(b"retry-after", str(wait_s).encode())])
            return

        async def noting_send(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self._failed.pop(client, None)
            await send(message)

        self._begin(client)
        await self.app(scope, receive, noting_send)

    def _wait_s(self, client: str) -> int:
        """Seconds until a client may try again; 0: now."""
        tries = self._failed.get(client)
        oldest_s = self.now() - tries[0] if tries and len(tries) == WRONG_TRIES else FORGET_S
        return max(0, round(FORGET_S - oldest_s + 0.5)) if oldest_s < FORGET_S else 0

    def _begin(self, client: str) -> None:
        """A try counts as a wrong one until it was right: many may be on their way at once."""
        self._failed[client].append(self.now())
        while len(self._failed) > MOST_CLIENTS:
            del self._failed[next(iter(self._failed))]
