"""Runs govor as users do, for the benches that go through its commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """What a command made, and what it cost.

    Attributes:
        status: 0, or 3 where a limit was passed.
        summary: what it printed.
        wall_s: seconds that it took.
        cpu_s: seconds of processor time, its children's too.
        peak_mb: memory of the largest process among it and its children.
    """

    status: int
    summary: dict[str, Any]
    wall_s: float
    cpu_s: float
    peak_mb: float

    def costs(self) -> dict[str, float]:
        """Status, minutes and memory, as benches keep them."""
        return {
            "status": self.status,
            "minutes": self.wall_s / 60,
            "cpu_minutes": self.cpu_s / 60,
            "peak_mb": self.peak_mb,
        }


def govor(*arguments: str) -> dict[str, Any]:
    """Runs a command that must end well, and gives its summary."""
    made = measured(*arguments)
    if made.status:
        sys.exit(f"it ended with status {made.status}")
    return made.summary


def measured(*arguments: str) -> Measured:
    """Runs a command and measures it.

    Status 3 (a limit was passed, such as a model that is not better than its base) is a result like 0; any
    other ends the bench.
    """
    print("govor", *arguments, file=sys.stderr, flush=True)
    start_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "govor", *arguments, "--json"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit(f"it ended with status {process.returncode}")
    return Measured(
        process.returncode,
        json.loads(said) if said.strip() else {},
        time.perf_counter() - start_s,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1000,
    )
