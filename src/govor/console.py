"""What people and scripts see: progress on stderr, one summary on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

PLAIN_LINE_EVERY_S = 10.0
SECONDS_IN = {"s": 1, "min": 60}


def emit(summary: Mapping[str, Any], as_json: bool, lines: Sequence[str] = ()) -> None:
    """Prints a command's summary: one JSON object with ``--json``, otherwise `lines`.

    Of the processes that ``torchrun`` or ``accelerate launch`` started, only the first prints.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, default=str))
    else:
        for line in lines:
            print(line)


def say(message: str) -> None:
    """One line for people, on stderr."""
    print(message, file=sys.stderr, flush=True)


class Progress:
    """Counts work; a bar on a terminal, a plain line every few seconds elsewhere.

    Args:
        label: what is being done.
        total: units in all, or None.
        unit: in the plural.
        done: units that an earlier session did; the rate and the time left are those of this one.
        per: ``s`` or ``min``, what the rate is told for.
    """

    def __init__(self, label: str, total: float | None, unit: str, done: float = 0.0, per: str = "s") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done, self.note, self.per = done, "", per
        self._before = done
        self._start_s = self._shown_s = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """`amount` more units are done; `note` replaces what stands behind the bar."""
        self.done += amount
        if note is not None:
            self.note = note
        now = time.monotonic()
        if now - self._shown_s >= (0.2 if self._terminal else PLAIN_LINE_EVERY_S):
            self._shown_s = now
            self._show()

    def complete(self) -> None:
        """All is done: the total was an estimate."""
        self.total = self.done

    def finish(self) -> None:
        """Shows the last state and ends the line."""
        self._show()
        if self._terminal:
            print(file=sys.stderr)

    def _show(self) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        print(f"{start}{self._line()}", end="" if self._terminal else "\n", file=sys.stderr, flush=True)

    def _line(self) -> str:
        passed_s = max(time.monotonic() - self._start_s, 1e-6)
        rate = (self.done - self._before) / passed_s
        parts = [self.label, f"{self.done:,.6g}"]
        if self.total:
            share = min(1.0, self.done / self.total)
            parts = [self.label, _bar(share), f"{self.done:,.6g}/{self.total:,.6g} {self.unit}"]
            if rate and self.done < self.total:
                parts.append(f"{_clock((self.total - self.done) / rate)} left")
        parts.append(f"{rate * SECONDS_IN[self.per]:,.3g} {self.unit}/{self.per}")
        return "  ".join([*parts, self.note] if self.note else parts)


def _bar(share: float, width: int = 20) -> str:
    full = round(share * width)
    return f"[{'#' * full}{'.' * (width - full)}] {share:4.0%}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


@contextmanager
def progress(label: str, total: float | None, unit: str, per: str = "s") -> Iterator[Progress]:
    """A `Progress` that is finished when the block ends."""
    bar = Progress(label, total, unit, per=per)
    try:
        yield bar
    finally:
        bar.finish()


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> list[str]:
    """Lines of a plain table with aligned columns."""
    everything = [list(header), *map(list, rows)] if header else [list(row) for row in rows]
    widths = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))] if everything else []
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in everything
    ]
    return [lines[0], "  ".join("-" * w for w in widths), *lines[1:]] if header else lines
