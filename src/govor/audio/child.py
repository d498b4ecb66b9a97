"""The other side of `govor.audio.guard`: a process that runs named functions under limits.

It ends by itself when its parent is gone: a thread waits on a pipe whose other end only the parent holds.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn

from govor.errors import AudioError, GovorError


def main(arguments: list[str]) -> None:
    """Serves requests; see `serve`."""
    serve(*map(int, arguments))


def serve(request_fd: int, life_fd: int, memory_bytes: int, cpu_s: int) -> NoReturn:
    """Serves requests ``(target, args)`` until the parent says None or is gone; ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # of a whole group: the parent decides what is finished
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(life_fd,), daemon=True).start()
    _limit(memory_bytes, cpu_s)
    connection = Connection(request_fd)
    try:
        connection.send(("ready",))
        while (request := connection.recv()) is not None:
            _serve(connection, *request)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    finally:
        os._exit(0)


def _end_with_parent(life_fd: int) -> None:
    os.read(life_fd, 1)
    os._exit(1)


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes and sys.platform == "linux":
        _lower(resource.RLIMIT_AS, memory_bytes, memory_bytes)
    if cpu_s:
        _lower(resource.RLIMIT_CPU, cpu_s, cpu_s + 5)


def _lower(kind: int, soft: int, hard: int) -> None:
    """A limit that is set already stays where it is the smaller one: nobody may raise it."""
    there = resource.getrlimit(kind)[1]
    known = there != resource.RLIM_INFINITY
    resource.setrlimit(kind, (min(soft, there), min(hard, there)) if known else (soft, hard))


def _serve(connection: Connection, target: str, args: tuple[Any, ...], reports: bool) -> None:
    try:
        function = _resolve(target)
        extra = {"report": lambda message: connection.send(("message", message))} if reports else {}
        reply: tuple[Any, ...] = ("result", function(*args, **extra))
    except AudioError as error:
        reply = ("audio", str(error), error.code)
    except GovorError as error:
        reply = ("govor", type(error).__name__, str(error))
    except MemoryError:
        reply = ("memory",)
    except (BrokenPipeError, ConnectionResetError, EOFError):
        raise
    except Exception as error:
        reply = ("bug", f"{type(error).__name__}: {error}", _trace())
    connection.send(reply)


def _resolve(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function


def _trace() -> str:
    import traceback

    return traceback.format_exc(limit=-6)


if __name__ == "__main__":
    main(sys.argv[1:])
