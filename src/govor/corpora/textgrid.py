"""Praat TextGrids, long and short form, UTF-8 or UTF-16.

Both forms are one sequence of numbers, strings and flags, once the words between them are passed over.
Source: Praat manual, "TextGrid file formats".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from govor.corpora.timed_text import Tier, TimedText, TimedTextError, decode

MOST_COUNTED = 1e9
_TOKEN = re.compile(
    r'"(?P<string>(?:[^"]|"")*)"|(?P<flag><exists>|<absent>)|(?<![\w\[.])(?P<number>-?\d[\d.eE+-]*)(?![\w\]])'
)


def read_textgrid(file: Path) -> list[Tier]:
    """The interval tiers of a TextGrid.

    Raises:
        TimedTextError: it is not a TextGrid, or ends in the middle; the message names the line.
    """
    tokens = _Tokens(decode(file))
    if tokens.string() != "ooTextFile" or tokens.string() != "TextGrid":
        raise TimedTextError(1, "it does not begin as a Praat TextGrid")
    tokens.number(), tokens.number()
    if tokens.take("flag") != "<exists>":
        return []
    return [tier for _ in range(tokens.count()) if (tier := _tier(tokens)) is not None]


def _tier(tokens: _Tokens) -> Tier | None:
    kind, name = tokens.string(), tokens.string()
    tokens.number(), tokens.number()
    count = tokens.count()
    if kind == "IntervalTier":
        return Tier(name, tuple(_interval(tokens) for _ in range(count)))
    if kind != "TextTier":
        raise TimedTextError(tokens.line, f"a tier is an IntervalTier or a TextTier, not {kind}")
    for _ in range(count):
        tokens.number(), tokens.string()
    return None


def _interval(tokens: _Tokens) -> TimedText:
    start, end = tokens.number(), tokens.number()
    line = tokens.line
    return TimedText(start, end, tokens.string(), line=line)


@dataclass
class _Tokens:
    """The numbers, strings and flags of a TextGrid, one after the other."""

    text: str
    position: int = 0
    line: int = 1

    def take(self, kind: str) -> str:
        match = _TOKEN.search(self.text, self.position)
        if match is None:
            raise TimedTextError(self.line, "it ends in the middle of a tier")
        self.line += self.text.count("\n", self.position, match.start())
        if match.lastgroup != kind:
            raise TimedTextError(self.line, f"a {kind} is expected, not {match.group()[:40]}")
        self.line += match.group().count("\n")
        self.position = match.end()
        return match.group(kind)

    def string(self) -> str:
        return self.take("string").replace('""', '"')

    def number(self) -> float:
        raw = self.take("number")
        try:
            return float(raw)
        except ValueError:
            raise TimedTextError(self.line, f"{raw} is not a number") from None

    def count(self) -> int:
        number = self.number()
        if not 0 <= number < MOST_COUNTED or number != int(number):
            raise TimedTextError(self.line, f"{number} is not a count")
        return int(number)
