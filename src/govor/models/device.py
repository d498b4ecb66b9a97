"""Which device and which arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govor.errors import MachineError, UsageError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


def choose_device(device: str = "auto") -> torch.device:
    """``auto`` is the first GPU where there is one, else the CPU.

    Raises:
        MachineError: a device was asked for that this machine does not have.
        UsageError: the word is not a device.
    """
    import torch

    if device == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise UsageError(f"--device {device} is not a device: use auto, cpu or cuda:0") from None
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise MachineError(
            f"--device {device}: this machine has {torch.cuda.device_count()} CUDA devices: "
            "use --device cpu or auto"
        )
    return chosen


def choose_precision(precision: str, device: torch.device) -> str:
    """The arithmetic; ``auto`` is bf16 on GPUs that compute in it, fp16 on others, fp32 on CPUs."""
    import torch

    if precision not in PRECISIONS:
        raise UsageError(f"precision {precision} is unknown: use one of {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported() else "fp16"


def training_precision(precision: str, device: torch.device) -> str:
    """As `choose_precision`, but ``auto`` is bf16 on CPUs that multiply in it: there it trains faster.

    Decoding stays in float32 on every CPU, so that a model says the same on all of them.
    """
    if precision == "auto" and device.type == "cpu" and _multiplies_bf16():
        return "bf16"
    return choose_precision(precision, device)


def _multiplies_bf16() -> bool:
    """Whether the processor has AVX-512 or AMX instructions for bfloat16, so that it is not emulated."""
    import torch

    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    found = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """A context in which the model computes in `precision`; weights stay in float32."""
    import torch

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    if precision == "fp32":
        return torch.autocast(device.type, enabled=False)
    return torch.autocast(device.type, dtype=dtype)
