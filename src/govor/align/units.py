"""Lines of a text as units that may become utterances: sentences, each with its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govor.align.documents import Line
from govor.text.spacing import is_unspaced, pieces

_ENDS = ".!?…。！？؟۔।॥։።"
_CLOSING = "\"'”’»)]」』"
_SENTENCE_END = re.compile(
    rf"(?<![\W\d_][^\W\d_])[{_ENDS}]+[{re.escape(_CLOSING)}]*(?=\s+[^\s])|[。！？][{re.escape(_CLOSING)}]*"
)
"""Not behind a single letter, which is an initial."""
_ABBREVIATED = re.compile(r"(?:^|[\s(])[^\W\d_]{1,3}\.$")
_TOKEN = re.compile(r"\S+")
FULL_LINE = 0.7
"""A line that is at least this part of the longest one of its paragraph may go on in the next."""


@dataclass(frozen=True)
class WordSpan:
    """A word as it stands in its unit.

    Attributes:
        start: of its first character in the unit's text.
        end: behind its last.
    """

    start: int
    end: int


@dataclass(frozen=True)
class Unit:
    """A sentence, or a line that is none.

    Attributes:
        text: as the source has it.
        tokens: its words.
        line: where it begins in the source.
        speaker: who says it.
    """

    text: str
    tokens: tuple[WordSpan, ...]
    line: int
    speaker: str | None = None

    @property
    def words(self) -> list[str]:
        """The words as written."""
        return [self.text[token.start : token.end] for token in self.tokens]

    def slice(self, first: int, last: int) -> str:
        """The source's text from one word to another, both included."""
        return self.text[self.tokens[first].start : self.tokens[last].end]


def units_of(lines: Sequence[Line], wrapped: bool) -> list[Unit]:
    """The units of a text, in order.

    Args:
        lines: of the text.
        wrapped: whether a sentence may go on in the next line.
    """
    found = []
    for line in _paragraphs(lines) if wrapped else lines:
        for sentence in sentences(line.text):
            tokens = tuple(_tokens(sentence))
            if any(map(str.isalnum, sentence)):
                found.append(Unit(sentence, tokens, line.number, line.speaker))
    return found


def _paragraphs(lines: Sequence[Line]) -> Iterator[Line]:
    """Lines put together where a sentence goes on."""
    held: Line | None = None
    longest = 0
    for line in lines:
        if held and line.text and _goes_on(held, line, longest):
            held = Line(f"{held.text} {line.text}", held.number, held.speaker)
        else:
            if held:
                yield held
            held = line if line.text else None
            longest = 0
        longest = max(longest, len(line.text))
    if held:
        yield held


def _goes_on(held: Line, line: Line, longest: int) -> bool:
    if held.speaker != line.speaker or held.text.rstrip(_CLOSING)[-1:] in tuple(_ENDS):
        return False
    first = line.text[0]
    return first.islower() or (not first.isupper() and len(held.text) >= FULL_LINE * longest)


def sentences(text: str) -> list[str]:
    """The sentences of a line. Initials and short abbreviations end none."""
    found, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        before = text[start : end.end()]
        following = text[end.end() :].lstrip()[:1]
        if end[0] == "." and (_ABBREVIATED.search(before) or following.islower() or following.isdigit()):
            continue
        found.append(before.strip())
        start = end.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if sentence]


def _tokens(text: str) -> Iterator[WordSpan]:
    """Words between spaces; in scripts without spaces, characters."""
    for found in _TOKEN.finditer(text):
        start = found.start()
        for piece in pieces(found[0]) if any(map(is_unspaced, found[0])) else [found[0]]:
            yield WordSpan(start, start + len(piece))
            start += len(piece)
