"""The local engine: one thread and one worker process for each core."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Queue
from typing import Any

from govor.audio.guard import WorkerLostError
from govor.prepare.facts import Finished
from govor.prepare.supervisor import Supervisor
from govor.prepare.task import Task

Event = tuple[Any, ...]


def run_local(
    tasks: Iterable[Task],
    workers: int,
    make_supervisor: Callable[[Callable[[], bool]], Supervisor],
    arrived: Callable[[Finished], None],
) -> Iterator[Event]:
    """Runs `tasks` on `workers` processes.

    Args:
        tasks: taken one by one, when a worker is free.
        workers: number of processes.
        make_supervisor: makes the owner of a worker, given a function that tells whether to stop.
        arrived: called (from any thread) for every shard that has appeared.

    Yields:
        ``("beat", seconds, rejected)``, ``("shard", facts)`` and ``("peak", bytes)``.
    """
    pool = _Pool(iter(tasks), make_supervisor, arrived)
    threads = [threading.Thread(target=pool.work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        yield from pool.events(len(threads))
    finally:
        pool.stop.set()
        for thread in threads:
            thread.join()


class _Pool:
    def __init__(
        self,
        tasks: Iterator[Task],
        make_supervisor: Callable[[Callable[[], bool]], Supervisor],
        arrived: Callable[[Finished], None],
    ) -> None:
        self.stop = threading.Event()
        self._tasks, self._make, self._arrived = tasks, make_supervisor, arrived
        self._lock, self._queue = threading.Lock(), Queue[Event]()

    def _next(self) -> Task | None:
        with self._lock:
            return None if self.stop.is_set() else next(self._tasks, None)

    def work(self) -> None:
        """One thread: tasks until there are none."""
        supervisor = self._make(self.stop.is_set)
        try:
            while (task := self._next()) is not None:
                peak = supervisor.run(task, self._heard, self._landed)
                self._queue.put(("peak", peak))
            supervisor.close()
            self._queue.put(("end",))
        except BaseException as error:
            supervisor.kill()
            self._queue.put(("error", error))

    def _heard(self, seconds: float, rejected: int) -> None:
        self._queue.put(("beat", seconds, rejected))

    def _landed(self, finished: Finished) -> None:
        self._arrived(finished)
        self._queue.put(("shard", finished.facts))

    def events(self, threads: int) -> Iterator[Event]:
        """What happens, until all threads have ended or one failed."""
        while threads:
            event = self._queue.get()
            if event[0] == "end":
                threads -= 1
            elif event[0] == "error":
                if isinstance(event[1], WorkerLostError) and self.stop.is_set():
                    threads -= 1
                    continue
                raise event[1]
            else:
                yield event
