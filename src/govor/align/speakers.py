"""Speakers named before what they say: ``NAME: …``, where a text does so again and again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from govor.align.documents import Line

FEWEST = 3
"""Lines that begin so: fewer are no habit of the text."""
LONGEST_NAME = 60
MOST_WORDS = 7
_PREFIX = re.compile(rf"\s*([^\W\d_][^:\n]{{0,{LONGEST_NAME - 1}}}?)\s*:(?:\s+|$)")
_SENTENCE = re.compile(r"[.!?…]\s+\S|[,;!?…]|[.]{2}")


def name_before(text: str) -> tuple[str, str] | None:
    """The name that a line begins with, and the rest of it; None where it begins with none."""
    found = _PREFIX.match(text)
    if found is None:
        return None
    name = found[1].strip()
    plain = re.sub(r"\([^)]*\)", "", name)
    abbreviated = re.sub(r"\b\w{1,4}\.", "", plain)
    if name[0].islower() or len(name.split()) > MOST_WORDS or _SENTENCE.search(abbreviated):
        return None
    return name, text[found.end() :]


def with_speakers(lines: Sequence[Line]) -> tuple[list[Line], Counter[str]]:
    """Lines without such prefixes, each with the speaker who has the word, and how often each was named.

    Nothing is changed where fewer than `FEWEST` lines begin with a name, or where no name comes twice among
    fewer than twice as many.
    """
    named = [name_before(line.text) for line in lines]
    counts = Counter(found[0] for found in named if found)
    if counts.total() < FEWEST or (len(counts) == counts.total() and counts.total() < 2 * FEWEST):
        return list(lines), Counter()
    made, speaker = [], None
    for line, found in zip(lines, named, strict=True):
        if found:
            speaker = found[0]
            made.append(replace(line, text=found[1].strip(), speaker=line.speaker or speaker))
        else:
            made.append(replace(line, speaker=line.speaker or speaker))
    return made, counts
