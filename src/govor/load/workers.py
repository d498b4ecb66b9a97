"""A process that answers one call after the other, and ends when its parent does."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from govor.waiting import receive

THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
HELD = (signal.SIGINT, signal.SIGTERM)


class WorkerDied(Exception):  # noqa: N818 - an event, not an error of the user
    """The process is gone; the message says how."""


class Worker:
    """A spawned process that runs `work` on what it is sent, in order, with one thread."""

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self._work = work
        self._process: Any = None
        self._pipe: Connection | None = None

    def send(self, task: Any) -> None:
        """Hands over a task; starts the process if need be. A dead one is noticed in `receive`."""
        if self._pipe is None:
            self._start()
        assert self._pipe is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._pipe.send(task)

    def receive(self) -> Any:
        """The result of the oldest task.

        Raises:
            WorkerDied: it ended before it could answer.
            Exception: what `work` raised.
        """
        assert self._pipe is not None
        try:
            good, value = receive(self._pipe)
        except (EOFError, OSError) as error:
            raise WorkerDied(self._how()) from error
        if not good:
            raise value
        return value

    def _how(self) -> str:
        self._process.join(5)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"was ended by signal {-code} ({signal.Signals(-code).name})"
        return f"ended with status {code}"

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._work), daemon=True)
        with one_thread(), signals_held():
            self._process.start()
        theirs.close()
        self._pipe = ours

    def restart(self) -> None:
        """Ends the process; the next task starts a new one."""
        self.close()

    def close(self) -> None:
        """Ends the process."""
        if self._pipe is not None:
            self._pipe.close()
            self._process.kill()  # it holds nothing, and SIGTERM does not reach it
            self._process.join()
        self._pipe = None


@contextmanager
def one_thread() -> Iterator[None]:
    """Processes started inside compute with one thread each: more only get in each other's way."""
    before = {name: os.environ.get(name) for name in THREAD_SETTINGS}
    os.environ.update(dict.fromkeys(THREAD_SETTINGS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


@contextmanager
def signals_held() -> Iterator[None]:
    """Processes started inside never see Ctrl-C or SIGTERM, not even while they start.

    Terminals, ``timeout``, Slurm and others send these to all processes of a job; the parent answers them,
    and its workers end with it.
    """
    resource_tracker.ensure_running()  # when multiprocessing starts it by itself, it unblocks both
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    for number in HELD:
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            answer = (True, work(task))
        except Exception as error:
            answer = (False, error)
        try:
            pipe.send(answer)
        except (BrokenPipeError, OSError):
            return
