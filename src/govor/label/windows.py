"""The segments of a recording as windows, and other windows of the same sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from govor.audio.voice import open_voice
from govor.config import TranscribeConfig
from govor.transcribe.buffer import Buffer
from govor.transcribe.damage import UpToDamage, readable_blocks
from govor.transcribe.window import Window
from govor.transcribe.windows import cut

SHORTEST_PART_S = 1.2
"""Of the two parts that a segment is heard in again; shorter segments are heard behind silence."""
SILENCE_S = 0.6
QUIET_S = 0.06
"""Length of the quietest place, where a segment without a pause is parted."""


@dataclass(frozen=True)
class Cutting:
    """The segments of one recording; iterate `windows` once.

    Attributes:
        windows: in order of time.
        blocks: what they are cut from; it knows of damage.
    """

    windows: Iterator[Window]
    blocks: UpToDamage


def cutting_of(file: Path, sample_rate: int, longest_s: float, max_window_s: float | None) -> Cutting:
    """Cuts a recording at its pauses.

    Args:
        file: the recording.
        sample_rate: of the model, in Hz.
        longest_s: longest segment.
        max_window_s: fixed window of the model, if it has one.
    """
    blocks = readable_blocks(file, sample_rate)
    buffer = Buffer(blocks, sample_rate, open_voice(sample_rate))
    return Cutting(cut(buffer, TranscribeConfig(window=longest_s), max_window_s), blocks)


def other_windows(window: Window) -> list[Window]:
    """The same sound in other windows: two parts, met in a pause or where it is quietest; else later."""
    first, last = window.start + SHORTEST_PART_S, window.end - SHORTEST_PART_S
    if first >= last:
        return [_later(window)]
    cut_s = _pause(window, first, last)
    if cut_s is None:
        cut_s = _quietest(window, first, last)
    return [window.part(window.start, cut_s), window.part(cut_s, window.end)]


def _pause(window: Window, first: float, last: float) -> float | None:
    """The middle of the longest pause between two times."""
    ends, begins = [b for _, b in window.regions[:-1]], [a for a, _ in window.regions[1:]]
    pauses = [(a - b, (a + b) / 2) for b, a in zip(ends, begins, strict=True)]
    return max((pause for pause in pauses if first <= pause[1] <= last), default=(0.0, None))[1]


def _quietest(window: Window, first: float, last: float) -> float:
    """The middle of the quietest stretch between two times."""
    size = max(1, round(QUIET_S * window.sample_rate))
    low = round((first - window.start) * window.sample_rate)
    high = max(low + size, round((last - window.start) * window.sample_rate))
    power = np.convolve(window.samples[low:high] ** 2, np.ones(size, np.float32), "valid")
    return window.start + (low + int(np.argmin(power)) + size / 2) / window.sample_rate


def _later(window: Window) -> Window:
    """The same behind silence."""
    silence = np.zeros(round(SILENCE_S * window.sample_rate), np.float32)
    start = window.start - SILENCE_S
    return replace(window, start=start, samples=np.concatenate([silence, window.samples]))
