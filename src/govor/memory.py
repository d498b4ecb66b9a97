"""Memory that ran out is recognised in one place, and the batch is tried again in halves.

torch raises `torch.OutOfMemoryError` on CUDA and a plain RuntimeError on a CPU ("DefaultCPUAllocator: can't
allocate memory") and on MPS ("MPS backend out of memory"); CTranslate2 and onnxruntime raise theirs, or the
MemoryError that ``std::bad_alloc`` becomes.
"""

from __future__ import annotations

import ctypes
import errno
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from govor.errors import AudioError, GovorError

Item = TypeVar("Item")
Result = TypeVar("Result")

REASON = "out_of_memory"
"""Why an item is set aside that needs more memory than there is, even alone."""
WORDS = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "failed to allocate",
    "bad_alloc",
    "bad allocation",
    "alloc_failed",  # CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_ALLOC_FAILED
    "erroroutofmemory",
    "errormemoryallocation",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether `error` says that memory ran out, on a device or in the machine."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, GovorError) or not isinstance(error, Exception):
        return False
    text = str(error).lower()
    return any(words in text for words in WORDS)


def fits(attempt: Callable[[], object]) -> bool:
    """Whether `attempt` ends without running out of memory; other errors are raised."""
    try:
        attempt()
        return True
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    release()
    return False


def in_halves(
    run: Callable[[Sequence[Item]], list[Result]], items: Sequence[Item]
) -> list[Result | AudioError]:
    """What `run` gives for `items`; where memory runs out, what it gives for each half of them.

    Args:
        run: gives one result for each item, the same in any batch.
        items: a batch.

    Returns:
        One result for each item; an `AudioError` for one that alone needs more memory than there is.
    """
    found: list[Result] = []
    if not items or fits(lambda: found.extend(run(items))):
        return list(found)
    if len(items) == 1:
        return [AudioError("it needs more memory than there is, even alone: use a smaller model", REASON)]
    half = len(items) // 2
    return in_halves(run, items[:half]) + in_halves(run, items[half:])


def release() -> None:
    """Hands back memory that is no longer used: torch's of a device, and the C library's."""
    trim()
    torch = sys.modules.get("torch")
    if torch is None:
        return
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


def trim() -> None:
    """Hands back what glibc keeps of freed memory; other C libraries have no such call."""
    handed_back = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if handed_back is not None:
        handed_back(0)
