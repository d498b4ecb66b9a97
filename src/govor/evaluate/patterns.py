"""Patterns in one alignment: loops, cut ends, spaces, digits, case, punctuation, scripts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from govor.evaluate.edits import Block, align, regions
from govor.text import primary_language

Pair = tuple[str, str]

LONGEST_PHRASE_WORDS = 8
LETTER_LOOP = re.compile(r"(.{1,10}?)\1{5,}")
LEAST_CUT_WORDS = 3
LEAST_CUT_SHARE = 0.25
LEAST_LETTERS = 3
MOST_SIMILAR_LETTERS = 0.5
"""Letters are compared in words of which at most this share of letters differs; others are other words."""


def repeats(words: Sequence[str]) -> bool:
    """Whether a phrase stands three times in a row (a single word four times), or letters of a word loop."""
    for length in range(1, LONGEST_PHRASE_WORDS + 1):
        wanted = (3 if length == 1 else 2) * length
        run = 0
        for here in range(length, len(words)):
            run = run + 1 if words[here] == words[here - length] else 0
            if run >= wanted:
                return True
    return any(LETTER_LOOP.search(word) for word in words)


def missing_at_an_end(blocks: Sequence[Block], reference_words: int) -> bool:
    """Whether one piece of at least 3 words and a quarter of the reference is missing at an end."""
    least = max(LEAST_CUT_WORDS, LEAST_CUT_SHARE * reference_words)
    ends = [blocks[0], blocks[-1]] if len(blocks) > 1 else []
    return any(block.tag == "delete" and block.end - block.start >= least for block in ends)


def differing(
    blocks: Sequence[Block], reference: Sequence[str], hypothesis: Sequence[str]
) -> Iterator[tuple[list[str], list[str]]]:
    """Stretches between words that agree: words of the reference, words of the hypothesis."""
    for region in regions(blocks):
        yield (
            list(reference[region.start : region.end]),
            list(hypothesis[region.hypothesis_start : region.hypothesis_end]),
        )


def boundary_pairs(
    blocks: Sequence[Block], reference: Sequence[str], hypothesis: Sequence[str]
) -> list[Pair]:
    """Words of both sides with the same letters but other spaces."""
    found: list[Pair] = []
    for ours, theirs in differing(blocks, reference, hypothesis):
        if ours and theirs and len(ours) + len(theirs) > 2:
            found += _same_letters(ours, theirs)
    return found


def _same_letters(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[Pair]:
    i = 0
    while i < len(ours):
        match = next((pair for j in range(len(theirs)) if (pair := _grow(ours, theirs, i, j))), None)
        if match is None:
            i += 1
            continue
        i, j, end_i, end_j = match
        yield " ".join(ours[i:end_i]), " ".join(theirs[j:end_j])
        i = end_i


def _grow(ours: Sequence[str], theirs: Sequence[str], i: int, j: int) -> tuple[int, int, int, int] | None:
    """The shortest stretches from i and j whose letters are the same but whose words are not."""
    start_i, start_j, a, b = i, j, ours[i], theirs[j]
    while a != b:
        if a.startswith(b) and j + 1 < len(theirs):
            j += 1
            b += theirs[j]
        elif b.startswith(a) and i + 1 < len(ours):
            i += 1
            a += ours[i]
        else:
            return None
    return (start_i, start_j, i + 1, j + 1) if i > start_i or j > start_j else None


def number_pairs(blocks: Sequence[Block], reference: Sequence[str], hypothesis: Sequence[str]) -> list[Pair]:
    """Stretches where exactly one side has digits and the other has words."""
    return [
        (" ".join(ours), " ".join(theirs))
        for ours, theirs in differing(blocks, reference, hypothesis)
        if ours and theirs and _has_digit(ours) != _has_digit(theirs)
    ]


def _has_digit(words: Sequence[str]) -> bool:
    return any(c.isdigit() for word in words for c in word)


def writing_pairs(reference: Sequence[str], hypothesis: Sequence[str]) -> tuple[list[Pair], list[Pair]]:
    """Raw words that differ only in case, and the punctuation marks that differ around the same words.

    Returns:
        Pairs of words that differ in case, and pairs of marks (an empty one stands for none).
    """
    casing: list[Pair] = []
    punctuation: list[Pair] = []
    ours, theirs = ([_bare(word) for word in words] for words in (reference, hypothesis))
    for block in align([bare.casefold() for bare in ours], [bare.casefold() for bare in theirs]):
        if block.tag != "equal":
            continue
        for i, j in zip(
            range(block.start, block.end), range(block.hypothesis_start, block.hypothesis_end), strict=True
        ):
            if ours[i] != theirs[j]:
                casing.append((ours[i], theirs[j]))
            marks = _marks(reference[i]), _marks(hypothesis[j])
            if marks[0] != marks[1]:
                punctuation.append(marks)
    return casing, punctuation


def _bare(word: str) -> str:
    return "".join(c for c in word if unicodedata.category(c)[0] not in "PS") or word


def _marks(word: str) -> str:
    marks = "".join(c for c in word if unicodedata.category(c)[0] in "PS")
    return marks if marks != word else ""


def letter_pairs(reference: str, hypothesis: str) -> list[Pair]:
    """Characters exchanged, left out or added between two similar words; "" where there is none."""
    blocks = [block for block in align(reference, hypothesis) if block.tag != "equal"]
    changed = sum(max(b.end - b.start, b.hypothesis_end - b.hypothesis_start) for b in blocks)
    if changed > MOST_SIMILAR_LETTERS * max(len(reference), len(hypothesis)):
        return []
    pairs: list[Pair] = []
    for block in blocks:
        ours = reference[block.start : block.end]
        theirs = hypothesis[block.hypothesis_start : block.hypothesis_end]
        width = max(len(ours), len(theirs))
        pairs += zip(ours or [""] * width, theirs or [""] * width, strict=True)
    return pairs


def switches(reference: str, hypothesis: str, language: str | None, heard: str | None) -> bool:
    """Whether the hypothesis is in another script than the reference, or in a detected other language."""
    if language and heard and primary_language(language) != primary_language(heard):
        return True
    ours, theirs = main_script(reference), main_script(hypothesis)
    return ours is not None and theirs is not None and ours != theirs


def main_script(text: str) -> str | None:
    """The script of most letters; None with fewer than three letters."""
    scripts = Counter(_script(c) for c in text if c.isalpha())
    if scripts.total() < LEAST_LETTERS:
        return None
    return scripts.most_common(1)[0][0]


@cache
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split()[0]
    return "JAPANESE" if name in ("HIRAGANA", "KATAKANA", "CJK") else name
