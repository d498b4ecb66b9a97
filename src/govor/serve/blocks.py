"""Decodes an upload in a limited child process and hands its blocks over as they come."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.audio.guard import GuardedWorker, Starter, WorkerLostError, interpreter
from govor.errors import AudioError
from govor.serve.limits import ServeLimits
from govor.transcribe.patience import OverError, Patience

Block = NDArray[np.float32]
QUEUED_BLOCKS = 32
"""Blocks decoded ahead; then the child waits: a long recording needs no more memory than a short one."""


class _AbandonedError(Exception):
    """Nobody wants the rest."""


def guarded_blocks(
    path: Path,
    sample_rate: int,
    limits: ServeLimits,
    patience: Patience | None = None,
    start: Starter = interpreter,
) -> Generator[Block]:
    """Mono blocks ``[T]`` of an untrusted file.

    Args:
        path: the file.
        sample_rate: of the blocks, in Hz.
        limits: for the child that decodes it.
        patience: of whoever waits for the blocks.
        start: starts the child.

    Raises:
        AudioError: it cannot be decoded, passes a limit, or took its decoder down.
        OverError: nobody waits any more.
    """
    ready: queue.Queue[Any] = queue.Queue(QUEUED_BLOCKS)
    abandoned = threading.Event()
    arguments = (str(path), sample_rate, limits.max_s, limits.max_bytes)
    worker = GuardedWorker(
        memory_bytes=limits.decode_memory_bytes, stall_s=limits.decode_stall_s, start=start
    )
    thread = threading.Thread(target=_decode, args=(arguments, worker, ready, abandoned), daemon=True)
    thread.start()
    if patience is not None:
        patience.when_over(lambda: _put_over(ready, abandoned))
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        abandoned.set()
        _drain(ready)
        thread.join()


def _decode(
    arguments: tuple[Any, ...], worker: GuardedWorker, ready: queue.Queue[Any], abandoned: threading.Event
) -> None:
    end: Exception | None = None
    with worker:
        try:
            worker.call(
                "govor.audio.stream:send_blocks",
                *arguments,
                on_message=lambda block: _put(ready, block, abandoned),
                stopped=abandoned.is_set,
            )
        except WorkerLostError as error:
            end = AudioError(f"the recording cannot be decoded: its decoder {error}", error.code)
        except _AbandonedError:
            worker.kill()
        except Exception as error:
            end = error
    with suppress(_AbandonedError):
        _put(ready, end, abandoned)


def _put(ready: queue.Queue[Any], item: Block | Exception | None, abandoned: threading.Event) -> None:
    while not abandoned.is_set():
        try:
            ready.put(item, timeout=0.2)
            return
        except queue.Full:
            continue
    raise _AbandonedError


def _put_over(ready: queue.Queue[Any], abandoned: threading.Event) -> None:
    """Wakes the thread that waits for the next block."""
    abandoned.set()
    _drain(ready)
    with suppress(queue.Full):
        ready.put_nowait(OverError())


def _drain(ready: queue.Queue[Any]) -> None:
    while True:
        try:
            ready.get_nowait()
        except queue.Empty:
            return
