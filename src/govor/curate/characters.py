"""Which characters a corpus is written with."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CODE_POINTS = 0x110000


@dataclass(frozen=True)
class Character:
    """A character of the texts, empty where it cannot stand by itself, and how often it stands there."""

    character: str
    code_point: str
    name: str
    category: str
    count: int


@dataclass
class CharacterCounts:
    """Counts by code point, and how many texts hold each."""

    counts: NDArray[np.int64]

    @classmethod
    def empty(cls) -> CharacterCounts:
        """No text yet."""
        return cls(np.zeros(CODE_POINTS, np.int64))

    def add(self, texts: Iterable[str]) -> None:
        """Counts all characters of some texts."""
        encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
        points, counts = np.unique(np.frombuffer(encoded, "<u4"), return_counts=True)
        self.counts[points] += counts

    def listed(self) -> list[Character]:
        """Every character, most frequent first."""
        points = np.flatnonzero(self.counts)
        points = points[np.argsort(-self.counts[points], kind="stable")]
        return [_described(int(point), int(self.counts[point])) for point in points]


def _described(point: int, count: int) -> Character:
    character = chr(point)
    category = unicodedata.category(character)
    return Character(
        character if category not in ("Cs", "Cc") else "",
        f"U+{point:04X}",
        unicodedata.name(character, "control character" if point < 0xA0 else "unnamed"),
        category,
        count,
    )
