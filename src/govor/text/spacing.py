"""Scripts that write no spaces between words: where their texts may be parted, and how they are joined."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_SPACES_NOWHERE = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese and Japanese."""
_SPACES_BETWEEN_PHRASES = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
"""Thai, Lao, Tibetan, Burmese and Khmer."""
_WIDE_MARKS = "\u3000-\u303f\uff00-\uffef"
_UNSPACED = re.compile(f"[{_SPACES_NOWHERE}{_SPACES_BETWEEN_PHRASES}]")
_BETWEEN_UNSPACED = re.compile(f"(?<={_UNSPACED.pattern}) (?={_UNSPACED.pattern})")
_WIDE = re.compile(f"[{_SPACES_NOWHERE}{_WIDE_MARKS}]")
_WIDE_MARK = re.compile(f"[{_WIDE_MARKS}]")
_GOES_BEFORE = "เแโใไເແໂໃໄ"
"""Vowels that are written before their consonant."""
_GOES_BEHIND = "ะาำๅๆฯະາຳຽໆ々ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
"""Signs that never begin a line."""


def is_unspaced(character: str) -> bool:
    """Whether it belongs to a script that writes no spaces between words."""
    return bool(_UNSPACED.match(character))


def words_of(text: str) -> list[str]:
    """What stands between spaces; in scripts that write none, the characters with their marks."""
    if not _UNSPACED.search(text):
        return text.split()
    return [piece for word in text.split() for piece in pieces(word)]


def closed(text: str) -> str:
    """Single spaces between words, and none in scripts that write none, where they are a matter of taste."""
    spaced = " ".join(text.split())
    return _BETWEEN_UNSPACED.sub("", spaced) if _UNSPACED.search(spaced) else spaced


def is_mostly_unspaced(texts: Iterable[str]) -> bool:
    """Whether more than half of the letters belong to scripts that write no spaces."""
    unspaced = letters = 0
    for text in texts:
        unspaced += len(_UNSPACED.findall(text))
        letters += sum(map(str.isalpha, text))
    return 2 * unspaced > letters > 0


def pieces(word: str) -> list[str]:
    """What a word without spaces can be parted into: itself, or the characters of an unspaced script.

    Marks stay with the character they belong to, and signs that close with what is before them.
    """
    made: list[str] = []
    for character in word:
        if made and _holds(made[-1], character):
            made[-1] += character
        else:
            made.append(character)
    return made


def _holds(piece: str, character: str) -> bool:
    if character in _GOES_BEHIND or piece[-1] in _GOES_BEFORE:
        return True
    if unicodedata.category(character) in ("Mn", "Mc", "Me", "Pe", "Pf", "Po", "Cf"):
        return True
    if unicodedata.category(piece[-1]) in ("Ps", "Pi", "Cf"):
        return True
    return not is_unspaced(character) and not is_unspaced(piece[0])


def space_between(left: str, right: str) -> str:
    """What stands between two texts that follow one another: a space, or nothing in Chinese and Japanese."""
    if not left or not right or _WIDE_MARK.match(left[-1]) or _WIDE_MARK.match(right[0]):
        return ""
    return "" if _WIDE.match(left[-1]) and _WIDE.match(right[0]) else " "


def joined(texts: Sequence[str]) -> str:
    """Texts that follow one another as one, empty ones left out."""
    whole = ""
    for text in texts:
        whole += space_between(whole, stripped := text.strip()) + stripped
    return whole


def spaces_before(words: Sequence[str], text: str) -> list[str]:
    """What `text` has before each of its words: a space, or nothing.

    Args:
        words: of the text, in order.
        text: as it was written; where it lacks a word, the scripts decide.
    """
    found, at = [], 0
    for number, word in enumerate(words):
        place = text.find(word, at)
        if place < 0:
            found.append(space_between(words[number - 1], word) if number else "")
            continue
        found.append(" " if number and any(map(str.isspace, text[at:place])) else "")
        at = place + len(word)
    return found


def columns(text: str) -> int:
    """Its width on a screen, where Chinese, Japanese and Korean characters are as wide as two letters."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
