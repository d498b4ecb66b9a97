"""Text files as numbered lines, in blocks, with a bound on the length of a line.

Nothing here ever holds more than a block and one line, whatever the file: a line of gigabytes is passed over
and rejected by its number, and so are lines that are not UTF-8 or hold a NUL.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import polars as pl

from govor.errors import CorpusError
from govor.records import Rejection

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 32 << 20
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Lines:
    """Some consecutive lines of a file.

    Attributes:
        file: the file.
        frame: ``_line`` (number, from 1) and ``line`` (without its end); blank lines are left out.
        rejections: lines that cannot be read.
    """

    file: Path
    frame: pl.DataFrame
    rejections: list[Rejection] = field(default_factory=list)


def rejected_line(file: Path, line: int, reason: str, detail: str, id: str | None = None) -> Rejection:
    """A rejection that names file and line."""
    return Rejection(id or f"{file.name}:{line}", "import", reason, f"{file}:{line}: {detail}")


def open_bytes(file: Path) -> IO[bytes]:
    """Opens a file for reading, unpacking ``.gz`` on the way.

    Raises:
        CorpusError: it cannot be opened.
    """
    try:
        return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise CorpusError(f"{file} cannot be opened ({error.strerror})") from error


def read_lines(file: Path, stream: IO[bytes] | None = None) -> Iterator[Lines]:
    """The lines of a UTF-8 file, a few thousand at a time.

    Args:
        file: the file; its name stands in messages.
        stream: where the bytes come from, if not from the file itself (a member of an archive).

    Raises:
        CorpusError: the file cannot be opened, is damaged, or is UTF-16.
    """
    with stream or open_bytes(file) as source:
        for number, data in _blocks(file, source):
            yield _too_long(file, number) if data is None else _lines(file, number, data)


def first_line(file: Path, limit_bytes: int = 1 << 20) -> str:
    """The first line that is not blank, or ``""`` where the file does not start with UTF-8 text."""
    try:
        with open_bytes(file) as source:
            text = source.read(limit_bytes).removeprefix(codecs.BOM_UTF8)
        whole = text if len(text) < limit_bytes else text[: text.rfind(b"\n") + 1]
        lines = (line.strip(b"\r\n ") for line in whole.split(b"\n"))
        return next((line for line in lines if line), b"").decode("utf-8")
    except (UnicodeDecodeError, EOFError, zlib.error, OSError, CorpusError):
        return ""


def _blocks(file: Path, source: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Pairs of first line number and whole lines; None stands for one line beyond the limit."""
    number, rest, skipping = 1, b"", False
    for data in _pieces(file, source):
        if skipping:
            _, newline, data = data.partition(b"\n")
            if not newline:
                continue
            number, skipping = number + 1, False
        rest += data
        cut = rest.rfind(b"\n") + 1
        if cut:
            yield number, rest[:cut]
            number, rest = number + rest.count(b"\n", 0, cut), rest[cut:]
        if len(rest) > MAX_LINE_BYTES:
            yield number, None
            rest, skipping = b"", True
    if rest:
        yield number, rest


def _pieces(file: Path, source: IO[bytes]) -> Iterator[bytes]:
    try:
        data = source.read(BLOCK_BYTES)
        if data.startswith(WIDE_MARKS):
            raise CorpusError(f"{file} is UTF-16: save it as UTF-8 and import it again")
        data = data.removeprefix(codecs.BOM_UTF8)
        while data:
            yield data
            data = source.read(BLOCK_BYTES)
    except (EOFError, zlib.error, OSError) as error:
        raise CorpusError(f"{file} is damaged or cut short ({error}): fetch it again") from error


def _too_long(file: Path, number: int) -> Lines:
    limit = f"the line is longer than {MAX_LINE_BYTES >> 20} MiB"
    return Lines(file, _frame([], []), [rejected_line(file, number, "line_too_long", limit)])


def _lines(file: Path, number: int, data: bytes) -> Lines:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _line_by_line(file, number, data)
    if "\0" in text:
        return _line_by_line(file, number, data)
    lines = text.removesuffix("\n").split("\n")
    return Lines(file, _frame(range(number, number + len(lines)), lines))


def _line_by_line(file: Path, number: int, data: bytes) -> Lines:
    numbers, lines, rejections = [], [], []
    for count, raw in enumerate(data.removesuffix(b"\n").split(b"\n"), number):
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            detail = f"not UTF-8 (byte {error.start + 1} of the line is 0x{raw[error.start]:02x})"
            rejections.append(rejected_line(file, count, "not_utf8", detail))
            continue
        if "\0" in line:
            rejections.append(rejected_line(file, count, "nul_character", "the line holds a NUL character"))
            continue
        numbers.append(count)
        lines.append(line)
    return Lines(file, _frame(numbers, lines), rejections)


def _frame(numbers: range | list[int], lines: list[str]) -> pl.DataFrame:
    columns = {"_line": pl.Series(numbers, dtype=pl.Int64), "line": pl.Series(lines, dtype=pl.String)}
    frame = pl.DataFrame(columns).with_columns(pl.col("line").str.strip_suffix("\r"))
    return frame.filter(pl.col("line").str.strip_chars() != "")
