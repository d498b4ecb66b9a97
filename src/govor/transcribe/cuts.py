"""Where a window of speech ends, and where the next one begins.

Pure: frames of speech in, frames out. Pauses are measured between frames of speech that a hangover has
widened by about 0.1 s on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.transcribe.speech import FRAME_S, runs

Pause = tuple[int, int]
Frames = tuple[int, int]

FORCED_OVERLAP_S = 3.0
"""Of a forced cut; longer than twice the longest word one meets."""
PAD_S = 0.4
CLOSE_PAD_S = 0.1
"""Silence left around an utterance for models that were trained on cut ones: more of it is new to them."""
SHORTEST_UTTERANCE_S = 1.0
UTTERANCE_PAUSE_S = 0.2
SHORT_PAUSE_S = 0.06
PARTING_PAUSE_S = 0.1
GOOD_PAUSE_S = 0.3
LONG_PAUSE_S = 2.0
KEPT_PAUSE_S = 1.1
"""Of a longer pause within a window; Whisper-base wrote as well with 0.6 to 1.2 s, and worse with 1.6 s."""
LONGEST_PAUSE_S = 10.0
"""Of those that a window reaches over: behind a longer one something new begins."""
LEAST_SURE = 0.5
"""Share of the frames between two long pauses that are speech for sure: noise stays by itself."""
LATER_WORTH = 0.03
"""Seconds of a pause that a second later is worth: fuller windows are fewer, and tell a model more."""


@dataclass(frozen=True)
class WindowEnd:
    """A window's end, in frames of the buffer.

    Attributes:
        end: first frame that is not in the window.
        following: first frame of the next window.
        forced: no pause was there; the windows overlap.
    """

    end: int
    following: int
    forced: bool = False


def frames(seconds: float) -> int:
    """Whole frames in so many seconds."""
    return round(seconds / FRAME_S)


def choose_cut(
    ahead: NDArray[np.bool_],
    length: int,
    most: int,
    *,
    full: bool,
    whole: bool,
    halves: Frames | None = None,
) -> WindowEnd:
    """The end of a window that begins with the buffer.

    Args:
        ahead: speech of the frames that are read.
        length: frames of the window within which a pause has to begin.
        most: frames of the longest window.
        full: windows as long as can be; others end at the first pause that parts utterances.
        whole: nothing follows on the first `length` frames.
        halves: see `halves_of`; None: what is left has more windows than two.
    """
    pad = frames(PAD_S if full else CLOSE_PAD_S)
    pauses = [(a, b) for a, b in runs(~ahead) if 0 < a < length]
    ended = None if full else _utterance_end(pauses, len(ahead))
    long = next((p for p in pauses if p[1] - p[0] >= frames(LONG_PAUSE_S)), None)
    parted = min(filter(None, (ended, long)), default=None)
    if parted:
        start, end = parted
        return WindowEnd(min(start + pad, (start + end) // 2, most), max((start + end) // 2, end - pad))
    if whole:
        count = min(length, len(ahead))
        last = count if full else min(count, int(np.flatnonzero(ahead)[-1]) + 1 + pad)
        return WindowEnd(last, count)
    chosen = _pause_to_cut(pauses, length, full, halves)
    if chosen:
        middle = min(sum(chosen) // 2, most)
        return WindowEnd(middle, middle)
    overlap = min(frames(FORCED_OVERLAP_S), length // 3)
    return WindowEnd(length, max(1, length - overlap), forced=True)


def halves_of(ahead: NDArray[np.bool_], length: int, ends: bool) -> Frames | None:
    """Between which frames one cut makes two windows of all speech up to the next long pause.

    None of the two is shorter than a third of the longest, for a model makes less of a short one.

    Args:
        ahead: speech of what is read.
        length: frames of the longest window.
        ends: nothing follows what is read.

    Returns:
        None where one window or two are not what is needed, or it is not known yet.
    """
    gaps = [(a, b) for a, b in runs(~ahead) if a > 0]
    long = [a for a, b in gaps if b - a >= frames(LONG_PAUSE_S)]
    last = [gaps[-1][0] if gaps and gaps[-1][1] == len(ahead) else len(ahead)] if ends else []
    end = next(iter([*long, *last]), None)
    if end is None or not length < end <= 2 * length:
        return None
    return max(end - length, length // 3), min(length, end - length // 3)


def _pause_to_cut(pauses: Sequence[Pause], length: int, full: bool, halves: Frames | None) -> Pause | None:
    """A good pause, and a late one: the longest that makes two windows of what is left where one does."""
    usable = [p for p in pauses if p[1] - p[0] >= frames(SHORT_PAUSE_S)]
    last_third = [p for p in usable if p[0] >= 2 * length // 3] if full else []
    if halves:
        parting = [p for p in pauses if p[1] - p[0] >= frames(PARTING_PAUSE_S)]
        between = [p for p in parting if halves[0] <= sum(p) // 2 <= halves[1]]
        if between:
            return max(between, key=lambda p: (p[1] - p[0], p[0]))
    if last_third:
        return _late_and_good(last_third)
    late = [p for p in usable if p[1] - p[0] >= frames(GOOD_PAUSE_S) and p[0] >= length // 2]
    if late:
        return late[-1]
    return max((p for p in usable if p[0] >= length // 3), key=lambda p: (p[1] - p[0], p[0]), default=None)


def _worth(pause: Pause) -> int:
    """Frames of a pause, as far as they make it better."""
    return min(pause[1] - pause[0], frames(GOOD_PAUSE_S))


def _late_and_good(pauses: Sequence[Pause]) -> Pause:
    """A late one of those that are at least half as good as the best: shorter ones may be within a word."""
    least = max(map(_worth, pauses)) / 2
    fair = [pause for pause in pauses if _worth(pause) >= least]
    return max(fair, key=lambda pause: _worth(pause) + LATER_WORTH * pause[0])


def _utterance_end(pauses: Sequence[Pause], count: int) -> Pause | None:
    """The first pause that parts two utterances; what reaches the last frame may go on behind it."""
    shortest, pause = frames(SHORTEST_UTTERANCE_S), frames(UTTERANCE_PAUSE_S)
    return next((p for p in pauses if p[0] >= shortest and p[1] - p[0] >= pause and p[1] < count), None)


def too_much_pause(mask: NDArray[np.bool_], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames to leave out of pauses that a window reaches over: the middle of long ones between speech.

    Args:
        mask: which frames may hold speech ``[N]``.
        sure: which hold it for sure ``[N]``.

    Returns:
        ``[N]``.
    """
    left_out = np.zeros(len(mask), dtype=bool)
    kept = frames(KEPT_PAUSE_S)
    long = [(a, b) for a, b in runs(~mask) if b - a > kept]
    edges = [0, *(edge for pause in long for edge in pause), len(mask)]
    spoken = [_is_spoken(mask[a:b], sure[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    for (a, b), before, behind in zip(long, spoken[:-1], spoken[1:], strict=True):
        if before and behind and b - a <= frames(LONGEST_PAUSE_S):
            left_out[a + kept // 2 : b - (kept - kept // 2)] = True
    return left_out


def _is_spoken(mask: NDArray[np.bool_], sure: NDArray[np.bool_]) -> bool:
    return bool(mask.any() and (sure & mask).sum() >= LEAST_SURE * mask.sum())
