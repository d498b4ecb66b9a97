"""Sentences that took the sound of a neighbour which fits it better: they give it back.

The chains of a text may run through a sentence that nobody says and past the one beside it that is said,
where both have words in common ("Return the first item", "Return the last item or nothing"). Only a sentence
without a place of its own, beside one whose place does not fit well, is tried there.

Shapes: W words and L letters of the text, H letters heard.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from govor.align.fitting import Places, put, span_of, trimmed
from govor.align.letters import Letters
from govor.align.placing import spans_of

POOR_CER = 0.15
"""A sentence with fewer errors keeps its place."""
BETTER = 0.1
"""By so much must the rival's error rate be lower."""
FREE_CER = 0.6
"""A sentence with more errors where it is has no place there."""
MOST_BESIDE = 3
"""Sentences on either side that are tried."""
LONGER = 2.0
"""Times the letters of the other, at most."""


@dataclass(frozen=True)
class _Sentence:
    """A sentence of the text.

    Attributes:
        low: its first letter.
        high: behind its last letter.
        span: from where to where it was heard; None where it was not.
        rate: its character error rate there.
    """

    low: int
    high: int
    span: tuple[int, int] | None
    rate: float

    @property
    def size(self) -> int:
        """Letters."""
        return self.high - self.low

    @property
    def has_place(self) -> bool:
        """Whether it fits where it is."""
        return self.span is not None and self.rate <= FREE_CER


def with_rivals(units: Places, text: Letters, heard: Letters, found: Places) -> Places:
    """What stands for each letter of the text ``[L]``, where every place is the best neighbour's.

    Args:
        units: number of the unit of each word ``[W]``, ascending.
        text: letters of the words.
        heard: letters heard.
        found: place of what stands for each letter ``[L]``, or -1.
    """
    sentences = _sentences(units, text, heard, found)
    taken = sorted(one.span for one in sentences if one.span and one.has_place)
    made, gone = found.copy(), set[int]()
    for number, one in enumerate(sentences):
        if one.span is None or not POOR_CER <= one.rate <= FREE_CER:
            continue
        room = _room(one.span, taken, len(heard))
        free = [n for n in _free(number, sentences) if n not in gone]
        tries = [(n, _best(sentences[n], one.span, room, text, heard)) for n in free]
        winner, (span, rate) = min(tries, key=lambda one: one[1][1], default=(-1, (one.span, 1.0)))
        if rate <= one.rate - BETTER:
            gone.add(winner)
            made[one.low : one.high] = -1
            put((sentences[winner].low, sentences[winner].high), span, text, heard, made)
    return made


def _sentences(units: Places, text: Letters, heard: Letters, found: Places) -> list[_Sentence]:
    made = []
    for _, first, last in spans_of(units):
        low, high = int(text.first[first]), int(text.first[last])
        span = span_of(found[low:high])
        made.append(_Sentence(low, high, span, _rate(low, high, span, text, heard) if span else 1.0))
    return made


def _free(number: int, sentences: Sequence[_Sentence]) -> Iterator[int]:
    """Numbers of the sentences beside one, outwards, up to the first that has a place."""
    for step in (-1, 1):
        for other in range(number + step, number + step * (MOST_BESIDE + 1), step):
            if not 0 <= other < len(sentences) or sentences[other].has_place:
                break
            size, own = sentences[other].size, sentences[number].size
            if max(size, own) <= LONGER * min(size, own):
                yield other


def _room(span: tuple[int, int], taken: Sequence[tuple[int, int]], letters: int) -> tuple[int, int]:
    """What is free around a span."""
    before = bisect_left(taken, span)
    after = bisect_right(taken, span)
    low = max((end for _, end in taken[max(before - 1, 0) : before]), default=0)
    high = taken[after][0] if after < len(taken) else letters
    return min(low, span[0]), max(high, span[1])


def _best(
    one: _Sentence, span: tuple[int, int], room: tuple[int, int], text: Letters, heard: Letters
) -> tuple[tuple[int, int], float]:
    """Where a sentence fits best about a span, and its error rate there."""
    more = max(one.size - (span[1] - span[0]), 0)
    low, high = max(span[0] - more, room[0]), min(span[1] + more, room[1])
    fit = trimmed(text.text(one.low, one.high), heard, low, high)
    return fit, _rate(one.low, one.high, fit, text, heard)


def _rate(low: int, high: int, span: tuple[int, int], text: Letters, heard: Letters) -> float:
    return Levenshtein.distance(text.text(low, high), heard.text(*span)) / max(high - low, 1)
