"""Stretches of recordings, and which of them are of the same sound.

Two stretches are of the same sound where the middle of one lies in the other, which is so exactly when they
share half of the shorter one, or more.

Legend: N utterances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.groups import Codes

MIX = -1
SAME_S = 0.05
"""Times that differ by less are the same: sources round them."""

Rows = NDArray[np.bool_]
Times = NDArray[np.float64]


@dataclass(frozen=True)
class Spans:
    """Where the utterances lie.

    Attributes:
        recording: number of the recording ``[N]``, the same for copies of one file where that is known.
        channel: `MIX` for the mix of all ``[N]``.
        start: seconds, 0 for the beginning ``[N]``.
        end: seconds; where it is not known, as if the recording had no end ``[N]``.
        same: number of the stretch, the same for equal ones ``[N]``. Of stretches with stated times those of
            two speakers are two: people speak at the same time.
    """

    recording: Codes
    channel: NDArray[np.int32]
    start: Times
    end: Times
    same: Codes

    @classmethod
    def of(
        cls,
        recording: Codes,
        channel: NDArray[np.int32],
        start: Times,
        end: Times,
        duration: Times,
        speaker: Codes,
    ) -> Spans:
        """Spans of what a table says; NaN where it says nothing."""
        begin = np.maximum(np.nan_to_num(start), 0.0)
        last = np.where(np.isnan(end), begin + duration, end)
        longest = max(float(np.nan_to_num(last).max(initial=0.0)), float(begin.max(initial=0.0))) + 1.0
        last = np.maximum(np.where(np.isnan(last), longest, last), begin)
        stated = ~np.isnan(start) | ~np.isnan(end)
        same = _equal(recording, channel, begin, last, np.where(stated, speaker, -1))
        return cls(recording, channel, begin, last, same)

    @property
    def lines(self) -> Codes:
        """A number for recording and channel together ``[N]``."""
        numbers: Codes = self.recording * (int(self.channel.max(initial=0)) + 2) + self.channel + 1
        return numbers

    def touching(self, rows: Rows, others: Rows) -> Rows:
        """Those of `rows` of the same sound as any of `others` ``[N]``; the mix holds all channels."""
        mixed = self.channel == MIX
        found = self._meeting(self.lines, rows, others)
        found |= self._meeting(self.recording, rows & mixed, others & ~mixed)
        return found | self._meeting(self.recording, rows & ~mixed, others & mixed)

    def _meeting(self, lines: Codes, rows: Rows, others: Rows) -> Rows:
        found = np.zeros(len(rows), np.bool_)
        a, b = np.flatnonzero(rows), np.flatnonzero(others)
        b = b[np.isin(lines[b], lines[a])] if len(a) else b
        if not len(a) or not len(b):
            return found
        far = lines.astype(np.float64) * (float(self.end.max()) + 1.0)
        start, end = self.start + far, self.end + far
        middle = (start + end) / 2
        found[a] = _holds_any(start[a], end[a], middle[b]) | _within_any(middle[a], far[a], start[b], end[b])
        return found


def _equal(recording: Codes, channel: NDArray[np.int32], start: Times, end: Times, speaker: Codes) -> Codes:
    ticks = {name: np.round(times / SAME_S).astype(np.int64) for name, times in (("a", start), ("b", end))}
    keys = pl.DataFrame({"recording": recording, "channel": channel, "speaker": speaker, **ticks})
    return np.unique(keys.hash_rows(seed=0).to_numpy(), return_inverse=True)[1].astype(np.int64)


def _holds_any(start: Times, end: Times, points: Times) -> Rows:
    """Whether any of `points` lies between start and end."""
    points = np.sort(points)
    held: Rows = np.searchsorted(points, start, "left") < np.searchsorted(points, end, "right")
    return held


def _within_any(points: Times, floor: Times, start: Times, end: Times) -> Rows:
    """Whether a point lies in any stretch that begins above its floor (the beginning of its recording)."""
    order = np.argsort(start)
    start, reached = start[order], np.maximum.accumulate(end[order])
    before = np.searchsorted(start, points, "right") - 1
    there = np.maximum(before, 0)
    within: Rows = (before >= 0) & (start[there] >= floor) & (reached[there] >= points)
    return within
