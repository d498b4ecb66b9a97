"""Memory, processor and GPU use, logged beside the loss."""

from __future__ import annotations

import contextlib
import time
from typing import Any, NotRequired, TypedDict


class Usage:
    """Measures this process and its loader workers since the last call."""

    def __init__(self, device: str) -> None:
        import psutil

        self._process, self._device = psutil.Process(), device
        self._cpu_s, self._clock_s = self._measured()[1], time.monotonic()

    def now(self) -> dict[str, float]:
        """``memory_mb`` (resident), ``cpu_percent``, and on a GPU ``gpu_memory_mb``, ``gpu_percent``."""
        memory_bytes, cpu_s = self._measured()
        clock_s = time.monotonic()
        percent = 100 * max(0.0, cpu_s - self._cpu_s) / max(clock_s - self._clock_s, 1e-6)
        self._cpu_s, self._clock_s = cpu_s, clock_s
        values = {"memory_mb": round(memory_bytes / 1e6, 1), "cpu_percent": round(percent, 1)}
        return values | self._gpu() if self._device.startswith("cuda") else values

    def _measured(self) -> tuple[float, float]:
        """Resident bytes and processor seconds of this process and those it started."""
        import psutil

        memory_bytes, cpu_s = 0.0, 0.0
        for process in [self._process, *self._process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it may just have ended
                times = process.cpu_times()
                memory_bytes += process.memory_info().rss
                cpu_s += times.user + times.system
        return memory_bytes, cpu_s

    def _gpu(self) -> dict[str, float]:
        import torch

        values = {"gpu_memory_mb": round(torch.cuda.max_memory_allocated() / 1e6, 1)}
        with contextlib.suppress(ImportError, RuntimeError):  # needs nvidia-ml-py and its driver library
            values["gpu_percent"] = float(torch.cuda.utilization())
        return values


class Hardware(TypedDict):
    """What a run was executed on."""

    platform: NotRequired[str]
    processor: str
    cores: NotRequired[int | None]
    memory_bytes: NotRequired[int]
    threads: NotRequired[int]
    device: str
    gpu: NotRequired[str]


def hardware(device: Any) -> Hardware:
    """What the run is executed on, for ``run.json``."""
    import os
    import platform

    import psutil
    import torch

    facts: Hardware = {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "threads": torch.get_num_threads(),
        "device": str(device),
    }
    if str(device).startswith("cuda"):
        facts["gpu"] = torch.cuda.get_device_name(device)
    return facts


def versions() -> dict[str, str]:
    """Versions of what decides the numbers."""
    import platform
    from importlib import metadata

    names = (
        "govor",
        "torch",
        "transformers",
        "accelerate",
        "peft",
        "numpy",
        "safetensors",
        "soxr",
        "soundfile",
    )
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
