"""Cores, memory, disk and devices, limits of containers included."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from govor import machine
from govor.findings import Finding
from govor.store import free_bytes, readable_bytes

LEAST_RAM_BYTES = 3_000_000_000
"""Less does not hold torch, a small model and its loader workers."""
LEAST_DISK_BYTES = 2_000_000_000
PROBE_TIMEOUT_S = 180

# Runs in a child: torch takes seconds to import, and a broken CUDA can take the process with it.
_PROBE = """
import json, os, sys
facts = {"imports": {}, "devices": []}
import torch
facts["torch"] = torch.__version__
def precisions(device):
    good = []
    for name in ("float32", "bfloat16", "float16"):
        try:
            a = torch.ones(64, 64, dtype=getattr(torch, name), device=device)
            if float((a @ a)[0, 0]) == 64.0:
                good.append(name)
        except Exception:
            pass
    return good
facts["devices"].append({"name": "cpu", "precisions": precisions("cpu"), "threads": torch.get_num_threads()})
for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
    free, total = torch.cuda.mem_get_info(index)
    facts["devices"].append({"name": f"cuda:{index}", "model": torch.cuda.get_device_name(index),
        "memory_bytes": total, "free_bytes": free, "precisions": precisions(f"cuda:{index}")})
if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
    facts["devices"].append({"name": "mps", "precisions": precisions("mps")})
for name in ("torchaudio", "torchcodec", "transformers"):
    try:
        __import__(name)
        facts["imports"][name] = ""
    except ModuleNotFoundError as error:
        facts["imports"][name] = None if error.name == name else str(error)
    except BaseException as error:
        facts["imports"][name] = f"{type(error).__name__}: {error}".splitlines()[0][:300]
print(json.dumps(facts))
"""


def cores() -> float:
    """Cores this process may use: affinity, and the quota of its container."""
    count = float(machine.cores())
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return count if quota == "max" else min(count, int(quota) / int(period))
    except (OSError, ValueError):
        return count


def ram_bytes() -> tuple[int, int]:
    """Memory in all and available, no more than the container's limit."""
    import psutil

    memory = psutil.virtual_memory()
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):
        return memory.total, memory.available
    return min(memory.total, limit), min(memory.available, max(0, limit - used))


@dataclass(frozen=True)
class Device:
    """A device that torch has, and the precisions that it computes with.

    Attributes:
        name: as torch calls it.
        precisions: tried for real.
        model: of a GPU.
        memory_bytes: of its own; None where it has the machine's.
        free_bytes: of these.
        threads: that torch uses on the CPU.
    """

    name: str
    precisions: tuple[str, ...]
    model: str | None = None
    memory_bytes: int | None = None
    free_bytes: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class TorchProbe:
    """What became of importing torch.

    Attributes:
        error: why it failed, or empty.
        devices: all of them.
        imports: by package, what happened when it was imported (None: not installed, empty: fine).
    """

    error: str = ""
    devices: tuple[Device, ...] = ()
    imports: Mapping[str, str | None] = field(default_factory=dict)


def probe_torch(timeout_s: float = PROBE_TIMEOUT_S) -> TorchProbe:
    """Imports torch in a child and tries every device."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return TorchProbe(f"importing torch took longer than {timeout_s:.0f} s")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with status {done.returncode}"]
        return TorchProbe(last[0][:300])
    facts = json.loads(done.stdout.splitlines()[-1])
    devices = (Device(**{**one, "precisions": tuple(one["precisions"])}) for one in facts["devices"])
    return TorchProbe(devices=tuple(devices), imports=facts["imports"])


def room_findings(ram: int, disk: int, place: Path) -> list[Finding]:
    """Warnings where memory or disk are too small for a small job."""
    found = []
    if ram < LEAST_RAM_BYTES:
        found.append(
            Finding(
                "little_memory",
                "warning",
                "memory",
                f"{readable_bytes(ram)} available",
                f"{readable_bytes(LEAST_RAM_BYTES)} for a small model and its loader workers",
                "training may be killed without a message",
            )
        )
    if disk < LEAST_DISK_BYTES:
        found.append(
            Finding(
                "little_disk",
                "warning",
                str(place),
                f"{readable_bytes(disk)} free",
                f"{readable_bytes(LEAST_DISK_BYTES)} for a small data set and a few checkpoints",
                "prepare or train would stop before the end",
            )
        )
    return found


@dataclass(frozen=True)
class Room:
    """Cores, memory and disk."""

    cores: float
    ram_bytes: int
    ram_available_bytes: int
    disk_free_bytes: int


def room(place: Path) -> Room:
    """What this machine, or its container, has; the disk is that of `place`."""
    return Room(cores(), *ram_bytes(), free_bytes(place))
