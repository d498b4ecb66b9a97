"""Numbers in a text, in all the ways in which they may be read.

The readings are those of CLDR's rule-based number formats (package ``unicode-rbnf``); they serve the match
alone, the text stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

MOST_DIGITS = 15
_GROUPED = re.compile(r"\d{1,3}(?:[.,'’\u00a0\u202f]\d{3})+(?!\d)")
_DIGITS = re.compile(r"\d+")


def has_digits(word: str) -> bool:
    """Whether a word holds a number."""
    return any(map(str.isdecimal, word))


def readings(word: str, language: str | None) -> tuple[str, ...]:
    """What a word with digits may sound like: cardinal, ordinal, year, digit by digit.

    Args:
        word: as written, such as ``1984.`` or ``3,5``.
        language: BCP 47 tag; a language without rules gives no reading.
    """
    return _readings(word, (language or "").replace("-", "_"))


@lru_cache(maxsize=1 << 14)
def _readings(word: str, language: str) -> tuple[str, ...]:
    engine = _engine(language)
    if engine is None:
        return ()
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in word)
    joined = _GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), plain)
    forms = dict.fromkeys([plain, joined])
    found: dict[str, None] = {}
    for form in forms:
        ways = [_readings_of(engine, group) for group in _DIGITS.findall(form)]
        for way in dict.fromkeys(name for group in ways for name in group):
            spoken = iter([group.get(way, next(iter(group.values()))) for group in ways])
            found.setdefault(_DIGITS.sub(lambda _, said=spoken: f" {next(said)} ", form).strip())  # type: ignore[misc]
    return tuple(found)


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


def _reading(engine: Any, number: int, purpose: Any) -> dict[str, str]:
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
    for name in (language, language.split("_")[0].lower()):
        if name in known:
            return RbnfEngine.for_language(name)
    return None
