"""Where a transcript and an aligner's words may be parted together: the transcript's own text is kept.

Both are compared by their letters alone, with edit distance (Levenshtein 1966). A junction is a place between
two tokens of the transcript that lies, on the cheapest way from one to the other, between two words as well.
Within a stretch that was exchanged ("1984" for "nineteen eighty four"), or around a token that no word
answers to, there is none: what is said on which side cannot be known.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from govor.text.spacing import pieces

LEAST_AGREEMENT = 0.5
"""Share of the letters of both that must be the same; below it the words are of something else."""
_OPENS = frozenset(("Ps", "Pi"))
_SENTENCE_END = re.compile(r"(^|[.!?…:][\"'”»)]*)\s*\Z")


@dataclass(frozen=True)
class Token:
    """A stretch of a transcript without white space, ``text[start:end]``."""

    start: int
    end: int


@dataclass(frozen=True)
class Junction:
    """A place where both may be parted.

    Attributes:
        token: tokens before it.
        words: how many words may stand before it; several where the transcript leaves words out.
    """

    token: int
    words: tuple[int, ...]


@dataclass(frozen=True)
class _Zone:
    """Letters ``a`` up to ``b`` of the transcript, and ``c`` up to ``d`` of the words, that differ."""

    a: int
    b: int
    c: int
    d: int


def tokens_of(text: str) -> list[Token]:
    """The tokens of a transcript; bare marks go with the word before, opening ones with the next."""
    found: list[Token] = []
    opens = False
    for start, piece in _stretches(text):
        end, opening = start + len(piece), _opens(text, start, piece)
        bare = not letters_of(piece) and not opening
        if found and (bare or opens or not letters_of(text[found[-1].start : found[-1].end])):
            found[-1] = Token(found[-1].start, end)
        else:
            found.append(Token(start, end))
        opens = opening
    return _without_bare_end(found, text)


def _without_bare_end(found: list[Token], text: str) -> list[Token]:
    """The last token joined to the one before where it has no letters."""
    if len(found) > 1 and not letters_of(text[found[-1].start : found[-1].end]):
        return [*found[:-2], Token(found[-2].start, found[-1].end)]
    return found


def _stretches(text: str) -> Iterator[tuple[int, str]]:
    """Words between white space with their places; those of unspaced scripts by their characters."""
    at = 0
    for word in text.split():
        at = text.index(word, at)
        for piece in pieces(word) if _is_unspaced(word) else [word]:
            yield at, piece
            at += len(piece)


def _is_unspaced(word: str) -> bool:
    return len(pieces(word)) > 1


def _opens(text: str, start: int, piece: str) -> bool:
    """Whether a piece has no letters and opens what follows: brackets, quotes, the dash of a dialogue."""
    if letters_of(piece):
        return False
    kinds = {unicodedata.category(character) for character in piece}
    return (
        kinds <= _OPENS
        or piece in "¿¡"
        or (kinds == {"Pd"} and _SENTENCE_END.search(text, 0, start) is not None)
    )


def letters_of(text: str) -> str:
    """Letters and numbers alone, without case and marks: what aligned words and a text share."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LN")


def junctions(text: str, tokens: Sequence[Token], words: Sequence[str]) -> list[Junction]:
    """All places where text and words may be parted, without the two ends; empty where they do not agree.

    Args:
        text: the transcript.
        tokens: of `tokens_of`.
        words: as the aligner writes them, in order.
    """
    ours = [letters_of(text[token.start : token.end]) for token in tokens]
    theirs = [letters_of(word) for word in words]
    zones, same = _compared("".join(ours), "".join(theirs))
    total = sum(map(len, ours)) + sum(map(len, theirs))
    if not total or 2 * same < LEAST_AGREEMENT * total:
        return []
    ends = list(accumulate(map(len, theirs), initial=0))
    starts = list(accumulate(map(len, ours), initial=0))
    zones = [zone for zone in zones if zone.a < zone.b or zone.c < zone.d]
    found = []
    for number in range(1, len(tokens)):
        span = _answering(starts[number], zones, starts)
        counts = _between(span, ends) if span else ()
        if counts:
            found.append(Junction(number, counts))
    return found


def _compared(ours: str, theirs: str) -> tuple[list[_Zone], int]:
    """Stretches that differ, neighbours joined, and how many letters are the same."""
    from rapidfuzz.distance import Levenshtein

    zones: list[_Zone] = []
    same = 0
    for code in Levenshtein.opcodes(ours, theirs):
        a, b, c, d = code.src_start, code.src_end, code.dest_start, code.dest_end
        if code.tag == "equal":
            same += b - a
        elif zones and (zones[-1].b, zones[-1].d) == (a, c):
            zones[-1] = _Zone(zones[-1].a, b, zones[-1].c, d)
        else:
            zones.append(_Zone(a, b, c, d))
    return zones, same


def _answering(place: int, zones: Sequence[_Zone], starts: Sequence[int]) -> tuple[int, int] | None:
    """Between which letters of the words (first, last) a place in the transcript's stands, or None."""
    at = bisect_left(zones, place, key=lambda zone: zone.b)
    if at == len(zones) or zones[at].a > place:
        before = zones[at - 1] if at else _Zone(0, 0, 0, 0)
        here = place - before.b + before.d
        return here, here
    zone = zones[at]
    if zone.a < place < zone.b or _lost_token(zone, starts):
        return None
    if zone.a == zone.b:
        return zone.c, zone.d
    here = zone.c if place == zone.a else zone.d
    return here, here


def _lost_token(zone: _Zone, starts: Sequence[int]) -> bool:
    """Whether a whole token lies in a stretch that matches no letter of the words."""
    if zone.c < zone.d:
        return False
    first = bisect_left(starts, zone.a)
    return first + 1 < len(starts) and starts[first + 1] <= zone.b and starts[first] < starts[first + 1]


def _between(span: tuple[int, int], ends: Sequence[int]) -> tuple[int, ...]:
    """Numbers of words that end within a stretch of letters, neither none nor all."""
    first, last = span
    return tuple(
        n for n in range(bisect_left(ends, first), len(ends)) if ends[n] <= last and 0 < n < len(ends) - 1
    )
