"""Texts in the form in which they are compared: only what can be heard; and what repeats."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from govor.text.spacing import words_of

MOST_REPEATS = {1: 4, 2: 3, 3: 2}
"""Times that a sequence of so many words may stand in a row; longer ones are as those of three."""
LONGEST_GRAM = 12
LEAST_PHRASE_LETTERS = 6
"""Shorter phrases, such as "yes", recur because people say them."""
SYLLABLE_LETTERS = 2.5
"""Letters of an alphabet that stand for what one character of a script without an alphabet does."""
_SENTENCE_END = re.compile(r"(?<=[.!?…。？！؟।])\s*")
_SYLLABIC = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def plain(text: str) -> str:
    """Small letters, marks and numbers, one space between words: what a text sounds like."""
    folded = unicodedata.normalize("NFKC", text).lower()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join("".join(kept).split())


def agreement(text: str, second: str) -> float:
    """1 - character error rate of a second text against a first, both `plain`; 0 at the least."""
    one, other = plain(text), plain(second)
    if not one:
        return 0.0 if other else 1.0
    return max(0.0, 1.0 - Levenshtein.distance(one, other) / len(one))


def spoken_letters(text: str) -> float:
    """Letters of a text that can be heard; a character for a whole syllable counts as several."""
    said = plain(text).replace(" ", "")
    return len(said) + (SYLLABLE_LETTERS - 1) * len(_SYLLABIC.findall(said))


def is_repetitive(text: str) -> bool:
    """Whether words follow each other more often than people repeat them."""
    words = words_of(plain(text))
    for size in range(1, min(LONGEST_GRAM, len(words) // 2) + 1):
        if _longest_run(words, size) > MOST_REPEATS.get(size, MOST_REPEATS[3]):
            return True
    return False


def _longest_run(words: Sequence[str], size: int) -> int:
    """Most times in a row that a sequence of `size` words stands."""
    longest = run = 0
    for place in range(size, len(words)):
        run = run + 1 if words[place] == words[place - size] else 0
        longest = max(longest, run)
    return longest // size + 1


def phrases(text: str) -> Iterator[str]:
    """The sentences of a text, `plain`, that are long enough to be told from a yes."""
    for sentence in _SENTENCE_END.split(text):
        said = plain(sentence)
        if len(said.replace(" ", "")) >= LEAST_PHRASE_LETTERS:
            yield said
