"""Progress as people see it: rows on a terminal, plain lines elsewhere."""

import os
import pty
import subprocess
import sys

import pytest

from govor.console import _rate, progress

WORK = """
import time
from govor.console import progress, say
import govor.console
govor.console.BAR_EVERY_S = govor.console.PLAIN_LINE_EVERY_S = 0.0
with progress("train", 4, "steps") as outer:
    outer.advance(2, "loss [b]0.5[/b]")
    with progress("decode", 0.5, "h") as inner:
        inner.advance(0.123456)
        say("a word meanwhile")
    outer.advance(2)
{end}
"""


def on_terminal(code: str) -> str:
    """What `code` writes to a terminal of 100 columns."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stderr=its,
        stdin=its,
        env=os.environ | {"COLUMNS": "100", "TERM": "xterm"},
    ):
        os.close(its)
        pieces = []
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux: the other side is closed
                break
            if not piece:
                break
            pieces.append(piece)
    os.close(ours)
    return b"".join(pieces).decode()


def test_plain_lines_without_a_terminal():
    done = subprocess.run(
        [sys.executable, "-c", WORK.format(end="")], capture_output=True, text=True, check=True
    )
    lines = done.stderr.splitlines()
    assert lines[0].startswith("train   50%  2/4 steps  ") and lines[0].endswith("left  loss [b]0.5[/b]")
    assert lines[1].startswith("decode   25%  0.12/0.50 h  ")
    assert lines[2] == "a word meanwhile" and len(lines) == 4  # the last state is not shown twice
    assert lines[-1].startswith("train  100%  4/4 steps") and "left" not in lines[-1]
    assert "\x1b" not in done.stderr and "\r" not in done.stderr


@pytest.mark.parametrize(
    ("a_second", "unit", "text"),
    [
        (1234.5, "rows", "1,234 rows/s"),
        (2.345, "rows", "2.35 rows/s"),
        (0.3367, "rows", "20.2 rows/min"),
        (1.5, "h", "90 h/min"),
    ],
)
def test_slow_work_is_told_by_the_minute(a_second, unit, text):
    assert _rate(a_second, unit) == text


def test_an_estimate_that_was_too_high_ends_at_all_the_same(capsys):
    with progress("prepare", 8.0, "h") as bar:
        bar.advance(2.0, "3 rejected")
        bar.complete()
    said = capsys.readouterr().err
    assert said.startswith("prepare  100%  2/2 h  ") and said.endswith("  3 rejected\n")
    assert "left" not in said


def test_rows_on_a_terminal():
    seen = on_terminal(WORK.format(end=""))
    assert "━" in seen and "a word meanwhile\r\n" in seen and "loss [b]0.5[/b]" in seen
    last = seen[seen.rindex("train") :]
    assert "4/4 steps" in last and "decode" not in last  # the row within another's work is gone
    assert seen.rindex("\x1b[?25h") > seen.rfind("\x1b[?25l")  # the cursor is there


def test_an_error_leaves_the_terminal_as_it_was():
    seen = on_terminal(WORK.format(end="bar = govor.console.Progress('again', 3, 'steps'); 1 / 0"))
    assert "ZeroDivisionError" in seen and seen.rindex("\x1b[?25h") > seen.rfind("\x1b[?25l")
