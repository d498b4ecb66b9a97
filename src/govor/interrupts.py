"""Ctrl-C: answered at once; the piece of work in hand is finished, everything else ends within seconds.

Python runs the handler of a signal between two instructions of the main thread. That thread may be inside a
library for long, or wait for a lock that no signal wakes: polars catches SIGINT with ``SA_RESTART``, and then
the system takes up every wait again. So a thread, woken through `signal.set_wakeup_fd`, counts the signals,
answers them, wakes the main thread by a signal that does break its waits off, and ends the process where that
does not leave by itself. Files are safe all the while: they appear whole or not at all.
"""

from __future__ import annotations

import atexit
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from types import FrameType
from typing import Any, NoReturn

LEAVE_S = 2.0
"""For the main thread to leave by itself after the first Ctrl-C, or after the end of what was in hand."""
AT_ONCE_S = 0.5
"""The same after the second Ctrl-C."""
RESTORE_S = 0.3
"""For last words and the removal of half-written files before the process is ended."""
LOOK_S = 0.05
WAKE = signal.SIGURG
"""Ignored by every process that does not ask for it."""
NOTHING_IN_HAND = "stopping"

Saying = Callable[[], str]


@dataclass
class _State:
    """Of this process.

    Attributes:
        presses: how often Ctrl-C came.
        raised: whether the main thread was told.
        due_s: when the process is ended.
        hands: what is in hand, the innermost last; each says what it does and for how long.
        litter: what is done before the process is ended, such as removing a half-written file.
        farewell: last words; gives the exit status.
    """

    presses: int = 0
    raised: bool = False
    due_s: float = math.inf
    hands: list[Saying] = field(default_factory=list)
    litter: dict[int, Callable[[], None]] = field(default_factory=dict)
    farewell: Callable[[], int] | None = None

    def wants_out(self) -> bool:
        """Whether the main thread has to be told."""
        return not self.raised and self.presses > bool(self.hands)

    def press(self) -> None:
        """Ctrl-C came once more: it is answered, and the time to leave is set."""
        self.presses += 1
        if self.presses == 1:
            _write(f"{self._doing()}; press Ctrl-C again to stop at once")
        if self.presses > 1 or not self.hands:
            self.hurry(LEAVE_S if self.presses == 1 else AT_ONCE_S)

    def hurry(self, seconds: float) -> None:
        """Leave within so many seconds."""
        self.due_s = min(self.due_s, time.monotonic() + seconds)

    def _doing(self) -> str:
        try:
            return self.hands[-1]() if self.hands else NOTHING_IN_HAND
        except Exception:  # it looks at what another thread is changing
            return "finishing the current work"

    def settle(self, signum: int | None = None, frame: FrameType | None = None) -> None:
        """Raises where the main thread has to be told; a moment later where that would only make a panic."""
        if self.wants_out() and not _is_called_back(frame):
            self.raised = True
            raise KeyboardInterrupt


def _is_called_back(frame: FrameType | None) -> bool:
    """Whether polars runs, or code that it called: an exception there makes Rust panic."""
    while frame is not None:
        if f"{os.sep}polars{os.sep}" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


_now = _State()
_keys = count()


def pressed() -> bool:
    """Whether Ctrl-C came."""
    return _now.presses > 0


@contextmanager
def in_hand(saying: Saying) -> Iterator[None]:
    """What the first Ctrl-C lets come to its end; `KeyboardInterrupt` is raised behind it, or at the second.

    Args:
        saying: what is finished and for how long: "saving after this step, about 20 s".
    """
    before = None if _now.farewell else _handled_here()
    _now.hands.append(saying)
    try:
        yield
    except BaseException:
        _now.raised = _now.raised or (pressed() and len(_now.hands) == 1)  # it is told of by this very error
        raise
    finally:
        _now.hands.remove(saying)
        if pressed() and not _now.hands:
            _now.hurry(LEAVE_S)
        try:
            _now.settle()
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
                _now.presses, _now.raised, _now.due_s = 0, False, math.inf


