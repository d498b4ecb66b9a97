"""Labels that stand before or behind texts and that nobody says: names with a colon, running numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

LEAST_TEXTS, LEAST_WORDS = 20, 2
NAMED_SHARE, COUNTED_SHARE, RISING_SHARE = 0.5, 0.8, 0.85
"""Of the texts that have a name, or a number; of the numbers that are greater than the one before."""
NAME_REPEATS = 2.0
"""Texts to a name, at least: what stands before a colon once is a sentence."""
END_CHARACTERS = 80
"""So much of a text is searched for what stands behind it."""
_NAMES = {
    "first": re.compile(r"^\W*([^\W\d_][\w.'’-]*(?:\s[\w.'’-]+){0,2})\s?:\s"),
    "last": re.compile(r"\(([^\W\d_][^()]{0,30})\)\W*$"),
}
_NUMBERS = {
    "first": re.compile(r"^\W*[^\W\d_]{0,12}[\s_.-]?(\d{1,9})[\s.:)\]_-]+(?=\S)"),
    "last": re.compile(r"\s\W*[^\W\d_]{0,12}[_.-]?(\d{1,9})\W*$"),
}


@dataclass(frozen=True)
class CommonLabels:
    """Texts that have a label.

    Attributes:
        place: ``first`` or ``last``.
        what: a name or a running number.
        samples: a few of them.
        rows: places of the texts.
    """

    place: str
    what: str
    samples: tuple[str, ...]
    rows: tuple[int, ...]


def labelled(texts: Sequence[str]) -> CommonLabels | None:
    """Names or running numbers before or behind most texts, or None.

    Args:
        texts: as they are written, in their order.
    """
    long = {row: text for row, text in enumerate(texts) if len(text.split()) > LEAST_WORDS}
    if len(long) < max(LEAST_TEXTS, len(texts) / 2):
        return None
    return _name_labels(long) or _number_labels(long)


def _name_labels(texts: dict[int, str]) -> CommonLabels | None:
    for place, pattern in _NAMES.items():
        names = {row: found[1] for row, found in _found(texts, place, pattern)}
        different = dict.fromkeys(names.values())
        if len(names) >= max(NAMED_SHARE * len(texts), NAME_REPEATS * len(different)):
            return CommonLabels(place, "a name", tuple(different)[:3], tuple(names))
    return None


def _found(
    texts: Mapping[int, str], place: str, pattern: re.Pattern[str]
) -> Iterator[tuple[int, re.Match[str]]]:
    for row, text in texts.items():
        if found := pattern.search(text[-END_CHARACTERS:] if place == "last" else text):
            yield row, found


def _number_labels(texts: dict[int, str]) -> CommonLabels | None:
    for place, pattern in _NUMBERS.items():
        numbers = dict(_found(texts, place, pattern))
        values = [int(found[1]) for found in numbers.values()]
        rising = sum(later > earlier for earlier, later in pairwise(values))
        if len(values) >= COUNTED_SHARE * len(texts) and rising >= RISING_SHARE * (len(values) - 1):
            samples = tuple(found[0].strip() for found in list(numbers.values())[:3])
            return CommonLabels(place, "a running number", samples, tuple(numbers))
    return None
