"""The texts of a group as one sequence of words, and how each is spelt for the match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from govor.align.letters import Letters
from govor.align.numerals import (
    has_digits,
    is_abbreviation,
    is_more_than_digits,
    is_number,
    readings,
)
from govor.align.units import Unit

TEXT_EDGE, HEARD_EDGE = "\ue000", "\ue001"
"""Between two texts, and between two recordings: nothing goes on across them, for they are never equal."""
FARTHEST = 80
"""Letters around a number in which its reading is looked for."""

MOST_UNWRITTEN = 20
"""Letters that are said with a number and not written: of a unit, of a month."""
MOST_WRONG = 0.4
"""Errors in what is heard of a reading, as a share of its letters."""
MOST_PAUSES = 6
"""Where a number is looked for between two words that were heard."""

Fold = Callable[[str], str]


@dataclass(frozen=True)
class TextSide:
    """Units of texts, word by word.

    Attributes:
        units: of all texts of the group, in order.
        sources: number of the text of each unit.
        of_word: number of the unit of each word ``[W]``.
        words: as written ``[W]``.
    """

    units: Sequence[Unit]
    sources: Sequence[int]
    of_word: NDArray[np.int64]
    words: Sequence[str]

    @classmethod
    def of(cls, texts: Sequence[Sequence[Unit]]) -> TextSide:
        """The units of some texts."""
        units = [unit for text in texts for unit in text]
        sources = [number for number, text in enumerate(texts) for _ in text]
        counts = [len(unit.tokens) for unit in units]
        words = [word for unit in units for word in unit.words]
        return cls(units, sources, np.repeat(np.arange(len(units)), counts), words)

    def first_word(self, unit: int) -> int:
        """The number of a unit's first word."""
        return int(np.searchsorted(self.of_word, unit))


def with_edges(words: Sequence[str], groups: Sequence[int], edge: str) -> list[str]:
    """Folded words, the first one of every group but the first behind an edge."""
    changed = [False, *(one != other for one, other in pairwise(groups))]
    return [edge + word if new else word for word, new in zip(words, changed, strict=False)]


@dataclass(frozen=True)
class OtherSide:
    """What a side is read by: the letters that may stand for its own.

    Attributes:
        words: as written there.
        letters: of these words.
        breaks: letters before which there is a pause or another recording, in order.
    """

    words: Sequence[str]
    letters: Letters
    breaks: NDArray[np.int64]

    def raw(self, start: int, end: int) -> str:
        """What some letters are as written; of a word that is cut, about as much of its characters."""
        first, last = int(self.letters.words[start]), int(self.letters.words[end - 1])
        words = list(self.words[first : last + 1])
        words[-1] = words[-1][: self._inside(last, end)]
        words[0] = words[0][self._inside(first, start) :]
        return " ".join(words)

    def _inside(self, word: int, letter: int) -> int:
        size = max(self.letters.size(word), 1)
        return round(len(self.words[word]) * (letter - int(self.letters.first[word])) / size)


def read_numbers(
    words: Sequence[str],
    folded: Sequence[str],
    letters: Letters,
    found: NDArray[np.int64],
    other: OtherSide,
    language: str | None,
    fold: Fold,
) -> dict[int, str]:
    """The reading of each number that is nearest to what stands there on the other side.

    With ``50 %``, ``10:30`` or a date people say more than its numbers: where a reading is in what was said,
    all of that is the reading.

    Args:
        words: as written ``[W]``.
        folded: as they were matched ``[W]``.
        letters: of the words.
        found: what stands for each letter on the other side.
        other: the other side.
        language: of the words.
        fold: spells a word for the match.

    Returns:
        Readings by number of the word; only where one is nearer than the word as written.
    """
    made: dict[int, str] = {}
    for number, word in enumerate(words):
        if is_abbreviation(word):
            in_full = _in_full(bare(folded[number]), _said_there(number, letters, found, other), other)
            if in_full:
                made[number] = in_full
        if not is_number(word):
            continue
        ways = {fold(way): way for way in readings(word, language)}
        stretches = _said_there(number, letters, found, other)
        if stretches:
            reading = _nearest(word, bare(folded[number]), ways, stretches, other)
        else:
            reading = next(iter(ways.values()), None) if has_digits(word) else None
        if reading is not None:
            made[number] = reading
    return made


def _in_full(short: str, stretches: Sequence[tuple[int, int]], other: OtherSide) -> str | None:
    """What was said for an abbreviation: a stretch that has all its letters, the first one first."""
    for start, end in stretches:
        said = other.letters.text(start, end)
        if said[:1] == short[:1] and len(short) < len(said) <= len(short) + MOST_UNWRITTEN:
            letters = iter(said)
            if all(letter in letters for letter in short):
                return other.raw(start, end)
    return None


def _nearest(
    word: str, folded: str, ways: dict[str, str], stretches: Sequence[tuple[int, int]], other: OtherSide
) -> str | None:
    """The reading that is nearest to a stretch of what was said; None for the word as written."""
    said = {other.letters.text(*one): one for one in stretches}
    way, there = min(product([folded, *ways], said), key=lambda two: Levenshtein.distance(*two))
    if way != folded and is_more_than_digits(word) and _is_in(way, there):
        return other.raw(*said[there])
    if not has_digits(word) and Levenshtein.distance(way, there) > MOST_WRONG * len(way):
        return None  # capitals that may be an initial
    return ways.get(way) if way != folded else None


def _is_in(way: str, said: str) -> bool:
    """Whether a reading is in what was said, with something that is not in the reading."""
    more = max(0, len(said) - len(way))
    return more <= MOST_UNWRITTEN and Levenshtein.distance(way, said) - more <= MOST_WRONG * len(way)


def _said_there(
    number: int, letters: Letters, found: NDArray[np.int64], other: OtherSide
) -> list[tuple[int, int]]:
    """Stretches of the other side between the matched letters around a word; none if they are too far.

    Each goes from one pause to another.
    """
    first, last = int(letters.first[number]), int(letters.first[number + 1])
    before = found[max(0, first - FARTHEST) : first]
    after = found[last : last + FARTHEST]
    left, right = before[before >= 0], after[after >= 0]
    if not len(left) or not len(right):
        return []
    begin, end = int(left[-1]) + 1, int(right[0])
    if not begin < end <= begin + 2 * FARTHEST:
        return []
    low, high = np.searchsorted(other.breaks, (begin, end), "right")
    edges = [begin, *other.breaks[low:high][other.breaks[low:high] < end].tolist(), end]
    return list(combinations(edges[: MOST_PAUSES + 2], 2))


def respelt(folded: Sequence[str], changed: dict[int, str], fold: Fold) -> list[str]:
    """Words of which some are read in another way; the edge before one stays."""
    return [_edge(word) + fold(changed[n]) if n in changed else word for n, word in enumerate(folded)]


def bare(word: str) -> str:
    """A folded word without the edge before it."""
    return word[len(_edge(word)) :]


def _edge(word: str) -> str:
    return word[:1] if word[:1] in (TEXT_EDGE, HEARD_EDGE) else ""