def _handled_here() -> Any:
    """Without the command line: a plain handler, where this is the main thread; returns the one before it."""

    def note(*_: object) -> None:
        _now.press()
        _now.settle()

    try:
        return signal.signal(signal.SIGINT, note)
    except ValueError:  # a notebook's worker: signals are not ours
        return None


@contextmanager
def at_last(action: Callable[[], None]) -> Iterator[None]:
    """`action` is run behind the block, however it is left, and comes to its end though Ctrl-C comes within.

    Where Ctrl-C comes just before it begins, or the process is ended inside the block, it is run at the end
    of the process. It must bear to be run twice.
    """
    key = next(_keys)
    _now.litter[key] = action
    try:
        yield
    finally:
        try:
            action()
        except KeyboardInterrupt:
            action()
            raise
        finally:
            _now.litter.pop(key, None)


def about(seconds: float) -> str:
    """A time to wait, for people."""
    if seconds < 1:
        return "about a second"
    return f"about {seconds:.0f} s" if seconds < 100 else f"about {seconds / 60:.0f} min"


def watch(farewell: Callable[[], int]) -> None:
    """Takes Ctrl-C over for this process, once; where it is ignored (``nohup``), it stays so.

    Args:
        farewell: last words, where the process has to be ended; gives the exit status.
    """
    known, _now.farewell = _now.farewell, farewell
    if known or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        return
    look, told = os.pipe()
    os.set_blocking(told, False)
    signal.signal(WAKE, _now.settle)
    signal.signal(signal.SIGINT, lambda *_: None)  # the thread hears of it through the pipe
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    os.register_at_fork(after_in_child=_forget)
    atexit.register(_ignore)
    _silence_threads()
    threading.Thread(target=_look, args=(look,), name="ctrl-c", daemon=True).start()


def leave(status: int) -> NoReturn:
    """Ends the process; after Ctrl-C without Python's own end, in which one more would kill it."""
    if pressed():
        atexit._run_exitfuncs()
        _tidy()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(status)
    sys.exit(status)


def _tidy() -> None:
    for action in list(_now.litter.values()):
        with suppress(Exception):
            action()


def _ignore() -> None:
    """All is done, and Python is about to put back the handler that kills: too late to stop anything."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _forget() -> None:
    """A forked process has no thread that looks, and nothing of its parent's to remove."""
    _now.litter.clear()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _now.farewell = None


def _silence_threads() -> None:
    """Silences errors of threads, and errors that Python drops, while the process ends."""
    threads, dropped = threading.excepthook, sys.unraisablehook
    threading.excepthook = lambda told: None if pressed() else threads(told)
    sys.unraisablehook = lambda told: None if pressed() else dropped(told)


def _look(pipe: int) -> None:
    main = threading.main_thread().ident
    while True:
        ready, _, _ = select.select([pipe], [], [], LOOK_S if _now.presses else None)
        for _ in range(os.read(pipe, 64).count(signal.SIGINT) if ready else 0):
            _now.press()
        if time.monotonic() >= _now.due_s:
            _end()
        if _now.wants_out() and main is not None:
            signal.pthread_kill(main, WAKE)


def _end() -> None:
    """Last words, half-written files, and out: whatever the main thread is doing."""
    status = [3]

    def restore() -> None:
        _tidy()
        status[0] = _now.farewell() if _now.farewell else 3

    thread = threading.Thread(target=restore, daemon=True)
    thread.start()
    thread.join(RESTORE_S)
    os._exit(status[0])


def _write(line: str) -> None:
    """Past all buffers, for the main thread may be writing itself; one process of several says it."""
    if os.environ.get("RANK", "0") == "0":
        with suppress(OSError):
            os.write(2, f"{chr(10) * os.isatty(2)}govor: {line}\n".encode(errors="backslashreplace"))
