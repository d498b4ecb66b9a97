"""Out of memory is known in every backend's words, and answered with half the batch."""

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.errors import AudioError, ModelError
from govor.memory import REASON, fits, in_halves, is_out_of_memory

SAID = [
    RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
        "to allocate 4000000000000 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.77 GiB"),
    RuntimeError("MPS backend out of memory (MPS allocated: 17.9 GB, max allowed: 18.1 GB)"),
    RuntimeError("CUDA failed with error out of memory"),  # CTranslate2
    RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"),
    RuntimeError("mkl_malloc: failed to allocate memory"),
    MemoryError("std::bad_alloc"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
    type("RuntimeException", (Exception,), {})("Failed to allocate memory for requested buffer of size 4096"),
    type("OutOfMemoryError", (RuntimeError,), {})("tried"),
]


@pytest.mark.parametrize("error", SAID, ids=lambda error: str(error)[:40])
def test_every_backend_says_it_in_its_own_words(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shape mismatch"),
        OSError(errno.ENOSPC, "No space left"),
        ModelError("out of memory"),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_are_other_errors(error):
    assert not is_out_of_memory(error)


def test_torch_on_a_cpu_really_says_so():
    import torch

    assert not fits(lambda: torch.empty(1 << 50))
    assert fits(lambda: torch.empty(1))


class Cramped:
    """Squares numbers, at most so many together, and none that is too large."""

    def __init__(self, most, largest=10**9):
        self.most, self.largest, self.batches = most, largest, []

    def __call__(self, numbers):
        if len(numbers) > self.most or any(number > self.largest for number in numbers):
            raise MemoryError
        self.batches.append(len(numbers))
        return [number * number for number in numbers]


@given(st.lists(st.integers(0, 100), max_size=40), st.integers(1, 9))
def test_halving_changes_no_result(numbers, most):
    run = Cramped(most)
    assert in_halves(run, numbers) == [number * number for number in numbers]
    assert max(run.batches, default=0) <= most


def test_one_that_fails_alone_stops_no_other():
    found = in_halves(Cramped(8, largest=5), [1, 9, 2, 3])
    assert [found[0], found[2], found[3]] == [1, 4, 9]
    assert isinstance(found[1], AudioError) and found[1].code == REASON


def test_what_is_no_lack_of_memory_is_raised():
    def broken(numbers):
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        in_halves(broken, [1, 2])
