"""Numbers in a text, in all the ways in which they may be read.

The readings are those of CLDR's rule-based number formats (package ``unicode-rbnf``); they serve the match
alone, the text stays as it is.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unicode_rbnf import RbnfEngine

MOST_DIGITS = 15
_GROUPED = re.compile(r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?!\d)|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)")
_DIGITS = re.compile(r"\d+")
_DECIMAL = re.compile(r"(?<![\d.,])(\d+)[.,](\d+)(?![.,]?\d)")
_ROMAN = re.compile(r"\W*(M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))\W*")
_ROMAN_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_PLAIN = re.compile(r"\W*\d+\W*")
_SYMBOLS = re.compile(r"[^\w\s.,:;!?()\[\]\"'»«„“”’‘…–—-]")
_ABBREVIATION = re.compile(r"\W*((?:[a-zà-ž]{1,4}\.)*[a-zà-ž]{2,4})\.\W*")
_ABBREVIATIONS = frozenset(re.findall(r"\w+", "itd itn atd apod osv usw etc ecc ayb ssk yms jne"))
_VOWELS = frozenset("aeiouyæøœəɛɔ")
_ALIASES = {"nb": "no", "tl": "fil", "iw": "he", "in": "id", "sh": "hr", "mo": "ro"}
"""Names of languages that the rules have under others."""


def has_digits(word: str) -> bool:
    """Whether a word holds a number."""
    return any(map(str.isdecimal, word))


def is_number(word: str) -> bool:
    """Whether a word may be read as a number: it has digits, or is a Roman numeral."""
    return has_digits(word) or roman_value(word) > 0


def is_more_than_digits(word: str) -> bool:
    """Whether people may say more than its numbers: ``50 %``, ``10:30``, ``3. 5. 2020.``, ``3,5``, ``A4``."""
    return has_digits(word) and (_PLAIN.fullmatch(word) is None or _SYMBOLS.search(word) is not None)


def is_abbreviation(word: str) -> bool:
    """Whether a word is surely short for others that people say in full: ``itd.``, ``t.ex.``, ``npr.``."""
    found = _ABBREVIATION.fullmatch(word)
    if found is None:
        return False
    letters = unicodedata.normalize("NFD", found[1].casefold())
    return "." in letters or letters in _ABBREVIATIONS or _VOWELS.isdisjoint(letters)


def roman_value(word: str) -> int:
    """The number that Roman capitals write; 0 where a word is none."""
    found = _ROMAN.fullmatch(word)
    values = [_ROMAN_VALUES[letter] for letter in found[1]] if found else []
    return sum(-one if one < other else one for one, other in zip(values, [*values[1:], 0], strict=False))


def readings(word: str, language: str | None) -> tuple[str, ...]:
    """What a number may sound like: cardinal, ordinal, year, digit by digit, as a decimal.

    Args:
        word: as written, such as ``1984.``, ``3,5`` or ``XIV.``.
        language: BCP 47 tag; a language without rules gives no reading.
    """
    return _readings(word, (language or "").replace("-", "_"))


@lru_cache(maxsize=1 << 14)
def _readings(word: str, language: str) -> tuple[str, ...]:
    engine = _engine(language)
    if engine is None:
        return ()
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in word)
    if roman := roman_value(plain):
        plain = _ROMAN.sub(str(roman), plain, count=1)
    joined = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), plain)
    forms = dict.fromkeys([plain, joined])
    found: dict[str, None] = {}
    for form in forms:
        ways = [_readings_of(engine, group) for group in _DIGITS.findall(form)]
        for way in dict.fromkeys(name for group in ways for name in group):
            spoken = iter([group.get(way, next(iter(group.values()))) for group in ways])
            found.setdefault(_DIGITS.sub(lambda _, said=spoken: f" {next(said)} ", form).strip())  # type: ignore[misc]
    if _DECIMAL.search(plain):
        found.setdefault(
            _DECIMAL.sub(lambda digits: f" {_decimal(engine, *digits.groups())} ", plain).strip()
        )
    return tuple(found)


def _decimal(engine: RbnfEngine, whole: str, part: str) -> str:
    """A decimal number as it is read, or the digits as they are."""
    said = _reading(engine, Decimal(f"{whole}.{part}"), None) if len(whole) <= MOST_DIGITS else {}
    return next(iter(said.values()), f"{whole} {part}")


def _readings_of(engine: Any, digits: str) -> dict[str, str]:
    """The readings of a number by their kind."""
    from unicode_rbnf import FormatPurpose

    single = " ".join(_reading(engine, int(digit), None).get("spellout-numbering", digit) for digit in digits)
    if len(digits) > MOST_DIGITS:
        return {"digits": single}
    number = int(digits)
    found: dict[str, str] = {}
    for purpose in (None, FormatPurpose.ORDINAL, FormatPurpose.YEAR):
        found |= {f"{purpose}:{name}": said for name, said in _reading(engine, number, purpose).items()}
    return {**found, "digits": single} if len(digits) > 1 else found or {"digits": single}


def _reading(engine: Any, number: int | Decimal, purpose: Any) -> dict[str, str]:
    try:
        made = engine.format_number(number, purpose) if purpose else engine.format_number(number)
    except (ValueError, KeyError, RecursionError):  # a language without rules of this kind
        return {}
    return {name: said.replace("\u00ad", "") for name, said in made.text_by_ruleset.items()}


@lru_cache(maxsize=8)
def _engine(language: str) -> Any:
    """The rules of a language, or None."""
    from unicode_rbnf import RbnfEngine

    known = RbnfEngine.get_supported_languages()
    primary = language.split("_")[0].lower()
    for name in (language, primary, _ALIASES.get(primary, "")):
        if name in known:
            return RbnfEngine.for_language(name)
    return None
