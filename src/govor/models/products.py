"""Matrix products of inference on a processor, through oneDNN.

torch gives float32 products to MKL, which uses only part of the instructions of processors that are not
Intel's: on an AMD EPYC with AVX-512, 120 GFLOP/s a core against 265 with oneDNN, which comes with torch as
well (see ``bench/RESULTS.md``). The arithmetic is float32 in both.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

KEPT_KERNELS = 64
"""oneDNN keeps a kernel for every shape it has met, 1,024 unless told otherwise: with clips of any length
1.5 GB in four minutes of speech, 0.8 GB with 64, at the same speed."""
TRAINING_KERNELS = 4096
"""A training step meets a hundred shapes, the same in every batch of the same length: made once each (about
0.5 GB for a small model), they save a tenth of the time."""
FRAME_MULTIPLE = 16
"""Batches that train are padded to a multiple of so many log-mel frames, so that few lengths remain."""
FEWEST_ROWS = 8
"""Of a product; below, packing costs more than is won."""
FEWEST_ROWS_OF_MANY, MANY_OUTPUTS = 4, 8192
"""The same where a row has so many outputs, such as the tokens of a vocabulary: 14 ms instead of 22 for five
beams of Whisper-base."""


@contextmanager
def fast_products(device: torch.device) -> Iterator[None]:
    """Inside, this thread's `torch.nn.functional.linear` of float32 on a CPU is oneDNN's, without gradients.

    Args:
        device: of the model; on any but a CPU nothing changes.
    """
    import torch

    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        yield
        return
    keep_kernels(KEPT_KERNELS)
    with _mode()():
        yield


def keep_kernels(count: int) -> None:
    """Lets oneDNN keep so many kernels, unless the environment says otherwise; read at its first product."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(count))


@cache
def _mode() -> Any:
    """The class, made once: batches come by the thousand."""
    import torch
    from torch.overrides import TorchFunctionMode

    linear = torch.nn.functional.linear

    class OneDnnLinear(TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(
            self,
            func: Callable[..., Any],
            types: Sequence[type],
            args: tuple[Any, ...] = (),
            kwargs: Mapping[str, object] | None = None,
        ) -> Any:
            if func is linear and not kwargs and _is_fit(*args):
                return _linear(*args)
            return func(*args, **(kwargs or {}))

    return OneDnnLinear


def _linear(value: Any, weight: Any, bias: Any = None) -> Any:
    import torch

    return torch.ops.mkldnn._linear_pointwise(value, weight, bias, "none", [], "")


def _is_fit(value: Any, weight: Any, bias: Any = None) -> bool:
    import torch

    return (
        not torch.is_grad_enabled()
        and value.dtype is torch.float32 is weight.dtype
        and value.numel() >= _fewest_rows(weight) * weight.shape[1]
        and not torch.is_autocast_enabled("cpu")
    )


def _fewest_rows(weight: Any) -> int:
    return FEWEST_ROWS_OF_MANY if weight.shape[0] >= MANY_OUTPUTS else FEWEST_ROWS
