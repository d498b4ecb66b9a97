"""Asked to stop: SIGTERM, Ctrl-C, or the time is up."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType, TracebackType
from typing import Any

_NAMES = {signal.SIGTERM: "SIGTERM", signal.SIGINT: "Ctrl-C"}


class Stopper:
    """Notes signals instead of dying of them; the loop looks between steps. A second Ctrl-C is not held up.

    Attributes:
        reason: why to stop, or empty.
    """

    def __init__(self, max_hours: float | None) -> None:
        self.reason = ""
        self._max_s = None if max_hours is None else max_hours * 3600
        self._start_s = time.monotonic()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopper:
        try:
            self._before = {number: signal.signal(number, self._note) for number in _NAMES}
        except ValueError:  # not in the main thread, such as a notebook's worker: signals are not ours
            self._before = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.reason and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.reason = _NAMES[signal.Signals(number)]
        os.write(2, b"\nstopping; Ctrl-C (once more) does not wait\n")  # print may be at work itself

    def signalled(self) -> bool:
        """Whether a signal asked to stop."""
        return self.reason in _NAMES.values()

    def asked(self) -> bool:
        """Whether to stop now."""
        if not self.reason and self._max_s is not None and time.monotonic() - self._start_s >= self._max_s:
            self.reason = f"max_hours = {self._max_s / 3600:g}"
        return bool(self.reason)
