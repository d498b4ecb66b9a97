"""The local engine: one thread and one worker process for each core."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Queue

from govor.config import PrepareConfig
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import Target
from govor.prepare.task import Event, Task
from govor.prepare.verdicts import Verdicts

ANSWER_S = 0.2
"""A wait without an end would not be ended by Ctrl-C either."""


class LocalEngine:
    """The processes of this machine.

    Args:
        target: where shards go.
        verdicts: on its recordings.
        config: number of workers (0: one a core), and their bounds.
    """

    def __init__(self, target: Target, verdicts: Verdicts, config: PrepareConfig) -> None:
        self._parts = (target, verdicts, config)
        self._workers = config.workers or available_cores()
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._queue = Queue[Event | BaseException | None]()

    def run(self, tasks: Iterator[Task]) -> Iterator[Event]:
        """As `govor.prepare.task.Engine` says; the first error of a worker ends it."""
        threads = [
            threading.Thread(target=self._work, args=(tasks,), daemon=True) for _ in range(self._workers)
        ]
        for thread in threads:
            thread.start()
        try:
            yield from self._events(len(threads))
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _work(self, tasks: Iterator[Task]) -> None:
        """One thread: tasks until there are none; what it tells last is None or the error that ended it."""
        supervisor = Supervisor(*self._parts, self._stop.is_set)
        end = None
        try:
            while (task := self._next(tasks)) is not None:
                for event in supervisor.run(task):
                    self._queue.put(event)
            supervisor.close()
        except BaseException as error:
            supervisor.kill()
            end = error
        self._queue.put(end)

    def _next(self, tasks: Iterator[Task]) -> Task | None:
        with self._lock:
            return None if self._stop.is_set() else next(tasks, None)

    def _events(self, threads: int) -> Iterator[Event]:
        while threads:
            with suppress(Empty):
                event = self._queue.get(timeout=ANSWER_S)
                if event is None:
                    threads -= 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
