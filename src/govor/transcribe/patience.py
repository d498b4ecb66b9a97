"""How long somebody waits: until told otherwise, and then nothing is waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable


class OverError(Exception):
    """Nobody waits for it any more."""


class Patience:
    """Ends once, from any thread; whatever is waited for is told so at that moment.

    Example:
        patience.when_over(request.forget)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._then: list[Callable[[], None]] = []

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._over

    def end(self) -> None:
        """Ends it; a second time does nothing."""
        with self._lock:
            self._over = True
            then, self._then = self._then, []
        for call in then:
            call()

    def when_over(self, call: Callable[[], None]) -> Callable[[], None]:
        """Has `call` called when it ends, or now where it has; returns what takes that back."""
        with self._lock:
            if not self._over:
                self._then.append(call)
                return lambda: self._forget(call)
        call()
        return lambda: None

    def _forget(self, call: Callable[[], None]) -> None:
        with self._lock:
            if call in self._then:
                self._then.remove(call)
