"""Workers that run cases one after the other, watched from outside: they may crash, hang or grow."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from .cases import Class, Outcome, OutsideError, place_in, run_case

CASE_CPU_S, CASE_S = 20.0, 180.0
"""A case hangs that computes for so long, or waits: no seed takes a tenth of it, but machines are busy."""
RSS_BYTES = 3 * 1024**3
ADDRESS_BYTES = 24 * 1024**3
STACKS = "stacks.txt"
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = (
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "shutil.rmtree",
)
_CONTEXT = multiprocessing.get_context("fork")


def confine(scratch: Path) -> None:
    """Raises where this process is about to change a file outside of `scratch`, or to connect elsewhere."""
    allowed = (os.path.realpath(scratch), "/dev/")

    def inside(path: Any) -> bool:
        if isinstance(path, int) or path is None:
            return True
        name = os.path.realpath(os.fsdecode(path))
        return name.startswith(allowed)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & WRITING) if isinstance(flags, int) else "w" in str(mode)
            if writes and not inside(path):
                raise OutsideError(f"{path} was opened for writing")
        elif event in CHANGING:
            paths = arguments[:2] if event in ("os.rename", "os.link") else arguments[:1]
            if not all(map(inside, paths)):
                raise OutsideError(f"{event} of {paths}")
        elif event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", None):
            raise OSError("there is no network here")

    sys.addaudithook(hook)


def _work(
    cls: Class, seeds: Path, scratch: Path, cases: list[tuple[int, int, int | None]], pipe: Connection
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    os.setpgid(0, 0)
    with open(os.devnull, "w", errors="backslashreplace") as silence:
        os.dup2(silence.fileno(), 1)
        os.dup2(silence.fileno(), 2)
    stacks = (scratch / STACKS).open("w")
    faulthandler.enable(stacks)
    faulthandler.register(signal.SIGUSR1, stacks)
    sys.stdout = sys.stderr = open(os.devnull, "w", errors="backslashreplace")  # noqa: SIM115
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "GOVOR_CACHE", "HF_HOME"):
        os.environ[name] = str(scratch / name)
        (scratch / name).mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(scratch / "TMPDIR")
    os.chdir(scratch)
    decode_in_this_process()
    confine(scratch)
    for seed, case, only in cases:
        pipe.send((case, None))
        pipe.send((case, run_case(cls, seeds, scratch, seed, case, only)))
    pipe.send(None)


def decode_in_this_process() -> None:
    """Children would hide what happens in them, and take longer to start than a case to run."""
    from govor.audio import guard
    from govor.audio.child import _resolve

    def call(self: Any, target: str, *args: Any, on_message: Any = None, stopped: Any = None) -> Any:
        more = {"report": on_message} if on_message is not None else {}
        return _resolve(target)(*args, **more)

    guard.GuardedWorker.call = call  # type: ignore[method-assign]


def outcomes(
    cls: Class,
    seeds: Path,
    cases: list[tuple[int, int, int | None]],
    room: Path,
    until_s: float = float("inf"),
) -> Iterator[tuple[int, int, Outcome]]:
    """(seed, case, outcome) of each; a worker that is lost is replaced and the case counted as its fault."""
    left = list(cases)
    while left and time.monotonic() < until_s:
        scratch = Path(tempfile.mkdtemp(dir=room))
        ours, theirs = _CONTEXT.Pipe(duplex=False)
        worker = _CONTEXT.Process(target=_work, args=(cls, seeds, scratch, left, theirs), daemon=False)
        worker.start()
        theirs.close()
        try:
            for case, outcome in _watched(worker, ours, scratch / STACKS, until_s):
                seed, number, _ = left.pop(0)
                assert number == case
                yield seed, case, outcome
        finally:
            _end(worker)
            ours.close()
            shutil.rmtree(os.fsencode(scratch), ignore_errors=True)


def _watched(worker: Any, pipe: Connection, stacks: Path, until_s: float) -> Iterator[tuple[int, Outcome]]:
    process = psutil.Process(worker.pid)
    current, begun_s, begun_cpu_s = -1, time.monotonic(), 0.0
    while time.monotonic() < until_s:
        fault = None
        try:
            if pipe.poll(0.1):
                message = pipe.recv()
                if message is None:
                    return
                current, outcome = message
                begun_s, begun_cpu_s = time.monotonic(), sum(process.cpu_times()[:2])
                if outcome is not None:
                    yield current, outcome
                    current = -1
                continue
            waited_s, used_s = time.monotonic() - begun_s, sum(process.cpu_times()[:2]) - begun_cpu_s
            if current >= 0 and (waited_s > CASE_S or used_s > CASE_CPU_S):
                fault = Outcome("hang", _asked_where(process, stacks))
            elif process.memory_info().rss > RSS_BYTES:
                fault = Outcome("memory", _asked_where(process, stacks))
        except (EOFError, ConnectionResetError, psutil.Error):
            worker.join(10)
            code = worker.exitcode or 0
            name = signal.Signals(-code).name if code < 0 else f"exit {code}"
            fault = Outcome("signal", f"{name} {place_in(stacks.read_text(errors='replace'))}")
        if fault is not None:
            if current >= 0:
                yield current, fault
            return


def _asked_where(process: psutil.Process, stacks: Path) -> str:
    process.send_signal(signal.SIGUSR1)
    time.sleep(0.5)
    return place_in(stacks.read_text(errors="replace"))


def _end(worker: Any) -> None:
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        worker.kill()
    worker.join()


def in_a_child(function: Callable[..., None], *args: Any) -> None:
    """Runs what starts threads (polars, torch) away from the process that workers are forked from."""
    child = _CONTEXT.Process(target=function, args=args)
    child.start()
    child.join()
    if child.exitcode:
        raise RuntimeError(f"{function} failed")
