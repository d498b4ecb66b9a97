"""What is searched for the text of a window, and how often: a function of the window alone.

A text is decoded again where OpenAI's Whisper would (``whisper/transcribe.py``: it compresses too well, or
its tokens are unlikely, unless the model says that nobody speaks), and where it repeats itself or does not
end. Whisper samples then; here the search gets wider, and may at last not write five tokens twice. So a
window gives the same text alone, in any batch and after a kill, in both backends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from govor.models.base import DecodeOptions
from govor.records import LEAST_LOGPROB, MOST_COMPRESSION, MOST_NO_SPEECH, Measures
from govor.text.compression import compression_ratio

FEWEST_REPEATS = 5
FEWEST_REPEATED_TOKENS = 24
"""What people do say again and again is shorter: five times the same in so many tokens is a loop."""


RETRY_BEAMS = 5
UNREPEATED_TOKENS = 5


def end_of_first(tokens: Sequence[int]) -> int | None:
    """How many tokens stand up to the end of what is then repeated without end; None where nothing is.

    Args:
        tokens: of text, without times.
    """
    ids = np.asarray(tokens, np.int64)
    found = (_loop(ids, period) for period in range(1, len(ids) // FEWEST_REPEATS + 1))
    return min((end for end in found if end is not None), default=None)


def _loop(ids: np.ndarray[tuple[int], np.dtype[np.int64]], period: int) -> int | None:
    """Where the first of the repeats with this period ends."""
    same = np.concatenate([[False], ids[period:] == ids[:-period], [False]])
    edges = np.flatnonzero(np.diff(same.astype(np.int8)))
    least = max((FEWEST_REPEATS - 1) * period, FEWEST_REPEATED_TOKENS - period)
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= least:
            return int(start) + period
    return None


@dataclass(frozen=True)
class Search:
    """How one attempt decodes.

    Attributes:
        beams: 1 is greedy.
        unrepeated: so many tokens in a row are never written twice; 0: all may be.
    """

    beams: int
    unrepeated: int = 0


@dataclass(frozen=True)
class AttemptResult:
    """What an attempt found in one window.

    Attributes:
        tokens: up to the end of text, times among them.
        ended: the end came before the limit.
        confidence: geometric mean probability of what was written, or None.
        measures: see `govor.records.Measures`.
        loop: how many text tokens stand before the first repetition of a loop; None where there is none.
    """

    tokens: tuple[int, ...]
    ended: bool
    confidence: float | None
    measures: Measures
    loop: int | None = None

    @classmethod
    def of(
        cls,
        tokens: Sequence[int],
        text: Sequence[int],
        said: str,
        *,
        ended: bool,
        confidence: float | None,
        logprob: float,
        no_speech: float | None,
    ) -> AttemptResult:
        """With what is measured of the text.

        Args:
            tokens: up to the end of text, times among them.
            text: the text tokens among them.
            said: their text.
            ended: the end came before the limit.
            confidence: geometric mean probability.
            logprob: mean ln p.
            no_speech: probability that nobody speaks.
        """
        measures = Measures(logprob, compression_ratio(said), no_speech)
        return cls(tuple(tokens), ended, confidence, measures, end_of_first(text))

    @property
    def is_broken(self) -> bool:
        """It repeats itself or does not end."""
        return self.loop is not None or not self.ended

    @property
    def is_silent(self) -> bool:
        """The model takes it that nobody speaks, and is not sure of what it wrote."""
        quiet = self.measures.no_speech_prob
        return quiet is not None and quiet > MOST_NO_SPEECH and self.measures.avg_logprob < LEAST_LOGPROB

    @property
    def is_doubtful(self) -> bool:
        """It is worth another attempt."""
        if self.is_broken or self.measures.compression_ratio > MOST_COMPRESSION:
            return True
        return self.measures.is_doubtful and not self.is_silent


def searches(options: DecodeOptions) -> list[Search]:
    """The attempts, in order."""
    first = Search(options.beam_size)
    if not options.retries:
        return [first]
    wide = max(options.beam_size, RETRY_BEAMS)
    wider = [Search(wide)] if wide > options.beam_size else []
    return [first, *wider, Search(wide, UNREPEATED_TOKENS)]


def settled(
    attempt: Callable[[Sequence[int], Search], Sequence[AttemptResult]],
    windows: int,
    options: DecodeOptions,
) -> list[AttemptResult]:
    """The best of what the attempts find in each window.

    Args:
        attempt: decodes the windows with these numbers.
        windows: how many there are.
        options: whether there are several attempts.
    """
    best: dict[int, AttemptResult] = {}
    waiting = list(range(windows))
    for search in searches(options):
        for row, found in zip(waiting, attempt(waiting, search), strict=True):
            best[row] = min(best.get(row, found), found, key=_badness)
        waiting = [row for row in waiting if best[row].is_doubtful]
        if not waiting:
            break
    if not options.retries:  # the text is the model's own, loops and all
        return [replace(best[row], loop=None) for row in range(windows)]
    return [best[row] for row in range(windows)]


def _badness(found: AttemptResult) -> tuple[bool, bool, float]:
    repetitive = found.loop is not None or found.measures.compression_ratio > MOST_COMPRESSION
    return found.is_broken, repetitive, -found.measures.avg_logprob
