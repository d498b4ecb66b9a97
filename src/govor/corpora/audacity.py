"""Audacity's label tracks: ``start<tab>end<tab>text`` in seconds, a ``.txt`` beside the recording.

Lines that begin with a backslash hold the frequencies of the label above them and are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import (
    Recordings,
    TranscriptFile,
    first_files,
    mostly,
    read_beside,
    transcript_files,
)
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Reading, Source, root_of
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError, decode
from govor.records import Rejection

NAME = "audacity"
NEEDS = (
    "Audacity's label tracks (.txt with start, end and text between tabs) beside recordings of the same name"
)
SETTINGS: tuple[str, ...] = ()
_LABEL = re.compile(r"\s*(-?\d+[.,]\d+)\t(-?\d+[.,]\d+)(?:\t(.*))?")
_NAMED = re.compile(r"[\s_-]*(labels?|label track|oznake)?$", re.I)


def recognise(path: Path) -> str | None:
    """Looks at the first ``.txt`` files beside recordings: half of them must begin with a label."""
    recordings = Recordings(root_of(path))
    beside = (file for file in first_files(path, (".txt",)) if recordings.beside(file, _names(file)))
    tracks = mostly(beside, _is_track)
    return f"{tracks[0].name} has labels with times, beside its recording" if tracks else None


def read(source: Source) -> Reading:
    """Opens all label tracks below a folder; a ``.txt`` without a recording that is none is left alone."""
    recordings = Recordings(source.folder)
    files = transcript_files(source.path, (".txt",))
    tracks = (file for file in files if _is_track(file) or recordings.beside(file, _names(file)))
    return read_beside(source, tracks, _parse, NEEDS)


def _is_track(file: Path) -> bool:
    return _LABEL.fullmatch(first_line(file)) is not None


def _names(file: Path) -> tuple[str, ...]:
    """``talk`` for ``talk_labels.txt``."""
    bare = _NAMED.sub("", file.stem)
    return (bare,) if bare else ()


def _parse(file: Path) -> TranscriptFile:
    if not _is_track(file):
        raise TimedTextError(1, "it does not begin with a label: start, end and text between tabs")
    return TranscriptFile(_rows(file), _names(file))


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
