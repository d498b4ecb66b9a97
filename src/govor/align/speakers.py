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
_CLOCK = r"[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?"
_COLON = r"(?::(?:\s+|$|(?=[^\W\d_]))|：)\s*"
_PREFIX = re.compile(
    rf"\s*(?:{_CLOCK}\s*)?(?:[-–—•]\s*)?(?:{_CLOCK}\s*)?(\w[^:：\n]{{0,{LONGEST_NAME - 1}}}?)\s*"
    rf"(?:[\[(]{_CLOCK}[\])]\s*|{_CLOCK}\s*)?{_COLON}"
)
"""A name and a colon; perhaps a time, as transcription programs write it, before or behind the name."""
_SENTENCE = re.compile(r"[.!?…]\s+\S|[;!?…]|[.]{2}")
_DIGITS = re.compile(r"\d+")


def name_before(text: str) -> tuple[str, str] | None:
    """The name that a line begins with, and the rest of it; None where it begins with none."""
    found = _PREFIX.match(text)
    if found is None:
        return None
    name = found[1].strip()
    plain = re.sub(r"\([^)]*\)", "", name)
    abbreviated = re.sub(r"\b\w{1,4}\.", "", plain)
    if not any(map(str.isalpha, name)) or len(name.split()) > MOST_WORDS or _SENTENCE.search(abbreviated):
        return None
    return name, text[found.end() :]


def with_speakers(lines: Sequence[Line]) -> tuple[list[Line], Counter[str]]:
    """Lines without such prefixes, each with the speaker who has the word, and how often each was named."""
    named = [name_before(line.text) for line in lines]
    counts = Counter(found[0] for found in named if found)
    taken = _taken(counts, all(found for found, line in zip(named, lines, strict=True) if line.text))
    if not taken:
        return list(lines), Counter()
    made, speaker = [], None
    for line, found in zip(lines, named, strict=True):
        if found and found[0] in taken:
            speaker = found[0]
            made.append(replace(line, text=found[1].strip(), speaker=line.speaker or speaker, turn=True))
        else:
            made.append(replace(line, speaker=line.speaker or speaker))
    return made, Counter({name: count for name, count in counts.items() if name in taken})


def _taken(counts: Counter[str], everywhere: bool) -> set[str]:
    """The names that are speakers.

    A name that comes again is one. A name that comes once is one if it looks like those, or if every line
    has a name (`everywhere`); where none comes again, there must be twice as many as otherwise. What does not
    look like a name (small letters, a comma, a number first) has to come `FEWEST` times.
    """
    again = {name for name, count in counts.items() if count >= (FEWEST if _is_odd(name) else 2)}
    once = {name for name, count in counts.items() if count == 1 and not _is_odd(name)}
    if again:
        taken = again | {name for name in once if everywhere or _is_like(name, again)}
    else:
        taken = {name for name in once if not _DIGITS.search(name) and (name.isupper() or _is_full(name))}
    least = FEWEST if again else 2 * FEWEST
    return taken if sum(counts[name] for name in taken) >= least else set()


def _is_odd(name: str) -> bool:
    return not name[0].isalpha() or name[0].islower() or "," in re.sub(r"\([^)]*\)", "", name)


def _is_like(name: str, others: set[str]) -> bool:
    """Whether a name has the form of others: their capitals, several words as in names, or a word of theirs.

    With a number (``Speaker 2``) it must be one of a series that the others are of.
    """
    if _DIGITS.search(name):
        return _DIGITS.sub("#", name) in {_DIGITS.sub("#", other) for other in others}
    if name.isupper():
        return any(other.isupper() for other in others)
    words = {word for other in others for word in other.split()}
    return _is_full(name) or not words.isdisjoint(name.split())


def _is_full(name: str) -> bool:
    """Whether it has several words, the first and the last with capitals where the script has them."""
    words = [word for word in re.sub(r"\([^)]*\)", "", name).split() if word[0].isalpha()]
    return len(words) > 1 and not any(word[0].islower() for word in (words[0], words[-1]))
