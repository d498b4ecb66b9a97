"""Which device and which arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from govor.errors import MachineError, UsageError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
MASTERS = "float32"
"""Dtype of weights that are trained, whatever the file holds: half-precision ones lose small updates, and
AdamW's second moment of them is 0 almost everywhere."""
DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


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
    if precision not in PRECISIONS:
        raise UsageError(f"precision {precision} is unknown: use one of {', '.join(PRECISIONS)}")
    if precision != "auto":
        return precision
    if device.type != "cuda":
        return "fp32"
    return "bf16" if computes_in_bf16(device) else "fp16"


def computes_in_bf16(device: torch.device) -> bool:
    """Whether a GPU multiplies in bfloat16 itself; T4, V100 and RTX 20 only emulate it, slowly."""
    import torch

    several = torch.cuda.device_count() > 1
    with torch.cuda.device(device) if several else nullcontext():  # torch asks the current one
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def decoding_weights(precision: str, device: torch.device) -> str:
    """Dtype of weights that only recognise: on a GPU the arithmetic's, for half the memory; else float32."""
    return DTYPES[precision] if device.type == "cuda" else MASTERS


def text_weights(device: torch.device) -> str:
    """Dtype of a text model, whatever the file holds: bfloat16 on GPUs that compute in it, else float32.

    Never float16: many text models are trained in bfloat16, whose range it does not have.
    """
    return DTYPES["bf16"] if device.type == "cuda" and computes_in_bf16(device) else MASTERS


def settle(precision: str, device: torch.device) -> None:
    """Sets what torch keeps once for the whole process, on a GPU.

    What autocast leaves in float32 may use TF32, unless fp32 was asked for: then float32 is float32, also
    in convolutions, where torch's own default is TF32. cuDNN tries no algorithms out: every length is a new
    shape.
    """
    import torch

    if device.type != "cuda":
        return
    torch.set_float32_matmul_precision("highest" if precision == "fp32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cudnn.benchmark = False


def in_words(precision: str, device: torch.device) -> str:
    """The arithmetic for people."""
    if precision == "fp32":
        return "float32 (fp32)"
    tf32 = ", what stays in float32 as TF32" if device.type == "cuda" else ""
    return f"{DTYPES[precision]} ({precision}), weights in {MASTERS}{tf32}"


def moved(value: torch.Tensor, device: torch.device) -> torch.Tensor:
    """`value` on `device`; to a GPU from pinned memory: from other memory this process waits for the copy."""
    if device.type == "cuda" and value.device.type == "cpu":
        value = value.pin_memory()
    return value.to(device, non_blocking=True)


@contextmanager
def set_aside(model: torch.nn.Module, device: torch.device) -> Iterator[None]:
    """Within it a GPU is free of `model` and its gradients, for another process that wants all of it."""
    import torch

    if device.type != "cuda":
        yield
        return
    model.zero_grad(set_to_none=True)
    model.to("cpu")
    torch.cuda.empty_cache()
    try:
        yield
    finally:
        model.to(device)


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
    """A context in which the model computes in `precision`; weights that are trained stay in float32."""
    import torch

    if precision == "fp32":
        return torch.autocast(device.type, enabled=False)
    return torch.autocast(device.type, dtype=getattr(torch, DTYPES[precision]))


def scaler(precision: str, device: torch.device) -> Any:
    """Scales the loss where it is differentiated in fp16, whose range is small; elsewhere does nothing."""
    import torch

    return torch.amp.GradScaler(device.type, enabled=precision == "fp16")
