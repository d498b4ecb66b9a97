"""Letters of any script in Latin ones, roughly: for the comparison of two texts, never for people.

Most letters are spelt by their Unicode name, as uroman does it (Hermjakob, May and Knight, 2018): the name
of the letter ``ბ`` ends in BAN and begins with its sound. Cyrillic and Greek names say less, and have tables.
Han characters have no spelling in their names and stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяѓєѕіїјљњћќўџґђө",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "z",
            "z",
            "i",
            "i",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "c",
            "c",
            "s",
            "s",
            "",
            "y",
            "",
            "e",
            "u",
            "a",
            "g",
            "e",
            "z",
            "i",
            "i",
            "j",
            "l",
            "n",
            "c",
            "k",
            "u",
            "d",
            "g",
            "d",
            "o",
        ],
        strict=True,
    )
)
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρσςτυφχψω",
        [
            "a",
            "v",
            "g",
            "d",
            "e",
            "z",
            "i",
            "t",
            "i",
            "k",
            "l",
            "m",
            "n",
            "x",
            "o",
            "p",
            "r",
            "s",
            "s",
            "t",
            "i",
            "f",
            "h",
            "p",
            "o",
        ],
        strict=True,
    )
)
_TABLE = _CYRILLIC | _GREEK
_SYLLABLES = ("HIRAGANA", "KATAKANA", "HANGUL", "ETHIOPIC", "CHEROKEE", "CANADIAN", "VAI", "YI")
_INHERENT = [
    "DEVANAGARI",
    "BENGALI",
    "GURMUKHI",
    "GUJARATI",
    "ORIYA",
    "TAMIL",
    "TELUGU",
    "KANNADA",
    "MALAYALAM",
    "SINHALA",
    "TIBETAN",
    "MYANMAR",
    "KHMER",
    "BALINESE",
    "JAVANESE",
]
"""Scripts whose consonants are named with a vowel that a sign may replace: the consonants alone are kept."""
_NAME = re.compile(r"([A-Z-]+)(?: [A-Z-]+)*? (?:LETTER|SYLLABLE|CHARACTER|VOWEL SIGN)(?: [A-Z]+)*? ([A-Z]+)")
_DIGRAPHS = re.compile("(?<=[sczkgtdpb])h")


def script_of(text: str) -> str:
    """The script that most letters of `text` belong to, as Unicode names it; empty without letters."""
    counts = Counter[str]()
    for letter, count in Counter(text).items():
        if letter.isalpha():
            counts[_script(letter)] += count
    return max(counts, key=counts.__getitem__) if counts else ""


@lru_cache(maxsize=8192)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "").split(" ")[0]
    return "KANA" if name in ("HIRAGANA", "KATAKANA") else name


def romanised(text: str) -> str:
    """`text`, which is folded already, in Latin letters."""
    return "".join(map(_latin, text))


@lru_cache(maxsize=8192)
def _latin(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in _TABLE:
        return _TABLE[letter]
    found = _NAME.match(unicodedata.name(letter, ""))
    if found is None:
        return letter
    script, sound = found[1], found[2].lower()
    if script == "LATIN":
        return sound[:1]
    if script in _SYLLABLES:
        return sound
    return _sound(sound, script in _INHERENT)


def _sound(name: str, inherent: bool) -> str:
    """What the name of a letter begins with: its consonants, or a vowel."""
    consonants = re.match("[^aeiou]+", name)
    if consonants is None:
        return name[:1]
    return _DIGRAPHS.sub("", consonants[0]) if not inherent else _DIGRAPHS.sub("", consonants[0])[:2]
