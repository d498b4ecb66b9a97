"""SubRip (SRT) and WebVTT: cues with times; mark-up is taken off, a voice tag names the speaker.

Files are read line by line, as people and tools write them: without blank lines between cues, with blank
lines in them, without numbers. A cue whose times cannot be read is set aside by its line. Captions that roll
(each shows the line before once more) are told once. Sources: the WebVTT recommendation of the W3C; SubRip
has none.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from govor.corpora.timed_text import TimedText, decode

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
_TIMES = re.compile(rf"\s*{_TIME}\s*-{{1,2}}>\s*{_TIME}(?:\s.*)?", re.ASCII)
_LIKE_TIMES = re.compile(r"\s*-?\d[\d:.,\s]*-{1,2}>|\s*[\w:.,]*\s*-->\s*[\d:.,]*\d[\d:.,]*\s*$", re.ASCII)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}")
_META = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")
MOST_HOUR_DIGITS = 6
ROLLING_GAP_S = 1.0
ROLLING_SHARE = 0.3
"""Of the cues that follow each other closely, so many show what was there before, in captions that roll."""
FEWEST_GROWING = 3
"""Lines that grow word by word do so more often than speakers repeat themselves."""


@dataclass
class Captions:
    """What an SRT or VTT file holds.

    Attributes:
        cues: in the order of the file.
        bad: number and text of lines with times that cannot be read.
        language: as a VTT's header tells.
        rolled: cues that showed lines of the one before.
    """

    cues: list[TimedText] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    language: str | None = None
    rolled: int = 0


@dataclass(frozen=True)
class _Shown:
    """A cue as it is shown: times, and lines with their mark-up, later without."""

    number: int
    start: float
    end: float
    lines: tuple[str, ...] = ()
    speaker: str | None = None


def read_cues(file: Path, timed: bool = True) -> Captions:
    """The cues of an SRT or VTT file.

    Args:
        file: the file.
        timed: cues whose times cannot be read are set aside; otherwise they take those of the cue before.

    Raises:
        TimedTextError: it is too large or holds NULs; the message names the line.
    """
    lines = decode(file).split("\n")
    web = file.suffix.lower() == ".vtt" or lines[0].startswith("WEBVTT")
    found = Captions(language=_language(lines) if web else None)
    shown = [_without_tags(cue, web) for cue in _shown_cues(lines, found, web, timed)]
    shown = [cue for cue in shown if cue.lines]
    told = _told_once(shown) if _rolls(shown) else shown
    same = {cue.number: cue.lines for cue in told}
    found.rolled = sum(same.get(cue.number) != cue.lines for cue in shown)
    found.cues = [TimedText(c.start, c.end, " ".join(c.lines), c.speaker, c.number) for c in told]
    return found


def _language(lines: Sequence[str]) -> str | None:
    """Of the header: the lines up to the first blank one."""
    for line in lines[1:]:
        if not line.strip() or "-->" in line:
            return None
        if match := re.fullmatch(r"Language:\s*([A-Za-z]{2,3}(?:-\w+)*)\s*", line):
            return match.group(1)
    return None


def _shown_cues(lines: Sequence[str], found: Captions, web: bool, timed: bool) -> list[_Shown]:
    """Cues with all lines up to the times of the next one; what belongs to none is left out."""
    places = [place for place, line in enumerate(lines) if _TIMES.fullmatch(line) or _LIKE_TIMES.match(line)]
    named = _are_named(lines, places)
    cues: list[_Shown] = []
    for place, following in pairwise([*places, len(lines)]):
        span = _span(_TIMES.fullmatch(lines[place]))
        if span is None:
            found.bad.append((place + 1, lines[place].strip()))
            if timed:
                continue
            span = (cues[-1].end, cues[-1].end) if cues else (0.0, 0.0)
        inside = list(lines[place + 1 : following])
        if following < len(lines) and _is_name(lines, following - 1, place, named, web):
            inside.pop()
        cues.append(_Shown(place + 1, *span, tuple(_without_notes(inside) if web else inside)))
    return cues


def _are_named(lines: Sequence[str], places: Sequence[int]) -> bool:
    """Whether the first cue has a number before its times."""
    return bool(places) and places[0] > 0 and lines[places[0] - 1].strip().isdigit()


def _is_name(lines: Sequence[str], place: int, times: int, named: bool, web: bool) -> bool:
    """Whether a line is the next cue's number, or its name in a VTT, and not the text of the one before."""
    line = lines[place].strip()
    if place <= times or not line:
        return False
    apart = place - 1 > times and not lines[place - 1].strip()
    return (line.isdigit() and (named or apart)) or (web and apart)


