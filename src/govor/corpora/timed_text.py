"""Text with times beside a recording: what subtitles and annotation tiers have in common."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 256 << 20


@dataclass(frozen=True)
class Cue:
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
    cues: tuple[Cue, ...]
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
    """The text of a small file, UTF-8 or UTF-16 by its byte-order mark.

    Raises:
        TimedTextError: it is too large, holds NULs, or is neither; the message says which byte.
    """
    if file.stat().st_size > MAX_FILE_BYTES:
        raise TimedTextError(1, f"it is larger than {MAX_FILE_BYTES >> 20} MiB")
    data = file.read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding, shown = ("utf-16", "UTF-16") if wide else ("utf-8-sig", "UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TimedTextError(line, f"it is not {shown} (byte 0x{data[error.start]:02x})") from None
    if "\0" in text:
        raise TimedTextError(text.count("\n", 0, text.index("\0")) + 1, "it holds a NUL character")
    return text.replace("\r\n", "\n").replace("\r", "\n")
