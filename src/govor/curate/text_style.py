"""How texts are written: cut at a length, one beginning for all, mixed styles, spellings of names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

LEAST_TEXTS = 20
CUT_CHARACTERS, CUT_WORDS = 20, 4
"""A shorter longest text is a design: digits, commands."""
CUT_COUNT, CUT_SHARE, CUT_TIMES = 6, 0.05, 4.0
"""Texts at the greatest length, at least, and times as many as at the lengths below it."""
CUT_BELOW = 5
OPEN_SHARE = 0.4
"""Of cut texts that end with an end mark all the same, at most."""
SAME_WORDS_SHARE = 0.8
MOST_SAME_WORDS = 4
STYLE_SHARE, STYLE_COUNT = 0.15, 10
STYLE_WORDS = 3
END_MARKS = ".?!…。？！।؟۔።"


@dataclass(frozen=True)
class CommonLength:
    """Texts that end at one length.

    Attributes:
        length: that.
        unit: ``characters`` or ``words``.
        rows: places of the texts.
    """

    length: int
    unit: str
    rows: tuple[int, ...]


def cut_texts(texts: Sequence[str]) -> CommonLength | None:
    """Whether texts pile up at their greatest length, in characters or in words, as cut ones do."""
    plain = [text.strip() for text in texts]
    counted: tuple[tuple[str, int, Callable[[str], int]], ...] = (
        ("characters", CUT_CHARACTERS, len),
        ("words", CUT_WORDS, lambda text: len(text.split())),
    )
    for unit, least, size in counted:
        rows = _piled([size(text) for text in plain], least, 2 if unit == "characters" else 1)
        rest = [text for row, text in enumerate(plain) if row not in set(rows)]
        if rows and _is_open([plain[row] for row in rows], rest, needs_rest=unit == "words"):
            return CommonLength(max(size(plain[row]) for row in rows), unit, tuple(rows))
    return None


def _piled(sizes: Sequence[int], least: int, width: int) -> list[int]:
    """Rows of the greatest sizes (`width` of them), where many more have these than those just below."""
    most = max(sizes, default=0)
    if len(sizes) < LEAST_TEXTS or most < least:
        return []
    top = [row for row, size in enumerate(sizes) if size > most - width]
    below = sum(most - width - CUT_BELOW * width < size <= most - width for size in sizes) / CUT_BELOW
    many = len(top) >= max(CUT_COUNT, CUT_SHARE * len(sizes), CUT_TIMES * below)
    return top if many else []


def _is_open(cut: Sequence[str], rest: Sequence[str], needs_rest: bool) -> bool:
    """Whether texts lack the end marks that the others have: one length by itself may be a design.

    Args:
        cut: texts of the greatest length.
        rest: shorter ones.
        needs_rest: whether there must be some, with end marks.
    """

    def ended(texts: Sequence[str]) -> float:
        return sum(text[-1:] in END_MARKS for text in texts) / max(len(texts), 1)

    if ended(cut) > OPEN_SHARE or len({len(text.split()) for text in [*cut, *rest]}) == 1:
        return False
    return not needs_rest or (len(rest) >= LEAST_TEXTS // 4 and ended(rest) >= 0.5)


def shared_words(texts: Sequence[str]) -> tuple[str, str, int] | None:
    """Words that most different texts begin or end with: ``first`` or ``last``, they, and in how many."""
    words = [text.split() for text in dict.fromkeys(texts)]
    usable = [one for one in words if len(one) >= STYLE_WORDS]
    if len(usable) < LEAST_TEXTS or len(usable) < 0.5 * len(words):
        return None
    for place in ("first", "last"):
        shared, count = "", 0
        for size in range(1, MOST_SAME_WORDS + 1):
            pieces = (" ".join(one[:size] if place == "first" else one[-size:]) for one in usable)
            piece, found = Counter(pieces).most_common(1)[0]
            if found < SAME_WORDS_SHARE * len(usable):
                break
            shared, count = piece, found
        if shared:
            return place, shared, count
    return None


def casing_of(text: str) -> str | None:
    """``upper case``, ``lower case`` or ``sentence case``; None where letters have no case, or are few."""
    letters = [c for c in text if c.isupper() or c.islower()]
    if len(text.split()) < STYLE_WORDS or not letters:
        return None
    if all(c.isupper() for c in letters):
        return "upper case"
    return "lower case" if all(c.islower() for c in letters) else "sentence case"


def ending_of(text: str) -> str | None:
    """``an end mark`` or ``no end mark``; None for a few words."""
    if len(text.split()) < STYLE_WORDS:
        return None
    return "an end mark" if text.rstrip("\"'”’»)")[-1:] in END_MARKS else "no end mark"


def form_of(text: str) -> str | None:
    """``composed`` or ``decomposed``; None where there is nothing to compose."""
    composed, apart = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    if composed == apart:
        return None
    return "composed" if text == composed else "decomposed"


def mixture(styles: Iterable[str | None], share: float = STYLE_SHARE) -> dict[str, list[int]] | None:
    """Rows of each style where at least two are common, most common first; None where one rules."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, style in enumerate(styles):
        if style is not None:
            rows[style].append(row)
    ordered = dict(sorted(rows.items(), key=lambda item: -len(item[1])))
    total = sum(map(len, ordered.values()))
    second = sorted(map(len, ordered.values()))[-2:-1]
    return ordered if second and second[0] >= max(STYLE_COUNT, share * total) else None


def one_spelling(name: str) -> str:
    """A speaker's name without case, marks between its parts, and zeros in front of numbers."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"(?<!\d)0+(?=\d)", "", "".join(c if c.isalnum() else " " for c in plain)).replace(" ", "")


def spellings(names: Iterable[str]) -> dict[str, list[str]]:
    """Names that differ in spelling alone, by what they have in common."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        if key := one_spelling(name):
            found[key].append(name)
    return {key: written for key, written in found.items() if len(written) > 1}
