"""Requests under foreign names are refused before anything else looks at them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from govor.errors import UsageError
from govor.hosts import OwnNames
from govor.serve.guards import App, Receive, Scope, Send, answer, deny, error_body


class HostNames:
    """Refuses what `govor.hosts.OwnNames` refuses.

    Args:
        app: what is inside.
        host: that the server listens on.
        allowed: further names; ``*.name`` stands for all below a name.
    """

    def __init__(self, app: App, host: str, allowed: Sequence[str] = ()) -> None:
        self.app, self.names = app, OwnNames(host, tuple(name.lower() for name in allowed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if it names this server and comes from its own page or from no page."""
        if scope["type"] in ("http", "websocket"):
            named = {k: v.decode("latin-1") for k, v in scope["headers"] if k in (b"host", b"origin")}
            message = self.names.refusal(named.get(b"host", ""), named.get(b"origin"))
            if message is not None:
                refuse = deny if scope["type"] == "websocket" else answer
                await refuse(send, 403, error_body(message, "unknown_host"))
                return
        await self.app(scope, receive, send)


def require_host_name(name: str) -> str:
    """A name as ``--allowed-host`` takes it.

    Raises:
        UsageError: it is an address with a scheme or a path, or empty.
    """
    bare = name.removeprefix("*.")
    if not re.fullmatch(r"[\w.-]+", bare, re.ASCII):
        raise UsageError(f"--allowed-host {name}: give a name alone, such as my-notebook.example.org")
    return name
