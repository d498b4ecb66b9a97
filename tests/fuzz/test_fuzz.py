"""Damaged files of every class end in values, rejections or sentences; the harness sees what does not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from govor.errors import GovorError

from .__main__ import fuzz
from .cases import Class, is_sentence
from .classes import CLASSES

CASES = 60


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_what_is_damaged_is_said(tmp_path: Path) -> None:
    """In a process of its own: forked beside threads of other tests (polars), it could wait for ever."""
    log = tmp_path / "counts.txt"
    command = [sys.executable, "-m", "tests.fuzz", "--seed", "0", "--cases", str(CASES), "--log", str(log)]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=1200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for name in CLASSES:
        assert f"| {name} | {CASES} |" in log.read_text()


def _specimen(folder: Path) -> None:
    (folder / "one.txt").write_text("1 2 3\n")


def _crash(path: Path, draw: Any) -> None:
    os.kill(os.getpid(), 11)


def _panic(path: Path, draw: Any) -> None:
    class PanicException(BaseException):
        pass

    raise PanicException("called `Option::unwrap()`")


def _many_lines(path: Path, draw: Any) -> None:
    class TwoLinesError(GovorError):
        def __str__(self) -> str:
            return "first\nsecond"

    raise TwoLinesError("")


def _outside(path: Path, draw: Any) -> None:
    (Path(__file__).parent / "written").write_text("x")


def _connect(path: Path, draw: Any) -> None:
    import socket

    socket.create_connection(("example.org", 80))


def _sentence(path: Path, draw: Any) -> None:
    raise GovorError(f"{path} is damaged: make it again")


def _wait(path: Path, draw: Any) -> None:
    time.sleep(600)


def _grow(path: Path, draw: Any) -> None:
    bytearray(b"x") * (64 << 20)
    time.sleep(2)


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (_crash, "signal"),
        (_panic, "panic"),
        (_many_lines, "lines"),
        (_outside, "outside"),
        (_connect, "exception"),
        (_wait, "hang"),
        (_grow, "memory"),
        (_sentence, "refused"),
        (lambda path, draw: path.read_bytes(), "value"),
    ],
)
def test_the_harness_counts(read: Any, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from . import pool

    monkeypatch.setattr(pool, "CASE_S", 5.0)
    monkeypatch.setattr(pool, "RSS_BYTES", 50 << 20 if kind == "memory" else 3 << 30)
    cls = Class("one", _specimen, read)
    found = fuzz([cls], tmp_path / "seeds", tmp_path, 2, seed=1)["one"]
    assert dict(found.kinds) == {kind: 2}
    assert not (Path(__file__).parent / "written").exists()


def test_a_sentence_may_have_a_list_below_it() -> None:
    assert is_sentence("one line") and is_sentence("one:\n  a\n  b")
    assert not is_sentence("") and not is_sentence("a\nb") and not is_sentence("a\rb")
