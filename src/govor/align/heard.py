"""What a recogniser heard in some recordings, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from govor.align.letters import Letters


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word of a hypothesis.

    Attributes:
        text: as the model wrote it.
        start: seconds from the beginning of the recording.
        end: seconds.
        recording: number of the recording.
        confidence: 0 to 1, or None.
    """

    text: str
    start: float
    end: float
    recording: int
    confidence: float | None = None


@dataclass(frozen=True)
class Clock:
    """When each letter of what was heard is spoken: the time of a word, spread over its letters.

    Attributes:
        starts: seconds ``[L]``.
        ends: seconds ``[L]``.
        recordings: number of the recording ``[L]``.
        words: the words.
    """

    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    recordings: NDArray[np.int64]
    words: Sequence[HeardWord]

    @classmethod
    def of(cls, words: Sequence[HeardWord], letters: Letters) -> Clock:
        """The clock of words that are spelt as `letters`."""
        start = np.fromiter((word.start for word in words), np.float64, len(words))
        length = np.fromiter((word.end - word.start for word in words), np.float64, len(words))
        recording = np.fromiter((word.recording for word in words), np.int64, len(words))
        count = np.maximum(np.diff(letters.first), 1)
        of = letters.words
        inside = np.arange(len(letters)) - letters.first[of]
        step = length[of] / count[of]
        starts = start[of] + inside * step
        return cls(starts, starts + step, recording[of], words)


class WordsByTime:
    """The words heard in a recording, for who asks for one stretch after another.

    Args:
        words: in about the order of time.
    """

    def __init__(self, words: Sequence[HeardWord]) -> None:
        self._words = words
        starts = np.fromiter((word.start for word in words), np.float64, len(words))
        ends = np.fromiter((word.end for word in words), np.float64, len(words))
        self._latest_end = np.maximum.accumulate(ends)
        self._earliest_start = np.minimum.accumulate(starts[::-1])[::-1]

    def between(self, start: float, end: float) -> list[HeardWord]:
        """Those of which a part lies between two times, in their order."""
        first = int(np.searchsorted(self._latest_end, start, "right"))
        last = int(np.searchsorted(self._earliest_start, end, "left"))
        return [word for word in self._words[first:last] if word.end > start and word.start < end]
