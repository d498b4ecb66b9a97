"""Words as the letters that are compared: small, without marks and punctuation, romanised where asked.

Shapes: W words, L letters of all of them, one after the other without spaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from govor.align.romanise import romanised
from govor.text.normaliser import Normaliser

RULES = ("nfkc", "invisible", "lower", "marks", "punctuation", "symbols", "spaces")
FOLDS = 1 << 16


@dataclass(frozen=True)
class Letters:
    """Words, letter by letter.

    Attributes:
        codes: code points ``[L]``, uint32.
        words: number of the word that a letter is of ``[L]``, int32.
        first: where the letters of each word begin, and behind them L: ``[W + 1]``.
    """

    codes: NDArray[np.uint32]
    words: NDArray[np.int32]
    first: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def text(self, start: int, end: int) -> str:
        """The letters from `start` to before `end`."""
        return self.codes[start:end].tobytes().decode("utf-32-le")

    def size(self, word: int) -> int:
        """How many letters a word has."""
        return int(self.first[word + 1] - self.first[word])

    def of_word(self, word: int) -> str:
        """The letters of a word."""
        return self.text(int(self.first[word]), int(self.first[word + 1]))


def spelt(words: Sequence[str]) -> Letters:
    """Folded words, letter by letter."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32)
    first = np.concatenate([[0], np.cumsum(lengths)])
    return Letters(codes, np.repeat(np.arange(len(words), dtype=np.int32), lengths), first)


def folding(language: str | None, latin: bool = False) -> Callable[[str], str]:
    """What folds one word: casefolded, marks and punctuation off; romanised where `latin`."""
    normaliser = Normaliser(RULES, language=language, exceptions=())

    @lru_cache(maxsize=FOLDS)
    def fold(word: str) -> str:
        plain = normaliser(word).casefold().replace(" ", "")
        digits = "".join(str(int(c)) if c.isdecimal() else c for c in plain)
        return romanised(digits) if latin else digits

    return fold
