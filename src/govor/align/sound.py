"""Pauses and speech of a recording, from its loudness alone; and its samples around known times.

Shapes: N frames of 20 ms.
"""

from __future__ import annotations

from bisect import bisect, bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor, inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.transcribe.damage import readable_blocks
from govor.transcribe.kept_frames import KeptLevels
from govor.transcribe.speech import FRAME_S, HANGOVER_FRAMES, frame_levels, runs, speech_frames

CHUNK_FRAMES = 1_500
"""Half a minute: judged together, against the half minute before."""
SKIPPED_S = 60.0
"""Sound between two spans that is passed over, not decoded, where a file can be entered anywhere."""
MARGIN_S = 0.05
"""Left of a pause before and behind what is said."""
SCRAP_S, SCRAP_SHARE = 0.15, 3.0
"""A word is not spoken on both sides of a pause: what it has of its neighbour's speech is so short at most,
and what is its own so many times as long."""

Mono = NDArray[np.float32]


@dataclass(frozen=True)
class SpeechTimes:
    """Where somebody speaks.

    Attributes:
        starts: of stretches of speech, seconds.
        ends: of the same stretches.
        duration: of the recording, seconds.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    duration: float

    def moved_start(self, start: float, most: float) -> float:
        """`start` at the end of the pause that it is in, or of the nearest one within `most` seconds."""
        return self.trimmed_start(self._moved(start, self._widened[0], most))

    def moved_end(self, end: float, most: float) -> float:
        """`end` at the beginning of the pause that it is in, or of the nearest one within `most` seconds."""
        return self.trimmed_end(self._moved(end, self._widened[1], most))

    def trimmed_start(self, start: float) -> float:
        """`start`, or a little before the next speech where it is in a pause."""
        starts, ends = self._edges
        before = bisect(starts, start)
        quiet = before == 0 or ends[before - 1] <= start
        return max(start, starts[before] - MARGIN_S) if quiet and before < len(starts) else start

    def trimmed_end(self, end: float) -> float:
        """`end`, or a little behind the last speech where it is in a pause."""
        starts, ends = self._edges
        before = bisect(starts, end)
        quiet = before > 0 and ends[before - 1] <= end
        return min(end, ends[before - 1] + MARGIN_S) if quiet else end

    def without_scraps(self, start: float, end: float) -> tuple[float, float]:
        """A span without what it has of its neighbours: speech before a first pause, or behind a last one."""
        starts, ends = self._edges
        here = bisect(ends, start)
        if here + 1 < len(starts) and _is_scrap(
            ends[here] - max(start, starts[here]), end - starts[here + 1]
        ):
            start = starts[here + 1] - MARGIN_S
        here = bisect_left(starts, end) - 1
        if here > 0 and _is_scrap(min(end, ends[here]) - starts[here], ends[here - 1] - start):
            end = ends[here - 1] + MARGIN_S
        return start, end

    @cached_property
    def _edges(self) -> tuple[list[float], list[float]]:
        """Starts and ends as lists, which are faster to ask for one time after another."""
        return self.starts.tolist(), self.ends.tolist()

    @cached_property
    def _widened(self) -> tuple[list[float], list[float]]:
        """The same with the margin that is left of pauses."""
        return (self.starts - MARGIN_S).tolist(), (self.ends + MARGIN_S).tolist()

    def _moved(self, time: float, edges: Sequence[float], most: float) -> float:
        place = bisect_left(edges, time)
        near = [edge for edge in edges[max(place - 1, 0) : place + 1] if abs(edge - time) <= most]
        moved = min(near, key=lambda edge: abs(edge - time)) if near else time
        return min(max(moved, 0.0), self.duration)


def _is_scrap(seconds: float, others: float) -> bool:
    """Whether a little speech is not of the span that has so much of other speech."""
    return seconds <= SCRAP_S and others >= max(SCRAP_SHARE * seconds, SCRAP_S)


def speech_of(blocks: Iterable[Mono], sample_rate: int) -> SpeechTimes:
    """The speech of a recording, block by block.

    Args:
        blocks: mono samples.
        sample_rate: in Hz.
    """
    return speech_in(levels_of(blocks, sample_rate))


def levels_of(blocks: Iterable[Mono], sample_rate: int) -> KeptLevels:
    """How loud a recording is, block by block."""
    size = round(FRAME_S * sample_rate)
    parts, rest, count = [np.zeros((0, 2), np.float32)], np.zeros(0, np.float32), 0
    for block in blocks:
        count += len(block)
        rest = np.concatenate([rest, block])
        whole = len(rest) // size * size
        parts.append(frame_levels(rest[:whole], size))
        rest = rest[whole:]
    return KeptLevels(np.concatenate(parts), count / sample_rate)


def speech_in(kept: KeptLevels) -> SpeechTimes:
    """The speech of a recording, by how loud it is."""
    found = _narrowed(runs(_speech_frames(kept.levels)), len(kept.levels))
    starts, ends = (np.array(edge, np.float64) * FRAME_S for edge in (found[:, 0], found[:, 1]))
    return SpeechTimes(starts, ends, kept.seconds)


def _speech_frames(levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    chunks = [
        speech_frames(levels[at : at + CHUNK_FRAMES], levels[max(0, at - CHUNK_FRAMES) : at])
        for at in range(0, len(levels), CHUNK_FRAMES)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, bool)


def _narrowed(found: Sequence[tuple[int, int]], frames: int) -> NDArray[np.int64]:
    """Stretches without the hangover by which they were widened."""
    made = []
    for start, end in found:
        low = start + HANGOVER_FRAMES if start else start
        high = end - HANGOVER_FRAMES if end < frames else end
        if low < high:
            made.append((low, high))
    return np.array(made, np.int64).reshape(-1, 2)


def speech_of_file(file: Path, sample_rate: int) -> SpeechTimes:
    """The speech of a recording; one that is damaged ends where it can no longer be decoded."""
    return speech_of(readable_blocks(file, sample_rate), sample_rate)


def cuts(
    blocks: Iterable[Mono], spans: Sequence[tuple[float, float]], sample_rate: int
) -> Iterator[tuple[int, Mono]]:
    """The samples of spans of one recording, in one pass: number of the span, and its samples.

    Args:
        blocks: mono samples.
        spans: seconds, by their starts.
        sample_rate: in Hz.
    """
    waves = iter(blocks)
    held, base = np.zeros(0, np.float32), 0
    for number, (start, end) in enumerate(spans):
        low, high = max(round(start * sample_rate), 0), round(end * sample_rate)
        while base + len(held) < high and (block := next(waves, None)) is not None:
            held = np.concatenate([held, block])
            gone = min(max(low - base, 0), len(held))
            held, base = held[gone:], base + gone
        yield number, held[max(0, low - base) : max(0, high - base)]


def cuts_of_file(
    file: Path, spans: Sequence[tuple[float, float]], sample_rate: int
) -> Iterator[tuple[int, Mono]]:
    """As `cuts`, of a file; what lies far from all spans is decoded only where the file has no other way."""
    first = 0
    for last in _last_of_runs(spans, SKIPPED_S if _can_be_entered(file) else inf):
        begin = max(floor(spans[first][0]), 0)
        moved = [(start - begin, end - begin) for start, end in spans[first : last + 1]]
        for number, wave in cuts(readable_blocks(file, sample_rate, start=begin), moved, sample_rate):
            yield first + number, wave
        first = last + 1


def _can_be_entered(file: Path) -> bool:
    """Whether a decoder finds any place of a file without decoding what is before it."""
    from govor.audio import probe

    return probe(file).decoder == "soundfile"


def _last_of_runs(spans: Sequence[tuple[float, float]], apart_s: float) -> Iterator[int]:
    """The last span of each run; runs are so far apart."""
    for number, (_, end) in enumerate(spans):
        if number + 1 == len(spans) or spans[number + 1][0] - end > apart_s:
            yield number
