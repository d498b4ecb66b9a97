"""Texts as a report shows them: never endless, and with what cannot be seen made visible."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

LONGEST = 300
"""Characters of a text that are shown."""
LONGEST_CHANGE = 120
"""Characters of each of two texts that show what a rule changes."""
BEFORE_CHANGE = 40
"""Characters shown before the first difference of two long texts."""
_HIDDEN = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))
_BOX = Markup('<span class="hidden" title="{}">{}</span>')


def cut(text: str, first: int = 0, longest: int = LONGEST) -> str:
    """At most `longest` characters of a text from its `first` on; what is left out is counted."""
    rest = len(text) - first - longest
    more = f" … ({rest:,} more characters)" if rest > 0 else ""
    return f"{'… ' if first else ''}{text[first : first + longest]}{more}"


def visible(text: str | None, *, seek: bool = False) -> Markup:
    """A text with its invisible characters as boxes with their numbers.

    Args:
        text: as the corpus has it; None is nothing.
        seek: begin near the first invisible character where it lies far behind.
    """
    text = text or ""
    hidden = next((n for n, c in enumerate(text) if unicodedata.category(c) in _HIDDEN), 0) if seek else 0
    first = hidden - BEFORE_CHANGE if hidden > LONGEST // 2 else 0
    return Markup("").join(_markup(character, False, False) for character in cut(text, first))


def change(before: str, after: str) -> tuple[Markup, Markup]:
    """Both texts where they differ first, with what else could not be told apart made visible."""
    same = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    longest = max(len(before), len(after))
    first = max(0, same - BEFORE_CHANGE) if longest > LONGEST_CHANGE else 0
    marks = unicodedata.normalize("NFC", before) == unicodedata.normalize("NFC", after)
    spaces = before.split() == after.split()
    one, other = (
        Markup("").join(_markup(c, marks, spaces) for c in cut(text, first, LONGEST_CHANGE))
        for text in (before, after)
    )
    return one, other


def _markup(character: str, marks: bool, spaces: bool) -> Markup:
    kind = unicodedata.category(character)
    hidden = kind in _HIDDEN or (kind == "Zs" and character != " ") or (marks and kind.startswith("M"))
    if hidden:
        name = unicodedata.name(character, "control character")
        return _BOX.format(name, f"U+{ord(character):04X}")
    if spaces and character == " ":
        return Markup('<span class="faint">␣</span>')
    return escape(character)
