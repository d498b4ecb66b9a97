"""Tickets that let the page's script speak: a browser cannot send a key with a WebSocket."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

VALID_S = 30.0
MOST = 1_000
"""Valid at once; the oldest are forgotten first."""


class Tickets:
    """Each opens one connection, soon after it was given out.

    Args:
        now: seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = now, threading.Lock()
        self._valid: dict[str, float] = {}

    def issue(self) -> str:
        """A new one."""
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._valid[ticket] = self._now() + VALID_S
            while len(self._valid) > MOST:
                del self._valid[next(iter(self._valid))]
        return ticket

    def use(self, ticket: str) -> bool:
        """Whether it is valid; it is not any more."""
        with self._lock:
            until_s = self._valid.pop(ticket, 0.0)
        return self._now() < until_s
