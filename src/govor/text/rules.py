"""The rules of the normaliser: small, named, versioned, pure.

A rule's behaviour never changes under its version: a change is a new version beside the old one, because the
version travels with every model that was trained with it.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

DOTLESS_I_LANGUAGES = frozenset({"tr", "az", "crh", "gag", "kaa"})
"""Languages whose capital of ``ı`` is ``I`` and of ``i`` is ``İ`` (SpecialCasing.txt names tr and az)."""
APOSTROPHES = "'’‘＇"
JOINERS = "\u200c\u200d"
"""ZWNJ and ZWJ, which spell words in Persian and Indic scripts."""
LAST_PUNCTUATION = 0x20000
"""No punctuation and no symbol stands from here on."""
NEVER = "(?!)"
"""A regular expression that is found nowhere."""
LAST_OF_LATIN = "\u02ff"
"""Most texts need no more of Unicode looked through."""
LAST_OF_BASIC_PLANE = "\uffff"
"""A regular expression whose class goes beyond is forty times slower: it is kept for texts that need it."""


@dataclass(frozen=True)
class Context:
    """What rules may look at besides the text.

    Attributes:
        language: BCP 47 tag, or None.
        keep: characters that punctuation and symbols keep everywhere.
        exceptions: what punctuation keeps where it stands.
    """

    language: str | None = None
    keep: str = ""
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One step of a normaliser.

    Attributes:
        name: as ``[text] rules`` lists it.
        version: of its behaviour.
        summary: one line for people.
        apply: text and context to text.
    """

    name: str
    version: int
    summary: str
    apply: Callable[[str, Context], str]


def primary_language(tag: str | None) -> str:
    """The language subtag of a BCP 47 tag, lower-case: ``tr`` of ``tr-TR`` and ``TR_CY``."""
    return re.split(r"[-_]", tag or "", maxsplit=1)[0].lower()


def _lower(text: str, context: Context) -> str:
    if primary_language(context.language) in DOTLESS_I_LANGUAGES:
        text = text.replace("İ", "i").replace("I\u0307", "i").replace("I", "ı")
    return text.lower()


def _upper(text: str, context: Context) -> str:
    if primary_language(context.language) in DOTLESS_I_LANGUAGES:
        text = text.replace("i", "İ")
    return text.upper()


def _replace(text: str, categories: tuple[str, ...], put: str | Callable[[re.Match[str]], str]) -> str:
    """`text` with every character whose Unicode category begins with one of `categories` replaced."""
    return _of_category(categories, _last_looked_at(text)).sub(put, text)


def _last_looked_at(text: str) -> int:
    """The last code point of the plane that a text is in, or of the part of it that it needs."""
    highest = max(text, default="")
    for last in (LAST_OF_LATIN, LAST_OF_BASIC_PLANE):
        if highest <= last:
            return ord(last)
    return LAST_PUNCTUATION


@cache
def _of_category(categories: tuple[str, ...], last: int) -> re.Pattern[str]:
    known = _by_category(last)
    found = sorted(c for name, own in known.items() if name.startswith(categories) for c in own)
    return re.compile(f"[{''.join(map(re.escape, found))}]" if found else NEVER)


@cache
def _by_category(last: int) -> dict[str, str]:
    """The characters up to a code point, by their Unicode category."""
    found: dict[str, list[str]] = defaultdict(list)
    for character in map(chr, range(last + 1)):
        found[unicodedata.category(character)].append(character)
    return {name: "".join(own) for name, own in found.items()}


def _punctuation(text: str, context: Context) -> str:
    return _replace(text, ("P",), partial(_instead_of_punctuation, context=context))


def _instead_of_punctuation(match: re.Match[str], context: Context) -> str:
    character, text, at = match[0], match.string, match.start()
    if character in context.keep:
        return character
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if character == "." and "number_dot" in context.exceptions and before.isdecimal():
        return "."
    if character in APOSTROPHES and "apostrophe" in context.exceptions and _joins(before, after):
        return "'"
    return " "


def _joins(before: str, after: str) -> bool:
    """Whether a word goes on across an apostrophe: a letter, or a mark on one, on both sides."""
    return bool(before and after) and unicodedata.category(before)[0] in "LM" and after.isalpha()


def _symbols(text: str, context: Context) -> str:
    return _replace(text, ("S",), lambda match: match[0] if match[0] in context.keep else " ")


def _invisible(text: str, context: Context) -> str:
    return _replace(text, ("Cc", "Cf"), _instead_of_invisible)


def _instead_of_invisible(match: re.Match[str]) -> str:
    if match[0].isspace():
        return " "
    return match[0] if match[0] in JOINERS else ""


def _tags(text: str, context: Context) -> str:
    return re.sub(r"\[[^\[\]]*\]|<[^<>]*>", " ", text)


def _entities(text: str, context: Context) -> str:
    return html.unescape(text)


def _marks(text: str, context: Context) -> str:
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _replace(apart, ("M",), ""))


def _spaces(text: str, context: Context) -> str:
    return " ".join(text.split())


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "nfc",
            1,
            "Unicode NFC: letter and mark become one code point",
            lambda text, _: unicodedata.normalize("NFC", text),
        ),
        Rule(
            "nfkc",
            1,
            "Unicode NFKC: also ligatures, full-width and superscript forms",
            lambda text, _: unicodedata.normalize("NFKC", text),
        ),
        Rule("entities", 1, "HTML entities become their characters (&amp; becomes &)", _entities),
        Rule("invisible", 1, "control and format characters go (ZWNJ and ZWJ stay)", _invisible),
        Rule("tags", 1, "spans in [square] and <angle> brackets go", _tags),
        Rule("lower", 1, "lower-case with the language's casing (Turkish I becomes ı)", _lower),
        Rule("upper", 1, "upper-case with the language's casing (Turkish i becomes İ)", _upper),
        Rule(
            "punctuation",
            1,
            "every character of category P becomes a space; exceptions stay",
            _punctuation,
        ),
        Rule("symbols", 1, "every character of category S becomes a space", _symbols),
        Rule("marks", 1, "combining marks go (é becomes e); never for Indic scripts", _marks),
        Rule("spaces", 1, "runs of white space become one space, none at the ends", _spaces),
    )
}