def _without_notes(lines: Sequence[str]) -> list[str]:
    """Lines without the blocks of a VTT that are not text: from NOTE, STYLE or REGION to a blank line."""
    kept: list[str] = []
    blank, note = False, False
    for line in lines:
        note = bool(line.strip()) and (note or (blank and _META.match(line) is not None))
        if not note:
            kept.append(line)
        blank = not line.strip()
    return kept


def _span(times: re.Match[str] | None) -> tuple[float, float] | None:
    if times is None:
        return None
    start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
    return None if start is None or end is None else (start, end)


def _seconds(parts: tuple[str | None, ...]) -> float | None:
    if len(parts[0] or "") > MOST_HOUR_DIGITS:
        return None
    hours, minutes, seconds = (int(part or "0") for part in parts[:3])
    if minutes > 59 or seconds > 59:
        return None
    return round(hours * 3600 + minutes * 60 + seconds + float(f"0.{parts[3] or 0}"), 6)


def _without_tags(cue: _Shown, web: bool) -> _Shown:
    voices = {html.unescape(voice).strip() for line in cue.lines for voice in _VOICE.findall(line)}
    plain = (_TAG.sub("", line) for line in cue.lines)
    texts = (" ".join((html.unescape(text) if web else text).split()) for text in plain)
    lines = tuple(text for text in texts if text)
    return replace(cue, lines=lines, speaker=voices.pop() if len(voices) == 1 else None)


def _rolls(cues: Sequence[_Shown]) -> bool:
    """Whether cue after cue shows lines of the one before, and some show new ones below."""
    pairs = [
        (one.lines, other.lines)
        for one, other in pairwise(cues)
        if one.start <= other.start <= one.end + ROLLING_GAP_S
    ]
    whole = [new for one, other in pairs if (new := _after_lines(one, other)) is not None]
    grown = [new for one, other in pairs if (new := _after_words(one, other)) is not None]
    related = len(whole) + (len(grown) if len(grown) >= FEWEST_GROWING else 0)
    advances = any(whole) or len(grown) >= FEWEST_GROWING
    return advances and related >= ROLLING_SHARE * len(pairs)


def _told_once(cues: Sequence[_Shown]) -> list[_Shown]:
    """Each cue with what it shows first; cues that show nothing new are left out."""
    told, before = [], _Shown(0, 0.0, 0.0)
    for cue in cues:
        close = cue.start <= before.end + ROLLING_GAP_S
        new = _after_lines(before.lines, cue.lines) if close else None
        if new is None and close:
            new = _after_words(before.lines, cue.lines)
        lines = cue.lines if new is None else new
        if lines:
            told.append(replace(cue, lines=lines))
        before = cue
    return told


def _after_lines(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...] | None:
    """The lines of `now` below those that ended `before`; None where it begins with none of them."""
    for count in range(min(len(before), len(now)), 0, -1):
        if before[-count:] == now[:count]:
            return now[count:]
    return None


def _after_words(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...] | None:
    """What `now` adds to the last line of `before`, and the lines below; None where it adds nothing to it."""
    for count in range(min(len(before), len(now)), 0, -1):
        line = now[count - 1]
        if before[-count:-1] == now[: count - 1] and line.startswith(f"{before[-1]} "):
            return (line[len(before[-1]) + 1 :], *now[count:])
    return None
