"""The names that the server answers to, so that no foreign web page reaches it through somebody's browser."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from govor.errors import UsageError
from govor.serve.guards import App, Receive, Scope, Send, answer, error_body

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class HostNames:
    """Refuses requests under a name that is not the server's, and those that another page's scripts make.

    A web page can point a name of its own at 127.0.0.1 (DNS rebinding) and then read what a server without
    keys answers. Such a request carries that name. Addresses in figures cannot be pointed elsewhere, so they
    pass where the server listens to the network.

    Args:
        app: what is inside.
        host: that the server listens on.
        allowed: further names; ``*.name`` stands for all below a name.
    """

    def __init__(self, app: App, host: str, allowed: Sequence[str] = ()) -> None:
        self.app = app
        self.is_local = host.strip("[]") in LOCAL_NAMES
        self.allowed = tuple(name.lower() for name in allowed)
        self.own = (*LOCAL_NAMES, host.strip("[]").lower(), *self.allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on if it names this server and comes from its own page or from no page."""
        if scope["type"] in ("http", "websocket") and (message := self._wrong(scope["headers"])):
            await self._refuse(scope, send, message)
        else:
            await self.app(scope, receive, send)

    @staticmethod
    async def _refuse(scope: Scope, send: Send, message: str) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": message[:100]})
        else:
            await answer(send, 403, error_body(message, "unknown_host"))

    def _wrong(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        named = {key: value.decode("latin-1") for key, value in headers if key in (b"host", b"origin")}
        host = named.get(b"host", "")
        if not self._is_own(host_name(host)):
            return f"this server does not answer as {host[:100]!r}: start it with --allowed-host NAME"
        origin = named.get(b"origin")
        if origin is None or self._is_own_page(_place(origin), host):
            return None
        return f"this server takes no requests from pages of {origin[:100]!r}"

    def _is_own_page(self, place: str, host: str) -> bool:
        return place == host.lower() or _is_named(host_name(place), self.allowed)

    def _is_own(self, name: str | None) -> bool:
        return _is_named(name, self.own) or (not self.is_local and _is_address(name or ""))


def require_host_name(name: str) -> str:
    """A name as ``--allowed-host`` takes it.

    Raises:
        UsageError: it is an address with a scheme or a path, or empty.
    """
    bare = name.removeprefix("*.")
    if not re.fullmatch(r"[\w.-]+", bare, re.ASCII):
        raise UsageError(f"--allowed-host {name}: give a name alone, such as my-notebook.example.org")
    return name


def host_name(netloc: str) -> str | None:
    """The name in ``name:port``, in small letters; None where there is none."""
    try:
        parts = urlsplit(f"//{netloc}")
        _ = parts.port  # raises where it is no number
        return parts.hostname
    except ValueError:
        return None


def _place(origin: str) -> str:
    """``name:port`` of a page's origin; empty where it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_named(name: str | None, patterns: Sequence[str]) -> bool:
    return name is not None and any(
        name.endswith(pattern[1:]) if pattern.startswith("*.") else name == pattern for pattern in patterns
    )
