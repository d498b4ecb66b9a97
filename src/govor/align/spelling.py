"""How a model writes the letters of a text: learned from what was placed, so that more is found.

A model of another language writes what it hears with its own letters: for the Welsh ``f`` a Croatian one
writes ``v``. Which letter it writes for which, beside which neighbours, is counted where text was placed:
the likeliest serves the comparison of texts, all of them together the look into the sound.
Method: the letters' confusions of one pass serve the next, as the translation probabilities of words do in
Brown et al., "The mathematics of statistical machine translation" (1993).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Editop, Levenshtein

from govor.models.base import LetterWriting

LEAST_LETTERS = 300
"""Letters of placed text; fewer teach nothing, and may agree by chance."""
LEAST_TIMES = 10
"""So often a letter was seen beside a neighbour before its own rule is taken."""
LEAST_SHARE = 0.4
"""Of these times that it was heard as the same."""

WIDER_TIMES = 5
"""A letter's neighbours count as if what is written without them had been seen so often beside them."""
LEAST_PROBABILITY = 0.02
"""Of what may be written for a letter; rarer is chance."""
STRANGE_CER = 0.15
"""With fewer errors the model writes what is said."""
FOREIGN_SHARE = 0.1
"""Of the letters, heard as others: with more the model is of another language, with fewer the speech is fast
or faint, and loses letters. (A Croatian model takes 4 to 5% of Croatian letters for others, slow or fast, and
17 to 38% of Slovenian, Italian, Spanish, Swedish and Welsh ones.)"""

Context = tuple[str, str, str]
"""The letter before, the letter, the letter behind it; empty where it does not matter."""


@dataclass(frozen=True)
class ModelSpelling:
    """What a model writes for a letter; for others it writes the letter itself.

    Attributes:
        rules: by context; an empty text where it mostly writes nothing.
        seen: how often it wrote what, by context.
        foreign: the model is of another language.
    """

    rules: dict[Context, str]
    seen: dict[Context, Counter[str]]
    foreign: bool

    def of(self, word: str) -> str:
        """A word as the model writes it; the word itself where nothing of it would be left."""
        padded = f" {word} "
        made = "".join(self._letter(*padded[n - 1 : n + 2]) for n in range(1, len(padded) - 1))
        return made or word

    def writings(self, word: str) -> list[LetterWriting]:
        """All that the model may write for each letter of a word, with its probability."""
        padded = f" {word} "
        return [self._writing(*padded[n - 1 : n + 2]) for n in range(1, len(padded) - 1)]

    def _writing(self, before: str, letter: str, after: str) -> LetterWriting:
        """From the widest context to the closest; each is smoothed by the one before it."""
        found: dict[str, float] = {letter: 1.0}
        known = (self.seen.get(context) for context in reversed(_contexts(before, letter, after)))
        for counts in filter(None, known):
            total = counts.total() + WIDER_TIMES
            texts = dict.fromkeys((*found, *counts))
            found = {text: (counts[text] + WIDER_TIMES * found.get(text, 0.0)) / total for text in texts}
        return {text: share for text, share in found.items() if share >= LEAST_PROBABILITY}

    def _letter(self, before: str, letter: str, after: str) -> str:
        for context in _contexts(before, letter, after):
            if context in self.rules:
                return self.rules[context]
        return letter


def _contexts(before: str, letter: str, after: str) -> tuple[Context, ...]:
    """From the closest to the widest."""
    return (before, letter, after), ("", letter, after), (before, letter, ""), ("", letter, "")


def learned(pairs: Iterable[tuple[Sequence[str], str]]) -> ModelSpelling | None:
    """What can be learned from placed pieces; None where they are too few, or spelt as they are heard.

    Args:
        pairs: the folded words of a piece, and what was heard there.
    """
    lessons = list(pairs)
    texts = [("".join(words), heard) for words, heard in lessons]
    letters = sum(len(text) for text, _ in texts)
    errors = sum(Levenshtein.distance(text, heard) for text, heard in texts)
    if letters < LEAST_LETTERS or errors < STRANGE_CER * letters:
        return None
    edits = [Levenshtein.editops(text, heard) for text, heard in texts]
    seen: dict[Context, Counter[str]] = defaultdict(Counter)
    for (words, _), (text, heard), own in zip(lessons, texts, edits, strict=True):
        around = [(f" {word} "[n], f" {word} "[n + 2]) for word in words for n in range(len(word))]
        for letter, said, (before, after) in zip(text, _heard_for(text, heard, own), around, strict=True):
            for context in _contexts(before, letter, after):
                seen[context][said] += 1
    rules = {}
    for context, counts in seen.items():
        said, times = counts.most_common(1)[0]
        if counts.total() >= LEAST_TIMES and times >= LEAST_SHARE * counts.total():
            rules[context] = said
    differs = any(said != letter for (_, letter, _), said in rules.items())
    foreign = sum(edit.tag == "replace" for own in edits for edit in own) >= FOREIGN_SHARE * letters
    return ModelSpelling(rules, seen, foreign) if differs else None


def _heard_for(text: str, heard: str, edits: Iterable[Editop]) -> list[str]:
    """What was heard for each letter of a text, by its plain edits; empty for nothing."""
    found = list(text)
    for edit in edits:
        if edit.tag == "replace":
            found[edit.src_pos] = heard[edit.dest_pos]
        elif edit.tag == "delete":
            found[edit.src_pos] = ""
    return found
