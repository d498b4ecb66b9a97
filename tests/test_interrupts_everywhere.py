"""Ctrl-C at random moments of every command, once and twice: real processes, real signals.

``GOVOR_ALL=1`` takes three moments of each kind, ``GOVOR_SEED`` others; ``-s`` prints the times.
"""

from __future__ import annotations

import os
import random
import shlex
import signal
import time
from pathlib import Path

import pytest

from govor.interrupts import WAKE
from warm import Process
from workshop import ALL, CASES, Case, Wholes, Workshop, begin, fresh, run, until_ready

SEED = int(os.environ.get("GOVOR_SEED", "18"))
MOMENTS = 3 if ALL else 1
LEFT_S, AT_ONCE_S = 3.0, 1.0
SLACK = 4.0
"""Times are printed; what fails a test is far beyond them, for machines are busy."""
SECOND_S = 0.2
"""From the first Ctrl-C to the second."""


def moments(name: str, whole_s: float) -> list[float]:
    """Seconds behind the beginning of a command, the same shares of its length in every run."""
    drawn = random.Random(f"{SEED} {name}")
    return [drawn.random() * whole_s for _ in range(2 * MOMENTS)]


def watched(pid: int) -> bool:
    """Whether Python itself has begun, which answers in its own way, and govor has taken Ctrl-C over."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    caught = next((line for line in lines if line.startswith("SigCgt")), None)
    return caught is None or bool(int(caught.split()[1], 16) & (1 << (WAKE - 1)))


def pressed(pid: int, twice: bool) -> float:
    """Ctrl-C, and once more; when the last one came."""
    os.kill(pid, signal.SIGINT)
    if twice:
        time.sleep(SECOND_S)
        os.kill(pid, signal.SIGINT)
    return time.monotonic()


def interrupted(workshop: Workshop, process: Process, moment_s: float, twice: bool) -> tuple[int, float, str]:
    """(exit status, seconds from the last Ctrl-C to the end, what was said)."""
    while not watched(process.pid):
        time.sleep(0.005)
    time.sleep(moment_s)
    begun_s = pressed(process.pid, twice)
    status, said = workshop.warm.wait(process)
    return status, time.monotonic() - begun_s, said


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CASES)
def test_every_command(name: str, workshop: Workshop, wholes: Wholes, tmp_path: Path) -> None:
    """Once, then twice, and so on, always in the same folder; the same command then comes to its end."""
    case = CASES[name]
    case.before(workshop, tmp_path)
    done = False
    for number, moment_s in enumerate(moments(name, wholes.of(name).seconds)):
        twice, process = number % 2 == 1, begin(workshop, name, tmp_path)
        status, seconds, said = interrupted(workshop, process, moment_s, twice)
        print(f"{name} | {'twice' if twice else 'once'} | {moment_s:.1f} | {seconds:.1f} | {status}")
        if done and "exists already" in said:
            continue
        check_end(case, case.arguments(workshop, tmp_path), status, said)
        assert seconds < SLACK * (AT_ONCE_S if twice else LEFT_S) or (case.waits and not twice), said
        assert status == 0 or not list(tmp_path.rglob("*.partial-*"))
        done = done or status == 0
    if case.long or case.serves:
        return
    status, said = run(workshop, name, tmp_path)
    assert status == 0 or (done and "exists already" in said), said


def check_end(case: Case, arguments: list[object], status: int, said: str) -> None:
    """What an interrupted command says at its end; one that was done before says nothing of it."""
    assert "Traceback" not in said, said
    if status == 0:
        return
    assert status == (3 if case.goes_on and "before it began" not in said else 130), (status, said)
    line = shlex.join(["govor", *map(str, arguments)])
    assert said.splitlines()[-1].endswith(line) or "before it began" in said, said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["check", "train", "serve"])
def test_while_libraries_are_imported(name: str, workshop: Workshop, tmp_path: Path) -> None:
    """In a process that begins with nothing, whatever it is loading."""
    case = CASES[name]
    case.before(workshop, tmp_path)
    arguments = case.arguments(workshop, tmp_path)
    for twice in (False, True):
        with fresh(arguments, {}) as process:
            while not watched(process.pid):
                time.sleep(0.005)
            time.sleep(random.Random(f"{SEED} {name} {twice}").random() * 2)
            begun_s = pressed(process.pid, twice)
            said = process.communicate(timeout=120)[1]
        seconds = time.monotonic() - begun_s
        print(f"{name} | importing, {'twice' if twice else 'once'} | {seconds:.1f} | {process.returncode}")
        check_end(case, arguments, process.returncode, said)
        assert seconds < SLACK * (AT_ONCE_S if twice else LEFT_S), said


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.serves])
def test_what_serves_ends_with_ctrl_c(name: str, workshop: Workshop, tmp_path: Path) -> None:
    """It is their usual end: status 0."""
    CASES[name].before(workshop, tmp_path)
    process = begin(workshop, name, tmp_path)
    until_ready(process)
    status, seconds, said = interrupted(workshop, process, 0.5, twice=False)
    print(f"{name} | ready | {seconds:.1f} | {status}")
    assert status == 0 and "stopped" in said and seconds < SLACK * LEFT_S, said


def test_no_command_is_left_out() -> None:
    """New ones too, here and on a full disk."""
    known = {path.stem for path in (Path(__file__).parent / "commands" / "help").glob("*.txt")}
    assert known - set(CASES) == {"status"}  # it reads a few files of a run and prints
