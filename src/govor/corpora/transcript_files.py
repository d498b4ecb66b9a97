"""Transcripts of Whisper and its relatives beside the recordings: JSON and TSV.

JSON of openai-whisper, faster-whisper, WhisperX, whisper-timestamped, whisper.cpp, of the OpenAI API
(``verbose_json``), of transformers (``chunks``), and govor's own. TSV: ``start``, ``end``, ``text``, times in
milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from govor.corpora.beside import (
    Recordings,
    TranscriptFile,
    first_files,
    read_beside,
    transcript_files,
)
from govor.corpora.json_items import JsonItems
from govor.corpora.lines import first_line, read_lines, rejected_line
from govor.corpora.numbers import number
from govor.corpora.reader import Reading, Source, root_of
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError
from govor.records import Rejection

NAME = "whisper"
NEEDS = "Whisper's, WhisperX's or govor's .json or .tsv transcripts beside recordings of the same name"
SETTINGS: tuple[str, ...] = ()
LISTS = ("segments", "transcription", "chunks")
"""What the programs call their list of segments."""
TSV_HEADER = "start\tend\ttext"
KEPT = ("avg_logprob", "no_speech_prob", "compression_ratio", "confidence")
_MS_PER_S = 1000


def recognise(path: Path) -> str | None:
    """Looks for a JSON with segments, or a TSV with Whisper's header, that has a recording."""
    recordings = Recordings(root_of(path))
    for file in first_files(path, (".json", ".tsv")):
        beside = recordings.beside(file)
        if file.suffix.lower() == ".tsv":
            if beside and first_line(file) == TSV_HEADER:
                return f"{file.name} has start, end and text, beside {beside}"
        elif (beside or file == path) and _has_segments(file):
            return f"{file.name} has segments with times{f', beside {beside}' if beside else ''}"
    return None


def read(source: Source) -> Reading:
    """Opens all transcripts below a folder; of a recording's JSON and TSV the JSON is taken."""
    recordings = Recordings(source.folder)
    json_files = [
        file
        for file in transcript_files(source.path, (".json",))
        if recordings.beside(file) or _has_segments(file)
    ]
    taken = {file.with_suffix("") for file in json_files}
    tables = [file for file in transcript_files(source.path, (".tsv",)) if first_line(file) == TSV_HEADER]
    others = [file for file in tables if file.with_suffix("") not in taken]
    left = len(tables) - len(others)
    remarks = (
        [f"{left:,} .tsv files were left: the same transcripts lie beside them as .json"] if left else []
    )
    return read_beside(source, [*json_files, *others], _parse, NEEDS, told=lambda: remarks)


def _has_segments(file: Path) -> bool:
    try:
        first = next(iter(JsonItems(file, LISTS)), None)
    except TimedTextError:
        return False
    return first is not None and first.name != "" and _times(first.value) is not None


def _parse(file: Path) -> TranscriptFile:
    if file.suffix.lower() == ".tsv":
        return TranscriptFile(_tsv_rows(file))
    items = JsonItems(file, LISTS)
    segments: list[tuple[int, Any]] = []
    broken = None
    try:
        segments.extend((item.line, item.value) for item in items if item.name)
    except TimedTextError as error:
        broken = rejected_line(file, error.line, "bad_json", error.problem)
    audio = items.head.get("audio")
    if not segments and broken is None:
        broken = rejected_line(file, 1, "no_segments", "it has no segments with times")
    rows = (_segment(file, line, value, items.head) for line, value in segments)
    media = (audio,) if isinstance(audio, str) else ()
    return TranscriptFile([*rows, *([broken] if broken else [])], media)


def _segment(file: Path, line: int, segment: Any, head: Mapping[str, object]) -> Row | Rejection:
    times = _times(segment)
    if times is None:
        return rejected_line(file, line, "bad_times", "the segment has no start and end in seconds")
    text = segment.get("text")
    row: Row = {
        "start": times[0],
        "end": times[1],
        "text": text.strip() if isinstance(text, str) else None,
        "speaker": _string(segment.get("speaker")),
        "language": _language(head),
        "_line": line,
    }
    row |= {name: float(segment[name]) for name in KEPT if _is_number(segment.get(name))}
    return row | _words(segment.get("words"), times[0])


def _times(segment: Any) -> tuple[float, float] | None:
    """Start and end in seconds, whatever the program calls them."""
    if not isinstance(segment, dict):
        return None
    pair, scale = [segment.get("start"), segment.get("end")], 1
    if isinstance(segment.get("timestamp"), list):
        pair = segment["timestamp"]
    if isinstance(segment.get("offsets"), dict):
        pair, scale = [segment["offsets"].get("from"), segment["offsets"].get("to")], _MS_PER_S
    start, end = pair if len(pair) == 2 else (None, None)
    if not _is_number(start) or not _is_number(end):
        return None
    return start / scale, end / scale


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _language(head: Mapping[str, object]) -> str | None:
    """The tag; the names that some programs write (``english``) are not tags and left to ``--language``."""
    result = head.get("result")
    told = result.get("language") if isinstance(result, dict) else head.get("language")
    return told if isinstance(told, str) and re.fullmatch(r"[a-z]{2,3}(-\w+)*", told, re.I) else None


def _words(words: Any, begin_s: float) -> Row:
    """Words, times relative to the segment; one without times (WhisperX's numerals) joins its neighbour."""
    joined: list[tuple[str, float, float]] = []
    waiting = ""
    for word in words if isinstance(words, list) else []:
        if not isinstance(word, dict):
            return {}
        text = str(word.get("word") or word.get("text") or "").strip()
        start, end = word.get("start"), word.get("end")
        if _is_number(start) and _is_number(end):
            joined.append((f"{waiting} {text}".strip(), start, end))
            waiting = ""
        elif joined:
            joined[-1] = (f"{joined[-1][0]} {text}", joined[-1][1], joined[-1][2])
        else:
            waiting = f"{waiting} {text}"
    if not joined:
        return {}
    return {
        "words": [text for text, _, _ in joined],
        "word_starts": [round(start - begin_s, 4) for _, start, _ in joined],
        "word_ends": [round(end - begin_s, 4) for _, _, end in joined],
    }


def _tsv_rows(file: Path) -> Iterable[Row | Rejection]:
    """Rows of a TSV; all whole numbers are milliseconds, as Whisper writes them, else they are seconds."""
    rows: list[tuple[int, list[str]]] = []
    for lines in read_lines(file):
        yield from lines.rejections
        rows.extend((n, line.split("\t")) for n, line in zip(lines.numbers, lines.texts, strict=True))
    cells = rows[1:]
    whole = all(time.strip().isdigit() for _, row in cells for time in row[:2])
    yield from _tsv_cells(file, cells, _MS_PER_S if whole else 1)


def _tsv_cells(file: Path, cells: list[tuple[int, list[str]]], scale: int) -> Iterator[Row | Rejection]:
    for line, row in cells:
        if len(row) != 3:
            yield rejected_line(file, line, "wrong_columns", f"{len(row)} fields where the header has 3")
            continue
        start, end = number(row[0]), number(row[1])
        if start is None or end is None:
            yield rejected_line(file, line, "bad_times", f"{row[0]} and {row[1]} are not times")
            continue
        yield {"start": start / scale, "end": end / scale, "text": row[2].strip(), "_line": line}
