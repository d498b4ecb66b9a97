"""Waits that Ctrl-C can end: they are cut into short pieces, because a long wait for a lock may miss it.

See `govor.interrupts` for why; calls from Python, without the command line, have only this.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from multiprocessing.connection import Connection
from typing import Any, TypeVar

LOOK_S = 0.2
Value = TypeVar("Value")


def result_of(future: Future[Value]) -> Value:
    """The result of `future`, however long it takes."""
    while not future.done():
        wait_for([future], LOOK_S)
    return future.result()


def join(thread: threading.Thread) -> None:
    """Waits until `thread` ends."""
    while thread.is_alive():
        thread.join(LOOK_S)


def end_with_parent(end: Callable[[], object]) -> None:
    """Calls `end` in this process when the one that started it is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_S)
        end()

    threading.Thread(target=watch, daemon=True).start()


def receive(pipe: Connection) -> Any:
    """What comes through `pipe` next.

    Raises:
        EOFError: the other end is closed.
    """
    while not pipe.poll(LOOK_S):
        continue
    return pipe.recv()
