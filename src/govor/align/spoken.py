"""Words of a text with their times, by the letters that were heard for them; and words that nobody said.

Shapes: W words of the text, L letters of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from govor.align.heard import Clock
from govor.align.letters import Letters

ANCHORED_SHARE = 0.5
"""Of a word's letters that must stand for something heard."""
ROOM = 0.5
"""Words that had less than this part of the time they need were not said."""
LEAST_UNSAID = 12
"""Letters of words that are left out together, at least: a weak recogniser often misses a word or two."""
FARTHEST_APART = 8
"""Letters that may be heard between two neighbouring letters of a word."""
LETTER_S = 0.07
"""Seconds of a letter, where too few are known."""


class Fate(IntEnum):
    """What became of a word."""

    LOST = 0
    """No time can be told."""
    HEARD = 1
    """It stands for something that was heard."""
    BETWEEN = 2
    """It stands between words that were heard, and had the time to be spoken."""
    UNSAID = 3
    """It stands between words that were heard, and had no time to be spoken."""


@dataclass(frozen=True)
class SpokenWords:
    """The words of a text in the recordings.

    Attributes:
        fate: of each word ``[W]``.
        start: seconds ``[W]``; NaN where unknown.
        end: seconds ``[W]``.
        first: place of the first letter heard for it ``[W]``, or -1.
        last: place of the last one ``[W]``, or -1.
        recording: number of the recording ``[W]``, or -1.
        equal: letters that are the same ``[W]``.
        letter_s: usual seconds of a letter.
    """

    fate: NDArray[np.int8]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    recording: NDArray[np.int64]
    equal: NDArray[np.int64]
    letter_s: float


def spoken_words(text: Letters, heard: Letters, found: NDArray[np.int64], clock: Clock) -> SpokenWords:
    """The words of a text with times.

    Args:
        text: its letters ``[L]``.
        heard: the letters heard.
        found: what stands for each letter of the text ``[L]``, as `match` gives it.
        clock: when the letters heard are spoken.
    """
    count = len(text.first) - 1
    found = without_strays(text, found)
    first, last, matched, equal = _extents(text, heard, found, count)
    lengths = np.diff(text.first)
    known = (matched > 0) & (matched >= ANCHORED_SHARE * lengths)
    start, end = np.full(count, np.nan), np.full(count, np.nan)
    recording = np.full(count, -1, np.int64)
    start[known], end[known] = clock.starts[first[known]], clock.ends[last[known]]
    recording[known] = clock.recordings[first[known]]
    known &= (recording == _recording_of(last, clock)) & (end >= start)
    letter_s = _letter_s(end[known] - start[known], lengths[known])
    fate = np.where(known, Fate.HEARD, Fate.LOST).astype(np.int8)
    made = SpokenWords(fate, start, end, first, last, recording, equal, letter_s)
    _settle_between(made, lengths)
    return made


def without_strays(text: Letters, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same without letters that stand far from the rest of their word: a gap has torn them off."""
    hit = np.flatnonzero(found >= 0)
    of = text.words[hit]
    inside = np.flatnonzero((np.diff(of) == 0) & (np.diff(found[hit]) > FARTHEST_APART))
    if not len(inside):
        return found
    kept = found.copy()
    for place in inside.tolist():
        word = of[place]
        low = int(np.searchsorted(of, word, "left"))
        high = int(np.searchsorted(of, word, "right"))
        before, after = slice(low, place + 1), slice(place + 1, high)
        kept[hit[before if place + 1 - low < high - place - 1 else after]] = -1
    return kept


def _recording_of(place: NDArray[np.int64], clock: Clock) -> NDArray[np.int64]:
    if not len(clock.recordings):
        return np.full(len(place), -1, np.int64)
    return np.where(place >= 0, clock.recordings[np.maximum(place, 0)], -1)


def _extents(
    text: Letters, heard: Letters, found: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """First and last place, matched and equal letters of each word."""
    first, last = np.full(count, np.iinfo(np.int64).max), np.full(count, -1, np.int64)
    hit = np.flatnonzero(found >= 0)
    of = text.words[hit]
    np.minimum.at(first, of, found[hit])
    np.maximum.at(last, of, found[hit])
    matched = np.bincount(of, minlength=count).astype(np.int64)
    same = text.codes[hit] == heard.codes[found[hit]] if len(hit) else np.zeros(0, bool)
    equal = np.bincount(of, weights=same, minlength=count).astype(np.int64)
    first[last < 0] = -1
    return first, last, matched, equal


def _letter_s(seconds: NDArray[np.float64], letters: NDArray[np.int64]) -> float:
    usable = letters > 0
    if usable.sum() < 10:
        return LETTER_S
    return float(np.median(seconds[usable] / letters[usable]))


def _settle_between(spoken: SpokenWords, lengths: NDArray[np.int64]) -> None:
    """Times for words between two that were heard one after the other, where they had the time."""
    heard = np.flatnonzero(spoken.fate == Fate.HEARD)
    for before, after in zip(heard[:-1].tolist(), heard[1:].tolist(), strict=True):
        if after == before + 1:
            continue
        room = float(spoken.start[after] - spoken.end[before])
        same = spoken.recording[after] == spoken.recording[before]
        if not same or spoken.first[after] <= spoken.last[before]:
            continue
        run = slice(before + 1, after)
        letters = int(lengths[run].sum())
        needed = letters * spoken.letter_s
        if letters >= LEAST_UNSAID and room < ROOM * needed:
            spoken.fate[run] = Fate.UNSAID
        else:
            _spread(spoken, run, lengths, min(room, 1.5 * needed), before)


def _spread(spoken: SpokenWords, run: slice, lengths: NDArray[np.int64], room: float, before: int) -> None:
    """Gives the words of a run times behind the word before it, by their letters."""
    share = np.cumsum(lengths[run]) / max(int(lengths[run].sum()), 1) * max(room, 0.0)
    begin = float(spoken.end[before])
    spoken.end[run] = begin + share
    spoken.start[run] = begin + np.concatenate([[0.0], share[:-1]])
    spoken.recording[run] = spoken.recording[before]
    spoken.fate[run] = Fate.BETWEEN
