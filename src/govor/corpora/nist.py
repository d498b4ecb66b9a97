"""What NIST's files of transcripts share: comments, channels, recordings that are named, not beside them.

Source: the file formats of NIST's scoring toolkit (sctk), "stm" and "ctm".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import Recordings
from govor.corpora.lines import first_line, raw_blocks, read_lines
from govor.records import Rejection

COMMENT = ";;"
MAX_FIELD = 64
_LETTERS = "ABCDEFGH"
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)", re.ASCII)


def numbered_lines(file: Path) -> Iterator[tuple[int, str] | Rejection]:
    """The lines of a file with their numbers, comments left out, and those that cannot be read."""
    for lines in read_lines(file):
        yield from lines.rejections
        for number, line in zip(lines.numbers, lines.texts, strict=True):
            if not line.lstrip().startswith(COMMENT):
                yield number, line


def places(file: Path) -> Iterator[tuple[str, str]]:
    """Recording and channel of every line, without a look at the rest."""
    for _, block in raw_blocks(file):
        for line in (block or b"").decode("utf-8", "replace").split("\n"):
            fields = line.split(None, 2)
            if len(fields) > 2 and not fields[0].startswith(COMMENT):
                yield fields[0], fields[1]


def first_fields(file: Path) -> list[str]:
    """The fields of the first line that is not a comment, as far as the file begins with one."""
    line = first_line(file)
    if line.startswith(COMMENT):
        line = next((item[1] for item in numbered_lines(file) if not isinstance(item, Rejection)), "")
    return line.split()


def is_number(field: str) -> bool:
    """Whether a field is a number as these files write it."""
    return len(field) <= MAX_FIELD and _NUMBER.fullmatch(field) is not None


class ChannelNumbers:
    """Channel numbers from 0: ``A`` and ``1`` are the first; ``0`` is, in files that count from 0."""

    def __init__(self, from_zero: bool) -> None:
        self._first = 0 if from_zero else 1

    def number(self, field: str) -> int | None:
        """The channel that a field names, or None where it names none."""
        if field.upper() in _LETTERS and len(field) == 1:
            return _LETTERS.index(field.upper())
        return int(field) - self._first if field.isdecimal() and len(field) < 4 else None


def named_recording(recordings: Recordings, name: str, near: Path) -> str:
    """The path of the recording called `name`; the name itself where there is none, for file-name repair."""
    return recordings.anywhere(name.rsplit("/", 1)[-1], near) or name
