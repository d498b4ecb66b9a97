"""A process that has the decoders loaded and forks: a fresh child for every file, at the cost of a fork.

    with ForkServer() as server, GuardedWorker(start=server.start) as worker:
        worker.call("govor.audio:probe", path)

What a file does to its child ends with that child, as where each is an interpreter of its own; but nothing is
imported again. The server has one thread and never touches a file, so that forking it is safe. Where forking
is not (on every system except Linux), each child is an interpreter of its own.

`multiprocessing` has a fork server too. Its children import the main module again, end with the SIGTERM that
a service manager sends to the whole group, and are waited for at exit, hung ones too.
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

START, KILL = 1, 2
REQUEST = struct.Struct("=qqq")
"""What is asked of the server: `START`, bytes of memory, CPU seconds; or `KILL`, process id, 0."""
STATUS = struct.Struct("=q")
"""What it tells of a child: its process id, and in the end its return code."""


class ForkServer:
    """Starts children for `GuardedWorker`, from any thread; it begins with the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: Process | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, fds: Sequence[int], limits: Sequence[int]) -> Process:
        """A child that serves requests; see `govor.audio.guard.Starter`."""
        if sys.platform != "linux":
            return interpreter(fds, limits)
        with self._lock:
            try:
                return self._started(fds, limits)
            except (OSError, EOFError):  # somebody has ended it
                self._end()
                return self._started(fds, limits)

    def _started(self, fds: Sequence[int], limits: Sequence[int]) -> Process:
        control = self._control or self._begin()
        read_end, write_end = os.pipe()
        try:
            socket.send_fds(control, [REQUEST.pack(START, *limits)], [*fds, write_end])
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        return _Child(read_end, control)

    def _begin(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = module_process("govor.audio.fork_server", [theirs.fileno()], ())
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


class _Child:
    """A child of the server, as `subprocess.Popen` shows one's own children."""

    def __init__(self, status: int, control: socket.socket) -> None:
        self._status, self._control = status, control
        self._returned: int | None = None
        pid = self._read(STARTUP_S)
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
            if not wait([self._status], timeout):
                raise subprocess.TimeoutExpired("a child of the fork server", timeout or 0.0)
            code = self._read(0)
            self._returned = -signal.SIGKILL if code is None else code
            self._close()
        return self._returned

    def kill(self) -> None:
        """Ends it at once."""
        if self._returned is None:
            with suppress(OSError):
                self._control.sendall(REQUEST.pack(KILL, self.pid, 0))

    def _read(self, timeout: float) -> int | None:
        """The next number that the server tells of it; None where no more comes."""
        if not wait([self._status], timeout):
            return None
        number = os.read(self._status, STATUS.size)
        return int(STATUS.unpack(number)[0]) if len(number) == STATUS.size else None

    def _close(self) -> None:
        if self._status >= 0:
            os.close(self._status)
        self._status = -1

    def __del__(self) -> None:
        self._close()


def main(arguments: Sequence[str]) -> None:
    """Forks on request, until the process that asks is gone."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _load_decoders()
    try:
        _Server(socket.socket(fileno=int(arguments[0]))).run()
    finally:
        os._exit(0)


def _load_decoders() -> None:
    import govor.audio.av_reader
    import govor.audio.soundfile_reader
    import govor.audio.stream  # noqa: F401


class _Server:
    """The server's own side: which children live, and the pipe on which the end of each is told."""

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
                self._reap()
            if self._control in ready and not self._served():
                return

    def _served(self) -> bool:
        request, fds, _, _ = socket.recv_fds(self._control, REQUEST.size, 3)
        if len(request) < REQUEST.size:
            return False
        kind, first, second = REQUEST.unpack(request)
        if kind == START:
            self._fork(fds, first, second)
        elif first in self._living:
            os.kill(first, signal.SIGKILL)
        return True

    def _fork(self, fds: Sequence[int], memory_bytes: int, cpu_s: int) -> None:
        *own, pipe = fds
        pid = os.fork()
        if pid == 0:
            self._let_go([pipe, *self._living.values()])
            serve(own[0], own[1], memory_bytes, cpu_s)
        self._living[pid] = pipe
        _close(own)
        _tell(pipe, pid)

    def _let_go(self, others: Iterable[int]) -> None:
        """Closes in a child what belongs to the server and to its other children."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        _close([self._ended, self._wake, *others])

    def _reap(self) -> None:
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            pipe = self._living.pop(pid)
            _tell(pipe, os.waitstatus_to_exitcode(status))
            _close([pipe])


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _tell(pipe: int, number: int) -> None:
    with suppress(OSError):  # nobody listens
        os.write(pipe, STATUS.pack(number))


if __name__ == "__main__":
    main(sys.argv[1:])
