"""Edits between a reference and a hypothesis, as counts and as an alignment.

Words are what stands between white space, and in scripts that write no spaces between words (Chinese,
Japanese, Thai, Lao, Khmer, Burmese, Tibetan) single characters with their marks. Characters are Unicode code
points of the words joined by single spaces, without spaces within such scripts. Where several alignments are
equally short, the one of rapidfuzz is taken, as jiwer does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from govor.records import EditCounts
from govor.text.spacing import closed, words_of


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of an alignment: units ``start:end`` of the reference against those of the hypothesis.

    Attributes:
        tag: ``equal``, ``replace`` (the same number of units on both sides), ``delete`` or ``insert``.
        start: first unit of the reference.
        end: behind the last unit of the reference.
        hypothesis_start: first unit of the hypothesis.
        hypothesis_end: behind the last unit of the hypothesis.
    """

    tag: str
    start: int
    end: int
    hypothesis_start: int
    hypothesis_end: int


def words(text: str) -> list[str]:
    """The words of a text."""
    return words_of(text)


def characters(text: str) -> str:
    """The text whose characters are compared: words joined by single spaces."""
    return closed(text)


def word_edits(reference: str, hypothesis: str) -> EditCounts:
    """Counts words that agree, are exchanged, missing or added."""
    return _count(words(reference), words(hypothesis))


def char_edits(reference: str, hypothesis: str) -> EditCounts:
    """Counts characters (spaces between words included) that agree, are exchanged, missing or added."""
    return _count(characters(reference), characters(hypothesis))


def _count(reference: Sequence[str], hypothesis: Sequence[str]) -> EditCounts:
    length = len(reference)
    if reference == hypothesis:
        return EditCounts(hits=length)
    if not length or not hypothesis:
        return EditCounts(deletions=length, insertions=len(hypothesis))
    edits = [edit[0] for edit in Levenshtein.editops(reference, hypothesis).as_list()]
    substitutions, deletions = edits.count("replace"), edits.count("delete")
    hits = length - substitutions - deletions
    return EditCounts(hits, substitutions, deletions, len(edits) - substitutions - deletions)


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> list[Block]:
    """The shortest alignment of two word lists (or two strings, character by character), in order."""
    return [
        Block(code.tag, code.src_start, code.src_end, code.dest_start, code.dest_end)
        for code in Levenshtein.opcodes(reference, hypothesis)
    ]


def regions(blocks: Iterable[Block]) -> list[Block]:
    """Neighbouring blocks that differ, taken together (tag ``replace``), without those that agree."""
    found: list[Block] = []
    for block in blocks:
        if block.tag == "equal":
            continue
        last = found[-1] if found else None
        if last and (last.end, last.hypothesis_end) == (block.start, block.hypothesis_start):
            found[-1] = Block("replace", last.start, block.end, last.hypothesis_start, block.hypothesis_end)
        else:
            found.append(block)
    return found


def corpus_rate(pairs: Iterable[tuple[str, str]], *, characters: bool = False) -> float:
    """Word (or character) error rate of (reference, hypothesis) pairs: all errors over all reference units.

    Returns:
        The rate; infinity when no reference has a unit but hypotheses do, 0.0 when nothing has any.
    """
    count = char_edits if characters else word_edits
    return sum((count(reference, hypothesis) for reference, hypothesis in pairs), EditCounts()).rate
