"""The Ray engine: the same plan and the same work function, on the nodes of a cluster.

Each Ray task owns a worker process on its node, as a thread of the local engine does, so that crashing and
hanging files are judged in the same way. The nodes must reach the corpus and the target: a shared path, or
URLs. Work in flight is bounded; a task whose node is lost is given to another one.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from govor.errors import MachineError, MissingExtraError
from govor.prepare.facts import Finished
from govor.prepare.local import Event
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import open_target
from govor.prepare.task import Task
from govor.prepare.verdicts import Verdicts

if TYPE_CHECKING:
    from govor.prepare.run import Job

ANSWER_S = 20.0
IN_FLIGHT_A_CORE = 2
NODE_LOSSES = 8


def run_on_ray(
    job: Job, tasks: Iterator[Task], make_supervisor: Callable[[Callable[[], bool]], Supervisor]
) -> Iterator[Event]:
    """Runs `tasks` on a Ray cluster; arguments and events as in `govor.prepare.local.run_local`.

    Raises:
        MissingExtraError: Ray is not installed.
        MachineError: the cluster cannot be reached, or loses nodes again and again.
    """
    ray = _connected(job.config.address)
    try:
        yield from _collected(ray, job, tasks)
    finally:
        ray.shutdown()


def _connected(address: str | None) -> Any:
    try:
        import ray
    except ImportError:
        raise MissingExtraError("ray", "ray") from None
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


def _collected(ray: Any, job: Job, tasks: Iterator[Task]) -> Iterator[Event]:
    remote = ray.remote(num_cpus=1, max_retries=NODE_LOSSES, retry_exceptions=False)(run_one)
    verdicts = ray.put(dict(job.verdicts.codes()))
    bounds = (job.config.stall_s, job.config.memory_bytes)
    limit = max(2, int(ray.cluster_resources().get("CPU", 1)) * IN_FLIGHT_A_CORE)
    flying: set[Any] = set()
    try:
        while True:
            while len(flying) < limit and (task := next(tasks, None)) is not None:
                flying.add(remote.remote(task, job.target.name, verdicts, bounds))
            if not flying:
                return
            done, flying = _split(ray, flying)
            for reference in done:
                yield from _events(ray, job, reference)
    finally:
        for reference in flying:
            with suppress(Exception):
                ray.cancel(reference, force=True)


def _split(ray: Any, flying: set[Any]) -> tuple[list[Any], set[Any]]:
    done, rest = ray.wait(list(flying), num_returns=1, timeout=None)
    return done, set(rest)


def _events(ray: Any, job: Job, reference: Any) -> Iterator[Event]:
    try:
        shards, peak_bytes = ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise error.cause if isinstance(error.cause, Exception) else MachineError(str(error)) from None
    except ray.exceptions.RayError as error:
        raise MachineError(
            f"the Ray cluster lost a task for good ({type(error).__name__}): run again"
        ) from None
    for finished in shards:
        job.noted(finished)
        yield "beat", finished.facts.samples / job.settings.sample_rate, len(finished.facts.rejected)
        yield "shard", finished.facts
    yield "peak", peak_bytes


def run_one(
    task: Task, target_name: str, known: dict[str, tuple[str, str]], bounds: tuple[float, int]
) -> tuple[list[Finished], int]:
    """One task on a node: makes its shards there and brings them to the target.

    A task that was lost with its node is done again in full; a shard that had already appeared appears again
    with the same bytes.
    """
    target = open_target(target_name)
    os.makedirs(target.folder, exist_ok=True)  # noqa: PTH103
    supervisor = Supervisor(Verdicts(target, known), *bounds, lambda: False)
    shards: list[Finished] = []

    def arrived(finished: Finished) -> None:
        target.arrived(finished.name)
        shards.append(finished)

    try:
        from dataclasses import replace

        peak_bytes = supervisor.run(replace(task, folder=str(target.folder)), lambda *_: None, arrived)
        supervisor.close()
    finally:
        supervisor.kill()
        target.close()
    return shards, peak_bytes
