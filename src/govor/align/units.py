"""Lines of a text as units that may become utterances: sentences, each with its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf

from govor.align.documents import Line
from govor.text.spacing import is_unspaced, pieces

_ENDS = ".!?…。！？؟۔।॥։።"
SOFT_HYPHEN = "\u00ad"
_CLOSING = "\"'”’»)]」』"
_SENTENCE_END = re.compile(
    rf"(?<![\W\d_][^\W\d_])[{_ENDS}]+[{re.escape(_CLOSING)}]*(?=\s+[^\s])|[。！？][{re.escape(_CLOSING)}]*"
)
"""Not behind a single letter, which is an initial."""
_ABBREVIATED = re.compile(r"(?:^|[\s(])[^\W\d_]{1,3}\.$")
_SPACED = r"\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?"
_DATE = r"\d{1,2}\. ?\d{1,2}\. ?\d{4}(?!\d)"
_NUMBER = rf"(?:{_DATE}|{_SPACED}|\d+(?:[.,:/–-]\d+)*)"
_UNITS = r"km/h|m/s|kg|dag|g|km|cm|mm|m²|m³|m2|m3|m|ha|dl|ml|l|kn|kr|EUR|USD|GBP"
_UNIT = rf"(?: ?(?:[%‰€$£¥]|°[CF]?)| (?:{_UNITS})(?!\w))"
_TOKEN = re.compile(
    rf"[^\w\s]*(?:[§№#€$£¥] )?(?:{_NUMBER}{_UNIT}|{_DATE}|{_SPACED})\S*|[^\w\s]*[§№#€$£¥] \d\S*|\S+"
)
"""A word; a number is one with what is read with it, its unit and the spaces between its digits."""
_PARTED = re.compile(r"([^\W\d_]{2,})[-\u2010]$")
"""A word whose end may stand in the next line."""
_WITH_HYPHEN = re.compile(r"[^\W\d_]+[-\u2010][^\W\d_]+")
_AND = frozenset(
    re.findall(
        r"\w+",
        "and or to und oder bzw bis och eller samt en of og ja tai és vagy i ili ali a nebo in e o y u et"
        " ou v ir un vai",
    )
)
"""Words behind a hyphen that stands for the rest of a word (``in- och utgång``)."""
_BULLETS = "•·▪◦‣●○■*"
_ITEM = re.compile(rf"(?:[{_BULLETS}–—-]|\(?\d{{1,3}}[.)]|[^\W\d_]\))\s+(\S)")
"""What begins an item of a list, or somebody's words in a dialogue."""
_BETWEEN_SPACES = re.compile(r"\S+")
FULL_LINE = 0.8
"""A line that is at least this part of the width is full: its sentence may go on in the next."""
WIDEST = 0.9
"""So many lines are not longer than the width of a text."""
MANY_FULL = 0.45
"""Where fewer lines are full, each ends where its writer wanted."""


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
    before = ""
    known = {word.lower() for line in lines for word in _WITH_HYPHEN.findall(line.text)}
    full = _full_width([len(line.text) for line in lines if line.text])
    for line in lines:
        if held and line.text and _goes_on(held, line, len(before) >= full):
            held = Line(_in_one(held.text, line.text, known), held.number, held.speaker)
        else:
            if held:
                yield held
            held = line if line.text else None
        before = line.text
    if held:
        yield held


def _full_width(lengths: Sequence[int]) -> float:
    """Characters from which on a line is full; infinite where lines are not cut at a width."""
    if not lengths:
        return inf
    width = sorted(lengths)[ceil(WIDEST * (len(lengths) - 1))]
    full = FULL_LINE * width
    return full if sum(length >= full for length in lengths) >= MANY_FULL * len(lengths) else inf


def _goes_on(held: Line, line: Line, full: bool) -> bool:
    if line.turn or held.speaker != line.speaker or held.text.rstrip(_CLOSING)[-1:] in tuple(_ENDS):
        return False
    first = line.text[0]
    if first.islower() or held.text.endswith(SOFT_HYPHEN):
        return True
    if _is_item(line.text) or (first.isupper() and not (held.text.isupper() and line.text.isupper())):
        return False
    return full


def _is_item(text: str) -> bool:
    found = _ITEM.match(text)
    return found is not None and (text[0] in _BULLETS or not found[1].islower())


def _in_one(before: str, after: str, known: set[str]) -> str:
    """Two lines as one; a word that was parted at the end of the first is whole again.

    Args:
        before: the first.
        after: the second.
        known: words with a hyphen inside, in small letters, as they stand elsewhere in the text.
    """
    if before.endswith(SOFT_HYPHEN):
        return before[:-1] + after
    parted = _PARTED.search(before)
    rest = re.match(r"[^\W\d_]+", after)
    if not parted or not rest or not rest[0].islower() or rest[0] in _AND:
        return f"{before} {after}"
    whole = f"{parted[1]}{before[-1]}{rest[0]}".lower()
    kept = whole in known or before[: parted.start()].endswith(("-", "\u2010"))
    return (before if kept else before[:-1]) + after


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
    unspaced = any(map(is_unspaced, text))
    for found in (_BETWEEN_SPACES if unspaced else _TOKEN).finditer(text):
        start = found.start()
        for piece in pieces(found[0]) if unspaced else [found[0]]:
            yield WordSpan(start, start + len(piece))
            start += len(piece)
