"""What people and scripts see: progress on stderr, one summary on stdout."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar, cast

from govor.bars import open_row
from govor.errors import LimitError
from govor.records import plain
from govor.shown import readable

PLAIN_LINE_EVERY_S = 10.0
BAR_EVERY_S = 0.2
Made = TypeVar("Made", bound=Mapping[str, object])


def emit(summary: Mapping[str, object], as_json: bool, lines: Sequence[str] = ()) -> None:
    """Prints a command's summary: one JSON object with ``--json``, otherwise `lines`.

    Of the processes that ``torchrun`` or ``accelerate launch`` started, only the first prints.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        print(json.dumps(dict(summary), ensure_ascii=False, default=plain))
    else:
        for line in lines:
            print(line)


def emit_made(make: Callable[[], Made], as_json: bool, lines_of: Callable[[Made], Sequence[str]]) -> None:
    """Prints the summary that `make` gives; that of a passed limit, which is like it, before the limit."""
    try:
        summary = make()
    except LimitError as error:
        if not as_json:
            emit(error.summary, False, lines_of(cast(Made, error.summary)))
        raise
    emit(summary, as_json, lines_of(summary))


def say(message: str) -> None:
    """One line for people, on stderr."""
    print(readable(message), file=sys.stderr, flush=True)


class Progress:
    """Counts work; a bar on a terminal, a plain line every few seconds elsewhere.

    Args:
        label: what is being done.
        total: units in all, or None.
        unit: in the plural.
        done: units that an earlier session did; the rate and the time left are those of this one.
    """

    def __init__(self, label: str, total: float | None, unit: str, done: float = 0.0) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done, self.note = done, ""
        self._before = done
        self._shown: tuple[float, float | None] | None = None
        self._start_s = self._shown_s = time.monotonic()
        self._row = open_row(label, total, done) if sys.stderr.isatty() else None

    def advance(self, amount: float = 1, note: str | None = None) -> None:
        """`amount` more units are done; `note` replaces the text after the bar."""
        self.done += amount
        if note is not None:
            self.note = note
        now = time.monotonic()
        if now - self._shown_s >= (BAR_EVERY_S if self._row else PLAIN_LINE_EVERY_S):
            self._shown_s = now
            self._show()

    def complete(self) -> None:
        """All is done: the total was an estimate."""
        self.total = self.done

    def finish(self) -> None:
        """Shows the last state and ends the line."""
        if self._row or self._shown != (self.done, self.total):
            self._show()
        if self._row:
            self._row.close()

    def _show(self) -> None:
        self._shown = self.done, self.total
        if self._row:
            self._row.show(self.done, self.total, "  ".join(self._facts()), self.note)
            return
        share = [f"{min(1.0, self.done / self.total):4.0%}"] if self.total else []
        parts = [self.label, *share, *self._facts(), *([self.note] if self.note else [])]
        print("  ".join(parts), file=sys.stderr, flush=True)

    def _facts(self) -> list[str]:
        """What is done, of how much, how fast, and the time left."""
        rate = (self.done - self._before) / max(time.monotonic() - self._start_s, 1e-6)
        of = f"/{_amount(self.total)}" if self.total else ""
        facts = [f"{_amount(self.done)}{of} {self.unit}", _rate(rate, self.unit)]
        left = (self.total or 0.0) - self.done
        return [*facts, f"{_clock(left / rate)} left"] if rate and left > 0 else facts


def _amount(value: float) -> str:
    """A count as it is; a measure with as many digits as are read at a glance."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


def _rate(a_second: float, unit: str) -> str:
    """Slow work is told by the minute, and so are hours of audio."""
    value, per = (a_second, "s") if a_second >= 1 and unit != "h" else (60 * a_second, "min")
    return f"{value:,.0f} {unit}/{per}" if value >= 100 else f"{value:.3g} {unit}/{per}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


@contextmanager
def progress(label: str, total: float | None, unit: str) -> Iterator[Progress]:
    """A `Progress` that is finished when the block ends."""
    bar = Progress(label, total, unit)
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
    return [lines[0], "  ".join("-" * w for w in widths).rstrip(), *lines[1:]] if header else lines
