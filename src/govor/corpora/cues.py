"""SubRip (SRT) and WebVTT: cues with times; mark-up is taken off, a voice tag names the speaker."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.timed_text import Cue, Tier, TimedTextError, decode

_TIME = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}")
_NO_CUES = ("WEBVTT", "NOTE", "STYLE", "REGION")


def read_cues(file: Path) -> list[Tier]:
    """The cues of an SRT or VTT file, as one tier.

    Raises:
        TimedTextError: a block has no readable times; the message names the line.
    """
    web = file.suffix.lower() == ".vtt"
    text = decode(file)
    if web and not text.startswith("WEBVTT"):
        raise TimedTextError(1, "it does not begin with WEBVTT")
    cues = [_cue(number, block, web) for number, block in _blocks(text) if not (web and _is_meta(block))]
    return [Tier(file.stem, tuple(cues))]


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Runs of lines that are not blank, with the number of their first line."""
    block: list[str] = []
    first = 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if line.strip():
            first = first if block else number
            block.append(line)
        elif block:
            yield first, block
            block = []


def _is_meta(block: list[str]) -> bool:
    return block[0].startswith(_NO_CUES) and not any("-->" in line for line in block[:2])


def _cue(first: int, block: list[str], web: bool) -> Cue:
    index = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
    if index is None:
        raise TimedTextError(first, f"a line with --> is expected, not {block[0][:40]!r}")
    times = _TIMES.fullmatch(block[index])
    if times is None:
        raise TimedTextError(first + index, f"these times cannot be read: {block[index][:60]!r}")
    raw = " ".join(line.strip() for line in block[index + 1 :])
    voices = _VOICE.findall(raw)
    text = _TAG.sub("", raw)
    text = " ".join((html.unescape(text) if web else text).split())
    speaker = voices[0].strip() if len(set(voices)) == 1 else None
    return Cue(_seconds(times.groups()[:4]), _seconds(times.groups()[4:]), text, speaker, first + index)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((fraction or "0").ljust(3, "0")) / 1000
