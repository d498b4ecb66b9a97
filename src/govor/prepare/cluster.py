"""The Ray engine: the same plan and the same work function, on the nodes of a cluster.

Each Ray task owns a worker process on its node, as a thread of the local engine does, so that crashing and
hanging files are judged in the same way. The nodes must reach the corpus and the target: a shared path, or
URLs. Work in flight is bounded; a task whose node is lost is given to another one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from govor.config import PrepareConfig
from govor.errors import MachineError
from govor.extras import required
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import Target, open_target
from govor.prepare.task import Beat, Event, Message, ShardDone, Task, VerdictCodes
from govor.prepare.verdicts import Verdicts

ANSWER_S = 20.0
WAIT_S = 0.5
IN_FLIGHT_A_CORE = 2
NODE_LOSSES = 8


class RayEngine:
    """The nodes of a Ray cluster; arguments as of `govor.prepare.local.LocalEngine`."""

    def __init__(self, target: Target, verdicts: Verdicts, config: PrepareConfig) -> None:
        self._target, self._verdicts, self._config = target, verdicts, config

    def run(self, tasks: Iterator[Task]) -> Iterator[Event]:
        """As `govor.prepare.task.Engine` says.

        Raises:
            MissingExtraError: Ray is not installed.
            MachineError: the cluster cannot be reached, or loses nodes again and again.
        """
        ray = _connected(self._config.address)
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


def _connected(address: str | None) -> Any:
    with required():
        import ray
    if address:
        _require_answer(address)
    try:
        ray.init(address=address, log_to_driver=False, include_dashboard=False, configure_logging=False,
                 ignore_reinit_error=True)  # fmt: skip
    except Exception as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MachineError(f"the Ray cluster at {address or 'this machine'} cannot be used: {why}") from None
    return ray


def _require_answer(address: str) -> None:
    """Asks whether somebody listens at ``host:port``, which Ray itself waits for without an end.

    Raises:
        MachineError: nobody does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdigit():
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
        events = _summed(supervisor.run(replace(task, folder=str(target.folder))))
        supervisor.close()
    finally:
        supervisor.kill()
        target.close()
    return events


def _summed(events: Iterator[Event]) -> list[Event]:
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
