"""Ctrl-C at random moments of every command, once and twice: real processes, real signals."""

from __future__ import annotations

import random
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from govor.interrupts import WAKE
from workshop import CASES, Workshop, start

SEED = 18
MOMENTS = 3
ANSWERED_S, LEFT_S, AT_ONCE_S = 1.0, 3.0, 1.0
SLACK = 4.0
"""Times are printed; what fails a test is far beyond them, for machines are busy."""


def moments(name: str, whole_s: float) -> list[float]:
    """Seconds at which a command is interrupted, the same ones in every run for one length."""
    drawn = random.Random(f"{SEED} {name}")
    return [drawn.random() * whole_s for _ in range(MOMENTS)]


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
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("name", CASES)
def test_every_command(name: str, twice: bool, workshop: Workshop, tmp_path: Path) -> None:
    case, whole = CASES[name], tmp_path / "whole"
    whole.mkdir()
    case.before(workshop, whole)
    begun_s = time.monotonic()
    with start(case.arguments(workshop, whole)) as process:
        assert process.communicate(timeout=600) and process.returncode == 0
    for number, moment_s in enumerate(moments(name, time.monotonic() - begun_s)):
        out = tmp_path / str(number)
        out.mkdir()
        case.before(workshop, out)
        arguments = case.arguments(workshop, out)
        status, seconds, said = interrupted(arguments, moment_s, twice)
        print(f"{name} | {'twice' if twice else 'once'} | {moment_s:.1f} | {seconds:.1f} | {status}")
        assert "Traceback" not in said, said
        if status == 0:  # it was done before
            continue
        assert status == (3 if case.goes_on else 130), said
        line = shlex.join(["govor", *map(str, arguments)])
        assert said.splitlines()[-1].endswith(line) or "before it began" in said, said
        if twice or not case.waits:
            assert seconds < SLACK * (AT_ONCE_S if twice else LEFT_S), said
        assert not list(out.rglob("*.partial-*"))
        with start(arguments) as process:
            said = process.communicate(timeout=600)[1]
        assert process.returncode == 0, said
