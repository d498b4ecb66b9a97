"""Text with times beside a recording: what subtitles and annotation tiers have in common."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from govor.corpora.lines import MARK_UNDECODABLE
from govor.corpora.text_settings import text_settings

MAX_FILE_BYTES = 256 << 20


@dataclass(frozen=True)
class TimedText:
    """A text and when it is spoken.

    Attributes:
        start: seconds from the beginning of the recording.
        end: seconds.
        text: what is said; blank for silence.
        speaker: who says it, where the file tells.
        line: where it stands in the file.
    """

    start: float
    end: float
    text: str
    speaker: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Tier:
    """A named layer of cues in the order of the file."""

    name: str
    cues: tuple[TimedText, ...]
    speaker: str | None = None


class TimedTextError(ValueError):
    """A file of timed text is at fault at a line.

    Args:
        line: number of the line, from 1.
        problem: what is wrong there.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


def decode(file: Path) -> str:
    """The text of a small file: UTF-16 by its byte-order mark, what ``--encoding`` says, else UTF-8.

    What cannot be decoded is a lone surrogate in the text, so that only the label it stands in is set aside.

    Raises:
        TimedTextError: it is too large, or holds NULs; the message says where.
    """
    text = _text(file, _bytes(file)).replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise TimedTextError(text.count("\n", 0, text.index("\0")) + 1, "it holds a NUL character")
    return text


def _bytes(file: Path) -> bytes:
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    return file.read_bytes()


def _text(file: Path, data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else text_settings().encoding or "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeError:
        note_undecoded(file, data, encoding)
        text = data.decode(encoding, MARK_UNDECODABLE)
    return text.removeprefix("\ufeff")


def note_undecoded(file: Path, data: bytes, encoding: str) -> None:
    """Counts the lines of a file that are not in its encoding."""
    settings = text_settings()
    for line in data.split(b"\n"):
        try:
            line.decode(encoding)
        except UnicodeError:
            settings.note_undecoded(file, line)
        else:
            if not line.isascii():
                settings.note_beyond_ascii(file)
