"""The texts of a group as one sequence of words, and how each is spelt for the match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from govor.align.letters import Letters
from govor.align.numerals import has_digits, readings
from govor.align.units import Unit

TEXT_EDGE, HEARD_EDGE = "\ue000", "\ue001"
"""Between two texts, and between two recordings: nothing goes on across them, for they are never equal."""
FARTHEST = 80
"""Letters around a number in which its reading is looked for."""

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


def read_numbers(
    words: Sequence[str],
    folded: Sequence[str],
    letters: Letters,
    found: NDArray[np.int64],
    other: Letters,
    language: str | None,
    fold: Fold,
) -> dict[int, str]:
    """The reading of each word with digits that is nearest to what stands there on the other side.

    Args:
        words: as written ``[W]``.
        folded: as they were matched ``[W]``.
        letters: of the words.
        found: what stands for each letter on the other side.
        other: letters of the other side.
        language: of the words.
        fold: spells a word for the match.

    Returns:
        Readings by number of the word; only where one is nearer than the digits.
    """
    made = {}
    for number, word in enumerate(words):
        if not has_digits(word):
            continue
        said = _said_there(number, letters, found, other)
        ways = {fold(way): way for way in readings(word, language)}
        best = _nearest([folded[number], *ways], said)
        if best != folded[number]:
            made[number] = ways[best]
    return made


def _nearest(ways: Sequence[str], said: str) -> str:
    """The way that is nearest to what was said; where that is not known, the first reading."""
    return min(ways, key=lambda way: Levenshtein.distance(way, said)) if said else ways[:2][-1]


def _said_there(number: int, letters: Letters, found: NDArray[np.int64], other: Letters) -> str:
    """What the other side has between the nearest matched letters around a word; empty if it is too far."""
    first, last = int(letters.first[number]), int(letters.first[number + 1])
    before = found[max(0, first - FARTHEST) : first]
    after = found[last : last + FARTHEST]
    left, right = before[before >= 0], after[after >= 0]
    if not len(left) or not len(right):
        return ""
    begin, end = int(left[-1]) + 1, int(right[0])
    return other.text(begin, end) if begin < end <= begin + 2 * FARTHEST else ""


def respelt(folded: Sequence[str], changed: dict[int, str], fold: Fold) -> list[str]:
    """Words of which some are read in another way; the edge before one stays."""
    return [_edge(word) + fold(changed[n]) if n in changed else word for n, word in enumerate(folded)]


def bare(word: str) -> str:
    """A folded word without the edge before it."""
    return word[len(_edge(word)) :]


def _edge(word: str) -> str:
    return word[:1] if word[:1] in (TEXT_EDGE, HEARD_EDGE) else ""
