"""CHAT (``.cha``) of CHILDES and TalkBank: ``*SPK:`` lines with times in milliseconds.

The text is what is said: codes in brackets, events, pauses and marks of overlap are taken off; the source's
line is kept in ``chat``. Source: the CHAT manual of TalkBank, chapters 6 to 10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from govor.corpora.beside import TranscriptFile, first_files, read_beside, transcript_files
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError, decode
from govor.records import Rejection

NAME = "chat"
NEEDS = "CHAT files (.cha) beside the recordings that they name"
SETTINGS: tuple[str, ...] = ()
_BULLET = re.compile('\x15(?:%\\w+:"?([^"\x15]*?)"?_)?(\\d{1,12})_(\\d{1,12})-?\x15')
_CODES = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (r"\[[^\]]*\]", " "),  # [/], [= text], [: replacement], [% comment]
        (r"&=\S+|&\*\S+", " "),  # events and short turns of others
        (r"(?<!\S)\+[^\s\w]*\S?(?=\s|$)", " "),  # +... +/. +< ++ +"
        (r"\(\d*[.:]*\d*\.?\)", " "),  # pauses: (.) (1.5)
        (r"\((\w+)\)", ""),  # (be)cause: the part that was not said
        (r"(?<!\S)0\w*", " "),  # 0is: a word that was left out
        (r"&[-+~]?(?=\w)", ""),  # &-um, &+fr: fillers and fragments are said
        (r"(?<=\w)@\S+", ""),  # word@l: kinds of words
        (r"[<>⌈⌉⌊⌋↑↓→↗↘⁎°∆∇≈≋„‡ˈˌ\x01-\x08\x0b-\x1f\x7f]", ""),
        (r"(?<=\w):+(?=\w|\s|$)", ""),  # lengthened sounds
        (r"(?<=\w)_(?=\w)", " "),  # New_York
        (r"\s+(?=[.?!,;](?:\s|$))", ""),
    )
)
_UNCLEAR = re.compile(r"(?<!\w)(?:xxx|yyy|www)(?!\w)")


@dataclass(frozen=True)
class ChatLine:
    """A line of the main tier, continuation lines joined: who says what, where it stands."""

    number: int
    speaker: str
    text: str


def recognise(path: Path) -> str | None:
    """Looks for a CHAT file with its first lines."""
    for file in first_files(path, (".cha",)):
        if first_line(file).startswith(("@UTF8", "@Begin", "@Font", "@PID", "@Window")):
            return f"{file.name} is a CHAT transcript"
    return None


def read(source: Source) -> Reading:
    """Opens all CHAT files below a folder; one without any times is one row for the whole recording."""
    return read_beside(source, transcript_files(source.path, (".cha",)), _parse, NEEDS)


def said_in(text: str) -> str:
    """What is said in a line of the main tier, without codes."""
    for pattern, by in _CODES:
        text = pattern.sub(by, text)
    return " ".join(text.split())


def _parse(file: Path) -> TranscriptFile:
    lines = decode(file).split("\n")
    if not any(line.startswith(("@Begin", "@UTF8")) for line in lines[:20]):
        raise TimedTextError(1, "it does not begin as a CHAT file")
    heads = dict(_heads(lines))
    media = heads.get("@Media", "").split(",")[0].strip().strip('"')
    languages = heads.get("@Languages", "").replace(",", " ").split()
    said = list(_main_lines(lines))
    timed = [line for line in said if _BULLET.search(line.text)]
    rows = [_row(file, line) for line in said] if timed else _whole(said)
    tag = languages[0] if len(languages) == 1 else None
    return TranscriptFile(
        [row if isinstance(row, Rejection) else row | {"language": tag} for row in rows],
        (media,) if media else (),
    )


def _heads(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, colon, value = line.partition(":\t")
        if line.startswith("@") and colon:
            yield name, value


def _main_lines(lines: list[str]) -> Iterator[ChatLine]:
    current: ChatLine | None = None
    for number, line in enumerate(lines, 1):
        if line.startswith("\t"):
            current = (
                ChatLine(current.number, current.speaker, f"{current.text} {line[1:]}") if current else None
            )
            continue
        if current:
            yield current
        who, colon, text = line.partition(":")
        current = ChatLine(number, who[1:].strip(), text.strip()) if line.startswith("*") and colon else None
    if current:
        yield current


def _row(file: Path, line: ChatLine) -> Row | Rejection:
    times = _BULLET.findall(line.text)
    source = _BULLET.sub("", line.text).strip()
    if not times:
        return rejected_line(file, line.number, "no_times", "the line has no times, but other lines have")
    if _UNCLEAR.search(source):
        return rejected_line(file, line.number, "unintelligible", f"a part could not be heard: {source[:60]}")
    start, end = min(int(t[1]) for t in times) / 1000, max(int(t[2]) for t in times) / 1000
    row: Row = {"start": start, "end": end, "text": said_in(source), "chat": source}
    return row | {"speaker": line.speaker, "_line": line.number}


def _whole(said: list[ChatLine]) -> list[Row | Rejection]:
    if not said:
        return []
    speakers = {line.speaker for line in said}
    text = " ".join(said_in(line.text) for line in said)
    return [
        {"text": text, "speaker": speakers.pop() if len(speakers) == 1 else None, "_line": said[0].number}
    ]
