"""The engines: threads of this machine, or nodes of a Ray cluster, with the same plan and the same work.

Each owns a worker process a task, so that crashing and hanging files are judged in the same way. The nodes
must reach the corpus and the target: a shared path, or URLs. Their work in flight is bounded; a task whose
node is lost is given to another one.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Queue
from typing import Any

from govor.config import PrepareConfig
from govor.errors import MachineError
from govor.extras import required
from govor.machine import cores
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import Target, open_target
from govor.prepare.task import Beat, Event, Message, ShardDone, Task, VerdictCodes
from govor.prepare.verdicts import Verdicts
from govor.shown import first_line

LOOK_EVERY_S = 0.2
"""A wait without an end would not be ended by Ctrl-C either."""
ANSWER_S = 20.0
WAIT_S = 0.5
IN_FLIGHT_A_CORE = 2
NODE_LOSSES = 8


class LocalEngine:
    """The processes of this machine.

    Args:
        target: where shards go.
        verdicts: on its recordings.
        config: number of workers (0: one a core), and their bounds.
    """

    def __init__(self, target: Target, verdicts: Verdicts, config: PrepareConfig) -> None:
        self._parts = (target, verdicts, config)
        self._workers = config.workers or cores()
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
                event = self._queue.get(timeout=LOOK_EVERY_S)
                if event is None:
                    threads -= 1
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event


class RayEngine:
    """The nodes of a Ray cluster; arguments as of `LocalEngine`."""

    def __init__(self, target: Target, verdicts: Verdicts, config: PrepareConfig) -> None:
        self._target, self._verdicts, self._config = target, verdicts, config

    def run(self, tasks: Iterator[Task]) -> Iterator[Event]:
        """As `govor.prepare.task.Engine` says.

        Raises:
            MissingExtraError: Ray is not installed.
            MachineError: the cluster cannot be reached, or loses nodes again and again.
        """
        ray = _connect(self._config.address)
        try:
            yield from self._events(ray, tasks)
        finally:
            ray.shutdown()

    def _events(self, ray: Any, tasks: Iterator[Task]) -> Iterator[Event]:
        remote = ray.remote(num_cpus=1, max_retries=NODE_LOSSES, retry_exceptions=False)(run_one)
        verdicts = ray.put(dict(self._verdicts.codes()))
        limit = max(2, int(ray.cluster_resources().get("CPU", 1)) * IN_FLIGHT_A_CORE)
        flying: list[Any] = []
        try:
            while True:
                while len(flying) < limit and (task := next(tasks, None)) is not None:
                    flying.append(remote.remote(task, self._target.name, verdicts, self._config))
                if not flying:
                    return
                done, flying = ray.wait(flying, num_returns=1, timeout=WAIT_S)
                for reference in done:
                    yield from _events_of(ray, reference)
        finally:
            for reference in flying:
                with suppress(Exception):
                    ray.cancel(reference, force=True)


def _connect(address: str | None) -> Any:
    with required():
        import ray
    if address:
        _require_answer(address)
    try:
        ray.init(address=address, log_to_driver=False, include_dashboard=False, configure_logging=False,
                 ignore_reinit_error=True)  # fmt: skip
    except Exception as error:
        where = address or "this machine"
        raise MachineError(f"the Ray cluster at {where} cannot be used: {first_line(error)}") from None
    return ray


def _require_answer(address: str) -> None:
    """Asks whether somebody listens at ``host:port``, which Ray itself waits for without an end.

    Raises:
        MachineError: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()
    except OSError as error:
        raise MachineError(
            f"the Ray cluster at {address} does not answer ({error}): start it, or give its head's --address"
        ) from None


def _events_of(ray: Any, reference: Any) -> list[Event]:
    try:
        events: list[Event] = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else MachineError(str(error)) from None
    except ray.exceptions.RayError as error:
        raise MachineError(
            f"the Ray cluster lost a task for good ({type(error).__name__}): run again"
        ) from None
    return events


def run_one(task: Task, target_name: str, known: VerdictCodes, config: PrepareConfig) -> list[Event]:
    """One task on a node: makes its shards there and brings them to the target; what happened.

    A task that was lost with its node is done again in full; a shard that had already appeared appears again
    with the same bytes.
    """
    target = open_target(target_name)
    os.makedirs(target.folder, exist_ok=True)  # noqa: PTH103
    supervisor = Supervisor(target, Verdicts(target, known), config)
    try:
        events = _with_one_beat(supervisor.run(replace(task, folder=str(target.folder))))
        supervisor.close()
    finally:
        supervisor.kill()
        target.close()
    return events


def _with_one_beat(events: Iterator[Event]) -> list[Event]:
    """The events with all beats as one: a task of many hours beats thousands of times."""
    kept: list[Event] = []
    seconds = 0.0
    for event in events:
        match event:
            case Beat():
                seconds += event.seconds
            case ShardDone() | Message():
                kept.append(event)
    return [Beat(seconds), *kept]
