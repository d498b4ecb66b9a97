"""Sentences that were matched to more than was heard of them: they give back what stands at their edges.

What has no text (talk between two sentences) lies in the gap between their letters, and the plain edit
distance spreads a badly heard sentence over it. Such a sentence fits better without the words at its edges
that are too many.

Shapes: W words and L letters of the text, H letters heard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from govor.align.gaps import between
from govor.align.letters import Letters
from govor.align.placing import spans_of

LEAST_GAIN = 6
"""Errors that a sentence must have less without the words at its edges: talk of half a second."""
GAIN_SHARE = 0.7
"""Of the letters given back, that were errors."""
WIDEST = 5
"""Times as many letters as the sentence has: what is spread further stands in several places."""

Places = NDArray[np.int64]


def fitted(units: Places, text: Letters, heard: Letters, found: Places) -> Places:
    """What stands for each letter of the text ``[L]``, without what belongs to no sentence.

    Args:
        units: number of the unit of each word ``[W]``, ascending.
        text: letters of the words.
        heard: letters heard.
        found: place of what stands for each letter ``[L]``, or -1.
    """
    made = found.copy()
    for _, first, last in spans_of(units):
        low, high = int(text.first[first]), int(text.first[last])
        span = span_of(made[low:high])
        if span is None or span[1] - span[0] > WIDEST * (high - low):
            continue
        fit = _fit(text.text(low, high), heard, *span)
        if fit != span:
            put((low, high), fit, text, heard, made)
    return made


def put(
    letters: tuple[int, int], span: tuple[int, int], text: Letters, heard: Letters, found: Places
) -> None:
    """Writes into `found` that some letters of the text stand in a span of those heard, and nowhere else."""
    (low, high), (begin, end) = letters, span
    pairs = between(text.codes[low:high], heard.codes[begin:end])
    found[low:high] = -1
    found[pairs[:, 0] + low] = pairs[:, 1] + begin


def span_of(found: Places) -> tuple[int, int] | None:
    """From where to where what stands for some letters goes."""
    known = found[found >= 0]
    return (int(known.min()), int(known.max()) + 1) if len(known) else None


def _fit(said: str, heard: Letters, low: int, high: int) -> tuple[int, int]:
    """The part of a span that a sentence fits; the same span where nothing at its edges is too much."""
    if Levenshtein.distance(said, heard.text(low, high)) < LEAST_GAIN:
        return low, high
    return trimmed(said, heard, low, high, LEAST_GAIN)


def trimmed(said: str, heard: Letters, low: int, high: int, least_gain: int = 1) -> tuple[int, int]:
    """A span without the words at its edges that are too many for a sentence.

    Args:
        said: the letters of the sentence.
        heard: letters heard.
        low: begin of the span.
        high: its end.
        least_gain: errors less that make a shorter span better.
    """
    words = range(int(heard.words[low]), int(heard.words[high - 1]) + 1)
    starts = [max(int(heard.first[word]), low) for word in words]
    ends = [min(int(heard.first[word + 1]), high) for word in words]
    end = _best(said, heard, [(low, stop) for stop in ends], least_gain)[1]
    return _best(said, heard, [(start, end) for start in starts if start < end], least_gain)[0], end


def _best(said: str, heard: Letters, spans: list[tuple[int, int]], least_gain: int) -> tuple[int, int]:
    """The span with the fewest errors, if it has clearly fewer than the longest one."""
    whole = max(spans, key=lambda span: span[1] - span[0])
    errors = {span: Levenshtein.distance(said, heard.text(*span)) for span in spans}
    best = min(spans, key=lambda span: (errors[span], span[0] - span[1]))
    gain, given = errors[whole] - errors[best], (whole[1] - whole[0]) - (best[1] - best[0])
    return best if gain >= max(least_gain, GAIN_SHARE * given) else whole
