"""Ctrl-C at random moments of every command, once and twice: real processes, real signals."""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from govor.interrupts import WAKE
from workshop import CASES, Case, Wholes, Workshop, run, start

SEED = int(os.environ.get("GOVOR_SEED", "18"))
MOMENTS = int(os.environ.get("GOVOR_MOMENTS", "1"))
"""Other and more moments, where somebody asks for them."""
LEFT_S, AT_ONCE_S = 3.0, 1.0
SLACK = 4.0
"""Times are printed; what fails a test is far beyond them, for machines are busy."""


def moments(name: str, whole_s: float) -> list[float]:
    """Seconds behind the beginning of a command, the same shares of its length in every run."""
    drawn = random.Random(f"{SEED} {name}")
    return [drawn.random() * whole_s for _ in range(2 * MOMENTS)]


def wait_until_watched(process: subprocess.Popen[str]) -> None:
    """Until Python itself has begun, which answers in its own way, and govor has taken Ctrl-C over."""
    status = Path(f"/proc/{process.pid}/status")
    bit = 1 << (WAKE - 1)
    while process.poll() is None:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) & bit:
            return
        time.sleep(0.005)


def interrupted(arguments: list[object], moment_s: float, twice: bool) -> tuple[int, float, str]:
    """(exit status, seconds from the last Ctrl-C to the end, what was said)."""
    with start(arguments) as process:
        wait_until_watched(process)
        time.sleep(moment_s)
        process.send_signal(signal.SIGINT)
        if twice:
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
        begun_s = time.monotonic()
        said = process.communicate(timeout=300)[1]
    return process.returncode, time.monotonic() - begun_s, said


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", CASES)
def test_every_command(name: str, workshop: Workshop, wholes: Wholes, tmp_path: Path) -> None:
    """Once, then twice, and so on, always in the same folder; the same command then comes to its end."""
    case = CASES[name]
    case.before(workshop, tmp_path)
    arguments = case.arguments(workshop, tmp_path)
    done = False
    for number, moment_s in enumerate(moments(name, wholes.of(name).seconds)):
        twice = number % 2 == 1
        status, seconds, said = interrupted(arguments, moment_s, twice)
        print(f"{name} | {'twice' if twice else 'once'} | {moment_s:.1f} | {seconds:.1f} | {status}")
        check_end(case, arguments, status, said)
        assert seconds < SLACK * (AT_ONCE_S if twice else LEFT_S) or (case.waits and not twice), said
        assert status == 0 or not list(tmp_path.rglob("*.partial-*"))
        done = done or status == 0
    status, said = run(arguments)
    assert status == 0 or (done and "exists already" in said), said


def check_end(case: Case, arguments: list[object], status: int, said: str) -> None:
    """What an interrupted command says at its end; one that was done before says nothing of it."""
    assert "Traceback" not in said, said
    if status == 0:
        return
    assert status == (3 if case.goes_on and "before it began" not in said else 130), (status, said)
    line = shlex.join(["govor", *map(str, arguments)])
    assert said.splitlines()[-1].endswith(line) or "before it began" in said, said
