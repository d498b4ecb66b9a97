"""Several recordings at once, whose windows share the batches of one recogniser.

The same code transcribes each of them, in a thread of its own; what they ask for goes through a `Batcher`. A
recogniser says the same in any batch, so nothing of this is seen in a transcript.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

from govor.config import TranscribeConfig
from govor.models.base import Recogniser
from govor.transcribe.batcher import Batcher
from govor.transcribe.patience import Patience
from govor.transcribe.transcriber import Transcriber

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 4
"""Recordings that are heard at once: enough to fill batches, few enough to keep memory flat."""


def pooled(
    recogniser: Recogniser,
    items: Sequence[Item],
    work: Callable[[Transcriber, Item], Result],
    config: TranscribeConfig,
    *,
    load_s: float = 0.0,
    frames: bool = False,
) -> Generator[Callable[[], Result]]:
    """What gives or raises the result of each item, in their order.

    Args:
        recogniser: of all; one item alone has it for itself.
        items: such as recordings.
        work: makes a result with the transcriber that it is given, in any thread.
        config: how all are transcribed. Of several, each gives half a batch at a time, so that as much in all
            waits as is computed.
        load_s: see `Transcriber`.
        frames: see `Transcriber`.
    """
    made = partial(Transcriber, load_s=load_s, frames=frames)
    if len(items) < 2:
        yield from (partial(work, made(recogniser, config), item) for item in items)
        return
    batcher, patience = Batcher(recogniser, config.batch_s), Patience()
    config = replace(config, batch_s=config.batch_s / 2)
    threads = ThreadPoolExecutor(AT_ONCE, "recording")
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            own = made(batcher.for_one(patience), config)
            begun.append(threads.submit(work, own, item))
            if len(begun) == AT_ONCE:
                yield begun.popleft().result
        while begun:
            yield begun.popleft().result
    finally:
        patience.end()
        threads.shutdown(cancel_futures=True)
        batcher.close()
