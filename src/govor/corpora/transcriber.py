"""Transcriber (``.trs``): turns of speakers, cut at sync points.

Source: the document type "trans-14" of Transcriber 1.5. The files point to it; it is never opened.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import TranscriptFile, first_files, read_beside, transcript_files
from govor.corpora.lines import rejected_line
from govor.corpora.numbers import number
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.safe_xml import line_of, read_xml
from govor.records import Rejection

NAME = "transcriber"
NEEDS = "Transcriber's .trs files beside recordings of the same name"
SETTINGS: tuple[str, ...] = ()


def recognise(path: Path) -> str | None:
    """Looks for a file of Transcriber."""
    for file in first_files(path, (".trs",)):
        if b"<Trans" in file.read_bytes()[:4096]:
            return f"{file.name} is of Transcriber"
    return None


def read(source: Source) -> Reading:
    """Opens all files of Transcriber below a folder."""
    return read_beside(source, transcript_files(source.path, (".trs",)), _parse, NEEDS)


def _parse(file: Path) -> TranscriptFile:
    root = read_xml(file, "Trans")
    speakers = {s.get("id", ""): s for s in root.iter("Speaker")}
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    rows = [row for turn in root.iter("Turn") for row in _turn(file, turn, speakers, language)]
    audio = root.get("audio_filename")
    return TranscriptFile(rows, (audio,) if audio else ())


def _turn(
    file: Path, turn: ET.Element, speakers: dict[str, ET.Element], language: str | None
) -> Iterator[Row | Rejection]:
    """The turn's stretches between sync points; people who talk at once have a row each."""
    who = (turn.get("speaker") or "").split()
    for start, end, line, said in _stretches(turn):
        for place, text in said.items():
            name = who[place] if place < len(who) else None
            known = speakers.get(name or "")
            row: Row = {"text": " ".join(text.split()), "language": language, "_line": line}
            row["speaker"] = (known.get("name") if known is not None else None) or name
            row["gender"] = known.get("type") if known is not None else None
            if row["text"]:
                yield _timed(file, row, start, end)


def _timed(file: Path, row: Row, start: str | None, end: str | None) -> Row | Rejection:
    times = number(start), number(end)
    if None in times:
        return rejected_line(file, row["_line"], "bad_times", f"{start} to {end} are not times")
    return row | {"start": times[0], "end": times[1]}


def _stretches(turn: ET.Element) -> Iterator[tuple[str | None, str | None, int, dict[int, str]]]:
    """Start, end, line, and what each speaker of the turn says, by number from 0."""
    start, line, place = turn.get("startTime"), line_of(turn), 0
    said = {0: turn.text or ""}
    for mark in turn:
        if mark.tag == "Sync":
            yield start, mark.get("time"), line, said
            start, line, place, said = mark.get("time"), line_of(mark), 0, {}
        elif mark.tag == "Who":
            place = int(nb) - 1 if (nb := mark.get("nb", "1")).isdecimal() and nb != "0" else 0
        said[place] = f"{said.get(place, '')} {mark.tail or ''}"
    yield start, turn.get("endTime"), line, said
