"""Asked to stop: SIGTERM, Ctrl-C, or the time is up."""

from __future__ import annotations

import os
import signal
import time
from types import FrameType, TracebackType
from typing import Any

from govor import interrupts


class Stopper:
    """Notes SIGTERM instead of dying of it, and knows of Ctrl-C while something is in hand.

    The loop looks between steps.

    Attributes:
        reason: why to stop, or empty.
    """

    def __init__(self, max_hours: float | None) -> None:
        self._reason = ""
        self._max_s = None if max_hours is None else max_hours * 3600
        self._start_s = time.monotonic()
        self._before: Any = None

    def __enter__(self) -> Stopper:
        try:
            self._before = signal.signal(signal.SIGTERM, self._note)
        except ValueError:  # not in the main thread, such as a notebook's worker: signals are not ours
            self._before = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._reason = "SIGTERM"
        os.write(2, b"govor: stopping (SIGTERM)\n")  # print may be at work itself

    @property
    def reason(self) -> str:
        """Why to stop, or empty."""
        return "Ctrl-C" if interrupts.pressed() else self._reason

    def signalled(self) -> bool:
        """Whether a signal asked to stop."""
        return interrupts.pressed() or self._reason == "SIGTERM"

    def asked(self) -> bool:
        """Whether to stop now."""
        if not self._reason and self._max_s is not None and time.monotonic() - self._start_s >= self._max_s:
            self._reason = f"max_hours = {self._max_s / 3600:g}"
        return bool(self.reason)
