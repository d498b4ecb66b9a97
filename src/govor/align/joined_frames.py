"""What is kept of a recording's frames, over the edges of its windows.

Shapes: F frames, V tokens.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.records import PlacedWord
from govor.transcribe.kept_frames import KeptFrames, Scores


@dataclass(frozen=True)
class JoinedFrames:
    """Frames one after the other, with their times.

    Attributes:
        scores: ln p ``[F, V]``.
        times: seconds from the beginning of the recording ``[F]``.
    """

    scores: Scores
    times: NDArray[np.float64]

    def placed(self, word: PlacedWord | None, frame_s: float) -> PlacedWord | None:
        """A word at its times in the recording: the frames may leave out pauses."""
        if word is None:
            return None
        first, last = round(word.start / frame_s), max(round(word.end / frame_s) - 1, 0)
        return replace(word, start=float(self.times[first]), end=float(self.times[last]) + frame_s)


def frames_between(windows: Sequence[KeptFrames], start: float, end: float, frame_s: float) -> JoinedFrames:
    """What the windows of a recording, by their starts, have between two times; none of it twice."""
    scores: list[Scores] = []
    times: list[NDArray[Any]] = []
    reached = start
    for place in range(max(bisect(windows, start, key=_begin) - 1, 0), len(windows)):
        window = windows[place]
        if window.start >= end:
            break
        if window.end <= reached:
            continue
        skipped = round((reached - window.start) / frame_s, 6)
        first = max(int(np.ceil(skipped) if scores else np.floor(skipped)), 0)
        last = min(int(np.ceil((end - window.start) / frame_s)), len(window.scores))
        scores.append(window.scores[first:last])
        times.append(window.start + np.arange(first, max(last, first)) * frame_s)
        reached = window.start + max(last, first) * frame_s
    if not scores:
        return JoinedFrames(np.zeros((0, 1), np.float16), np.zeros(0))
    return JoinedFrames(np.concatenate(scores), np.concatenate(times))


def _begin(window: KeptFrames) -> float:
    return window.start
