"""Audacity's label tracks: ``start<tab>end<tab>text`` in seconds, a ``.txt`` beside the recording.

Lines that begin with a backslash hold the frequencies of the label above them and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import (
    Recordings,
    Row,
    Transcript,
    first_files,
    read_beside,
    root_of,
    transcript_files,
)
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Reading, Source
from govor.corpora.timed_text import decode
from govor.records import Rejection

NAME = "audacity"
NEEDS = (
    "Audacity's label tracks (.txt with start, end and text between tabs) beside recordings of the same name"
)
SETTINGS: tuple[str, ...] = ()
_LABEL = re.compile(r"\s*(-?\d+[.,]\d+)\t(-?\d+[.,]\d+)(?:\t(.*))?")
_NAMED = re.compile(r"[\s_-]*(labels?|label track|oznake)?$", re.I)


def recognise(path: Path) -> str | None:
    """Looks for a ``.txt`` whose first line is a label, beside its recording."""
    recordings = Recordings(root_of(path))
    for file in first_files(path, (".txt",)):
        audio = recordings.beside(file, _names(file))
        if audio and _LABEL.fullmatch(first_line(file)):
            return f"{file.name} has labels with times, beside {audio}"
    return None


def read(source: Source) -> Reading:
    """Opens all label tracks below a folder; other ``.txt`` files are left alone."""
    files = (f for f in transcript_files(source.path, (".txt",)) if _LABEL.fullmatch(first_line(f)))
    return read_beside(source, files, _parse, NEEDS)


def _names(file: Path) -> tuple[str, ...]:
    """``talk`` for ``talk_labels.txt``."""
    bare = _NAMED.sub("", file.stem)
    return (bare,) if bare else ()


def _parse(file: Path) -> Transcript:
    return Transcript(_rows(file), _names(file))


def _rows(file: Path) -> Iterator[Row | Rejection]:
    for number, line in enumerate(decode(file).split("\n"), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        label = _LABEL.fullmatch(line)
        if label is None:
            yield rejected_line(file, number, "bad_label", f"start, end and text are expected: {line[:60]!r}")
            continue
        start, end = (float(time.replace(",", ".")) for time in label.groups()[:2])
        yield {"start": start, "end": end, "text": (label[3] or "").strip(), "_line": number}
