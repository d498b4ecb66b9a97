"""A process that has the decoders loaded and forks: a fresh child for every file, at the cost of a fork.

    with Nursery() as nursery, GuardedWorker(start=nursery.start) as worker:
        worker.call("govor.audio:probe", path)

What a file does to its child ends with that child, as where each is an interpreter of its own; but nothing is
imported again. The nursery has one thread and never touches a file, so that forking it is safe. Where forking
is not (anywhere but on Linux), each child is an interpreter of its own.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from threading import Lock

from govor.audio.child import serve
from govor.audio.guard import STARTUP_S, Process, interpreter, module_process

BIRTH, DEATH = 1, 2
ORDER = struct.Struct("=qqq")
"""What is asked of the nursery: `BIRTH`, bytes of memory, CPU seconds; or `DEATH`, process id, 0."""
NEWS = struct.Struct("=q")
"""What it tells of a child: its process id, and in the end its return code."""


class Nursery:
    """Starts children for `GuardedWorker`, from any thread; it begins with the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: Process | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, fds: Sequence[int], limits: Sequence[int]) -> Process:
        """A child that serves requests; see `govor.audio.guard.Starter`."""
        if sys.platform != "linux":
            return interpreter(fds, limits)
        with self._lock:
            try:
                return self._born(fds, limits)
            except (OSError, EOFError):  # somebody has ended it
                self._end()
                return self._born(fds, limits)

    def _born(self, fds: Sequence[int], limits: Sequence[int]) -> Process:
        control = self._control or self._begun()
        news, told = os.pipe()
        try:
            socket.send_fds(control, [ORDER.pack(BIRTH, *limits)], [*fds, told])
        except BaseException:
            os.close(news)
            raise
        finally:
            os.close(told)
        return _Born(news, control)

    def _begun(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = module_process("govor.audio.nursery", [theirs.fileno()], ())
        self._control = ours
        return ours

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = self._control = None

    def close(self) -> None:
        """Ends it; children go on until their own end."""
        with self._lock:
            self._end()


class _Born:
    """A child of the nursery, as `subprocess.Popen` shows children of one's own."""

    def __init__(self, news: int, control: socket.socket) -> None:
        self._news, self._control = news, control
        self._returned: int | None = None
        pid = self._told(STARTUP_S)
        if pid is None:
            self._close()
            raise EOFError
        self.pid = pid

    def poll(self) -> int | None:
        """Its return code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._returned

    def wait(self, timeout: float | None = None) -> int:
        """Its return code, once it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not.
        """
        if self._returned is None:
            if not wait([self._news], timeout):
                raise subprocess.TimeoutExpired("a child of the nursery", timeout or 0.0)
            told = self._told(0)
            self._returned = -signal.SIGKILL if told is None else told
            self._close()
        return self._returned

    def kill(self) -> None:
        """Ends it at once."""
        if self._returned is None:
            with suppress(OSError):
                self._control.sendall(ORDER.pack(DEATH, self.pid, 0))

    def _told(self, timeout: float) -> int | None:
        """The next number that is told of it; None where no more is."""
        if not wait([self._news], timeout):
            return None
        number = os.read(self._news, NEWS.size)
        return int(NEWS.unpack(number)[0]) if len(number) == NEWS.size else None

    def _close(self) -> None:
        if self._news >= 0:
            os.close(self._news)
        self._news = -1

    def __del__(self) -> None:
        self._close()


def main(arguments: Sequence[str]) -> None:
    """Forks as it is told, until whoever tells it is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _load_decoders()
    try:
        _Forks(socket.socket(fileno=int(arguments[0]))).run()
    finally:
        os._exit(0)


def _load_decoders() -> None:
    import govor.audio.av_reader
    import govor.audio.soundfile_reader
    import govor.audio.stream  # noqa: F401


class _Forks:
    """The nursery's own side: which children live, and where their end is told."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._living: dict[int, int] = {}
        self._ended, self._wake = os.pipe()
        for end in (self._ended, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake)

    def run(self) -> None:
        """Until the other side is closed."""
        while True:
            ready = wait([self._control, self._ended])
            if self._ended in ready:
                os.read(self._ended, 4_096)
                self._bury()
            if self._control in ready and not self._obeyed():
                return

    def _obeyed(self) -> bool:
        order, fds, _, _ = socket.recv_fds(self._control, ORDER.size, 3)
        if len(order) < ORDER.size:
            return False
        kind, first, second = ORDER.unpack(order)
        if kind == BIRTH:
            self._bear(fds, first, second)
        elif first in self._living:
            os.kill(first, signal.SIGKILL)
        return True

    def _bear(self, fds: Sequence[int], memory_bytes: int, cpu_s: int) -> None:
        *own, told = fds
        pid = os.fork()
        if pid == 0:
            self._grow_up([told, *self._living.values()])
            serve(own[0], own[1], memory_bytes, cpu_s)
        self._living[pid] = told
        _close(own)
        _tell(told, pid)

    def _grow_up(self, others: Iterable[int]) -> None:
        """The child has nothing of the nursery's, nor of its other children."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        _close([self._ended, self._wake, *others])

    def _bury(self) -> None:
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            told = self._living.pop(pid)
            _tell(told, os.waitstatus_to_exitcode(status))
            _close([told])


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _tell(told: int, number: int) -> None:
    with suppress(OSError):  # nobody wants to know
        os.write(told, NEWS.pack(number))


if __name__ == "__main__":
    main(sys.argv[1:])
