"""Decoding of files that cannot be trusted, in a child process that may crash, hang or run out of memory.

    with GuardedWorker() as worker:
        facts = worker.call("govor.audio:probe", path)      # AudioError where the file is at fault
        samples = worker.call("govor.audio:load_mono", path)

A worker that died or stalled is replaced before the next call; the call that met it raises.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

import govor
from govor import errors
from govor.errors import AudioError, GovorError

MEMORY_BYTES = 4 * 1024**3
"""Address space of a child: far above what decoding takes, far below a machine's end."""
STALL_S = 60.0
STARTUP_S = 120.0
THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


class WorkerLostError(GovorError):
    """The child process died or stalled during a call.

    Args:
        message: what happened, for people.
        code: ``crashed``, ``stalled``, ``killed`` or ``out_of_memory``.
    """

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class WorkerBugError(RuntimeError):
    """A function in the child raised something unexpected: a defect of govor, not of a file."""


class Process(Protocol):
    """What `subprocess.Popen` shows of a child process."""

    pid: int

    def poll(self) -> int | None:
        """Its return code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its return code, once it has ended."""

    def kill(self) -> None:
        """Ends it at once."""


Starter = Callable[[Sequence[int], Sequence[int]], Process]
"""Starts a child, given two file descriptors (of requests, of its life) and two limits: bytes, CPU s."""


def module_process(module: str, fds: Sequence[int], numbers: Sequence[int]) -> Process:
    """A new interpreter that runs `module` with file descriptors `fds`, which it is given, and `numbers`."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *map(str, (*fds, *numbers))],
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def interpreter(fds: Sequence[int], limits: Sequence[int]) -> Process:
    """A child with an interpreter of its own; see `Starter`."""
    return module_process("govor.audio.child", fds, limits)


class GuardedWorker:
    """One child process that runs functions by name.

    Args:
        memory_bytes: its address space (0: no limit).
        cpu_s: CPU seconds it may use in all (0: no limit).
        stall_s: seconds without any message after which a call counts as hung.
        start: starts the child.
    """

    def __init__(
        self,
        *,
        memory_bytes: int = MEMORY_BYTES,
        cpu_s: int = 0,
        stall_s: float = STALL_S,
        start: Starter = interpreter,
    ) -> None:
        self._limits, self.stall_s, self._start = (memory_bytes, cpu_s), stall_s, start
        self._process: Process | None = None
        self._connection: Connection | None = None
        self._life_fd = -1

    def __enter__(self) -> GuardedWorker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._process.pid if self._process else None

    def call(
        self,
        target: str,
        *args: Any,
        on_message: Callable[[Any], None] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> Any:
        """Runs ``module:function`` with `args` in the child and returns its result.

        Args:
            target: what to run; with `on_message` it is also given ``report``, which sends a message.
            args: picklable arguments.
            on_message: called with every message; a message also shows that the child is alive.
            stopped: asked now and then; when true, the child is ended and `WorkerLostError` raised.

        Raises:
            AudioError: the function raised it (or another `GovorError`).
            WorkerLostError: the child crashed, was killed, stalled or ran out of memory.
            WorkerBugError: the function raised something else.
        """
        messages = self.messages(target, *args, stopped=stopped, reports=on_message is not None)
        while True:
            try:
                message = next(messages)
            except StopIteration as end:
                return end.value
            if on_message:
                on_message(message)

    def messages(
        self, target: str, *args: Any, stopped: Callable[[], bool] | None = None, reports: bool = True
    ) -> Generator[Any, None, Any]:
        """As `call`, but gives the messages as they come; the result is the generator's own.

        Args:
            target: what to run; with `reports` it is also given ``report``, which sends a message.
            args: picklable arguments.
            stopped: as in `call`.
            reports: whether it has messages.
        """
        try:
            connection = self._started()
            connection.send((target, args, reports))
            return (yield from self._replies(connection, stopped))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise self._lost() from None

    def _replies(
        self, connection: Connection, stopped: Callable[[], bool] | None
    ) -> Generator[Any, None, Any]:
        heard_s = time.monotonic()
        while True:
            if stopped and stopped():
                self.kill()
                raise WorkerLostError("stopped", "stopped")
            if not connection.poll(min(0.5, self.stall_s)):
                if time.monotonic() - heard_s > self.stall_s:
                    self.kill()
                    raise WorkerLostError(f"did not answer for {self.stall_s:g} s", "stalled")
                continue
            kind, *content = connection.recv()
            heard_s = time.monotonic()
            if kind == "result":
                return content[0]
            if kind != "message":
                raise self._failure(kind, content)
            yield content[0]

    def _failure(self, kind: str, content: list[Any]) -> Exception:
        if kind == "audio":
            return AudioError(*content)
        if kind == "govor":
            return _rebuilt(*content)
        if kind == "memory":
            self.kill()
            return WorkerLostError(f"needed more than {self._limits[0]} bytes of memory", "out_of_memory")
        return WorkerBugError("\n".join(content))

    def _lost(self) -> WorkerLostError:
        status = self._process.wait() if self._process else 0
        self.kill()
        if status == -signal.SIGKILL:
            return WorkerLostError("was killed (signal 9: out of memory, or by hand)", "killed")
        if status == -signal.SIGXCPU:
            return WorkerLostError(f"used more than {self._limits[1]} s of CPU time", "stalled")
        name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return WorkerLostError(f"crashed ({name})", "crashed")

    def _started(self) -> Connection:
        if self._process is not None and self._process.poll() is None and self._connection is not None:
            return self._connection
        self.kill()
        ours, theirs = multiprocessing.Pipe()
        life_read, self._life_fd = os.pipe()
        self._connection = ours
        try:
            self._process = self._start((theirs.fileno(), life_read), self._limits)
        finally:
            theirs.close()
            os.close(life_read)
        if not ours.poll(STARTUP_S):
            self.kill()
            raise WorkerLostError(f"did not start within {STARTUP_S:g} s", "stalled")
        ours.recv()
        return ours

    def close(self) -> None:
        """Ends the child, politely where it listens."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.send(None)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)
        self.kill()

    def kill(self) -> None:
        """Ends the child at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._connection is not None:
            self._connection.close()
        if self._life_fd >= 0:
            os.close(self._life_fd)
        self._process, self._connection, self._life_fd = None, None, -1


def _rebuilt(name: str, message: str) -> GovorError:
    kind = getattr(errors, name, GovorError)
    try:
        return kind(message)  # type: ignore[no-any-return]
    except TypeError:
        return GovorError(message)


def _environment() -> dict[str, str]:
    package_root = str(Path(govor.__file__).parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    paths = [package_root, inherited] if inherited else [package_root]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **dict.fromkeys(THREAD_SETTINGS, "1")}
