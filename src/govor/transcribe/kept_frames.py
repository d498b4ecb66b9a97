"""What is kept of a recording, so that it is not read or heard again: its loudness, the scores of its frames.

Shapes: N frames of 20 ms, W windows, F frames of a window, V tokens.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.store import atomic_path
from govor.transcribe.speech import Levels

SUFFIX, LEVELS_SUFFIX = "frames.npz", "levels.npz"
Scores = NDArray[np.float16]
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class KeptFrames:
    """Those of one window.

    Attributes:
        start: seconds from the beginning of the recording.
        end: seconds.
        scores: ln p ``[F, V]``.
    """

    start: float
    end: float
    scores: Scores

    def cut(self, start: float, end: float, frame_s: float) -> KeptFrames:
        """The frames between two times of the recording, as far as the window has them."""
        first = max(int((start - self.start) / frame_s), 0)
        last = min(int(np.ceil((end - self.start) / frame_s)), len(self.scores))
        begin = self.start + first * frame_s
        return KeptFrames(begin, begin + (last - first) * frame_s, self.scores[first:last])


@dataclass(frozen=True)
class KeptLevels:
    """How loud a recording is.

    Attributes:
        levels: of its whole frames, as `govor.transcribe.speech.frame_levels` gives them ``[N, 2]``.
        seconds: its length.
    """

    levels: Levels
    seconds: float


def write_levels(path: Path, kept: KeptLevels) -> None:
    """Writes how loud a recording is; nothing stands there before all does."""
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, levels=kept.levels, seconds=np.float64(kept.seconds))


def read_levels(path: Path) -> KeptLevels | None:
    """How loud a recording is; None where the file is not there or cannot be read."""
    try:
        with np.load(path) as found:
            levels, seconds = found["levels"], float(found["seconds"])
    except _UNREADABLE:
        return None
    return KeptLevels(levels, seconds) if levels.ndim == 2 and levels.shape[1] == 2 else None


def write_frames(path: Path, windows: Sequence[KeptFrames]) -> None:
    """Writes the frames of a recording's windows; nothing stands there before all do."""
    spans = np.array([(one.start, one.end) for one in windows], np.float64).reshape(-1, 2)
    counts = np.array([len(one.scores) for one in windows], np.int64)
    scores = np.concatenate([one.scores for one in windows])
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, spans=spans, counts=counts, scores=scores)


def read_frames(path: Path) -> list[KeptFrames]:
    """Windows with their frames, by their starts; none where the file is not there or cannot be read."""
    try:
        with np.load(path) as found:
            spans, counts, scores = found["spans"], found["counts"], found["scores"]
        parts = np.split(scores, np.cumsum(counts)[:-1])
        windows = [KeptFrames(float(a), float(b), part) for (a, b), part in zip(spans, parts, strict=True)]
    except _UNREADABLE:
        return []
    return sorted(windows, key=lambda one: one.start)
