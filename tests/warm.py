"""Processes of ``govor`` that begin in no time: forked from one that has imported the libraries once.

``python tests/warm.py`` forks a process for every line that it reads, and says how those ended that it is
asked for. Each is a process of its own, with its own signals, files and exit status; what is missing is the
time in which Python imports, which `test_interrupts_everywhere` knows in fresh processes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MODULES = (
    "torch", "transformers.models.parakeet.modeling_parakeet", "polars", "pandas", "pyarrow.dataset",
    "pyarrow.parquet", "scipy.stats", "matplotlib.figure", "matplotlib.backends.backend_svg", "soundfile",
    "soxr", "openpyxl", "uvicorn", "fastapi", "govor.cli", "govor.curate.check", "govor.evaluate.diagnosis",
    "govor.preflight", "govor.train.run", "govor.export", "govor.pipeline.run", "govor.tune",
    "govor.serve.server", "govor.publish", "huggingface_hub",
)  # fmt: skip
SETTINGS = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "POLARS_MAX_THREADS": "2", "MPLBACKEND": "Agg"}


@dataclass
class Process:
    """One command that runs.

    Attributes:
        pid: of its process.
        said: file of what it writes on stderr.
    """

    pid: int
    said: Path
    status: int | None = None


class Warm:
    """The process that is asked for others."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, **SETTINGS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._server.stdout is not None
        self._server.stdout.readline()  # everything is imported

    def start(self, arguments: list[object], prelude: str = "") -> Process:
        """``govor`` with `arguments`; `prelude` is run in the process first."""
        self._count += 1
        said = self._folder / f"{self._count}.txt"
        said.touch()
        order = {"words": ["govor", *map(str, arguments)], "prelude": prelude, "said": str(said)}
        return Process(self._ask(order), said)

    def wait(self, process: Process, limit_s: float = 300) -> tuple[int, str]:
        """(exit status, what was said), below zero for a signal.

        Raises:
            TimeoutError: it goes on for longer.
        """
        status = self._ask({"wait": process.pid, "limit_s": limit_s})
        said = process.said.read_text(encoding="utf-8", errors="replace")
        if status is None:
            raise TimeoutError(said)
        return status, said

    def close(self) -> None:
        """Ends it."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(30)

    def _ask(self, order: dict[str, Any]) -> Any:
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(order), file=self._server.stdin, flush=True)
        return json.loads(self._server.stdout.readline())


def _serve() -> None:
    for name in MODULES:
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _ended(order["wait"], order["limit_s"]) if "wait" in order else _forked(order)
        print(json.dumps(answer), flush=True)


def _forked(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        _become(order)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):
                stream.flush()
        os._exit(status)


def _become(order: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    with open(os.devnull, "r+b") as nothing, open(order["said"], "wb") as said:
        for number, file in ((0, nothing), (1, nothing), (2, said)):
            os.dup2(file.fileno(), number)
    sys.stdin, sys.argv = open(os.devnull), order["words"]  # noqa: SIM115
    exec(order["prelude"], {"__name__": "prelude"})
    from govor.__main__ import main

    main()


def _ended(pid: int, limit_s: float) -> int | None:
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


if __name__ == "__main__":
    _serve()
