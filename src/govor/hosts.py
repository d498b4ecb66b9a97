"""The host names that a server on this machine answers to: other web pages cannot reach it through a browser.

A web page can point a name of its own at 127.0.0.1 (DNS rebinding) and then read what a server without
keys answers. Such a request carries that name in its Host header. Addresses in figures cannot be pointed
elsewhere, so they pass where the server listens to the network.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class OwnNames:
    """The names of one server.

    Attributes:
        host: that it listens on.
        allowed: further names, in small letters; ``*.name`` stands for all below a name.
    """

    host: str = "127.0.0.1"
    allowed: tuple[str, ...] = ()

    def refusal(self, host: str, origin: str | None) -> str | None:
        """Why a request is refused, or None: it names another server, or a foreign page makes it.

        Args:
            host: the Host header, ``name:port``.
            origin: the Origin header that browsers send with what a page's script asks for.
        """
        name = host_name(host)
        if not (self._is_own(name) or (self._is_open and _is_address(name or ""))):
            return (
                f"this server does not answer to the name {host[:100]!r}: start it with --allowed-host NAME"
            )
        if origin is None:
            return None
        place = _place(origin)
        if place == host.lower() or _is_named(host_name(place), self.allowed):
            return None
        return f"this server takes no requests from pages of {origin[:100]!r}"

    @property
    def _is_open(self) -> bool:
        return self.host.strip("[]") not in LOCAL_NAMES

    def _is_own(self, name: str | None) -> bool:
        return _is_named(name, (*LOCAL_NAMES, self.host.strip("[]").lower(), *self.allowed))


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
