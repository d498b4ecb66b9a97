"""Text files as numbered lines, in blocks, with a bound on the length of a line.

Nothing here ever holds more than a block and one line, whatever the file: a line of gigabytes is passed over
and rejected by its number, and so are lines that are not UTF-8 (or what ``--encoding`` says) or hold a NUL.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO

import polars as pl

from govor import shown
from govor.corpora.text_settings import text_settings
from govor.errors import CorpusError
from govor.records import Rejection

BLOCK_BYTES = 8 << 20
MAX_LINE_BYTES = 32 << 20
MARK_UNDECODABLE, UNDECODABLE = "govor-mark", "\udcff"
WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Lines:
    """Some consecutive lines of a file.

    Attributes:
        file: the file.
        first: number of the first of them, from 1.
        numbers: their numbers; blank lines are left out.
        texts: the lines without their ends, as many as `numbers`.
        rejections: lines that cannot be read.
        data: the bytes of all of them, where none was left out.
    """

    file: Path
    first: int
    numbers: Sequence[int]
    texts: list[str]
    rejections: list[Rejection] = field(default_factory=list)
    data: bytes | None = None

    @cached_property
    def frame(self) -> pl.DataFrame:
        """``_line`` (number) and ``line`` (text)."""
        numbers = pl.Series("_line", self.numbers, dtype=pl.Int64)
        return pl.DataFrame([numbers, pl.Series("line", self.texts, dtype=pl.String)])

    def without_first(self) -> Lines:
        """All but the first line."""
        return Lines(self.file, self.first, self.numbers[1:], self.texts[1:], self.rejections)


def rejected_line(file: Path, line: int, reason: str, detail: str, id: str | None = None) -> Rejection:
    """A rejection that names file and line."""
    name = id or f"{file.name}:{line}"
    return Rejection(readable(name), "import", reason, readable(f"{file}:{line}: {detail}"))


def readable(text: object) -> str:
    """Text that can be written on one line, with `govor.shown.readable`'s form of odd names."""
    return shown.readable(text).replace("\n", "\\n").replace("\r", "\\r")


def columns_in_words(names: Iterable[str]) -> str:
    """Names of columns for a sentence: headers can hold anything, line ends too."""
    return ", ".join(map(readable, names)) or "no columns"


def rejected_names(files: Sequence[Path], kept: list[Path]) -> list[Rejection]:
    """Rejections of files whose names are not UTF-8; the others go to `kept`."""
    rejections = []
    for file in files:
        if readable(file) == str(file):
            kept.append(file)
        else:
            detail = f"{readable(file)}: the name is not UTF-8; rename the file or its folder"
            rejections.append(Rejection(readable(file.name), "import", "bad_file_name", detail))
    return rejections


def open_bytes(file: Path) -> IO[bytes]:
    """Opens a file for reading, unpacking ``.gz`` on the way.

    Raises:
        CorpusError: it cannot be opened.
    """
    try:
        return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]
    except OSError as error:
        raise CorpusError(f"{file} cannot be opened ({error.strerror})") from error


def read_lines(file: Path, shown_as: Path | None = None) -> Iterator[Lines]:
    """The lines of a UTF-8 file, a few thousand at a time.

    Args:
        file: the file.
        shown_as: the name that messages give, where `file` is only a copy.

    Raises:
        CorpusError: the file cannot be opened, is damaged, or is UTF-16.
    """
    shown = shown_as or file
    with open_bytes(file) as source:
        for number, data in _blocks(shown, source):
            yield _too_long(shown, number) if data is None else _lines(shown, number, data)


def first_line(file: Path, limit_bytes: int = 1 << 20) -> str:
    """The first line that is not blank, or ``""`` where the file does not start with readable text."""
    return next(iter(first_lines(file, limit_bytes)), "")


def first_lines(file: Path, limit_bytes: int = 1 << 20) -> list[str]:
    """The lines that are not blank, of a file's first bytes; none where it does not start with readable text.

    Lines after the first that cannot be decoded are left out.
    """
    try:
        with open_bytes(file) as source:
            text = b"".join(_decoded(iter([source.read(limit_bytes)]), text_settings().encoding))
        whole = text if len(text) < limit_bytes else text[: text.rfind(b"\n") + 1]
        lines = [line for raw in whole.split(b"\n") if (line := raw.strip(b"\r\n "))]
        return [lines[0].decode("utf-8"), *_readable(lines[1:])] if lines else []
    except (UnicodeDecodeError, EOFError, zlib.error, OSError, CorpusError):
        return []


def _readable(lines: list[bytes]) -> list[str]:
    found = []
    for line in lines:
        with suppress(UnicodeDecodeError):
            found.append(line.decode("utf-8"))
    return found


def raw_blocks(file: Path) -> Iterator[tuple[int, bytes | None]]:
    """Whole lines of a file in UTF-8, in the blocks of `read_lines`, with the first's number; None: too long.

    Raises:
        CorpusError: the file cannot be opened, or is damaged.
    """
    with open_bytes(file) as source:
        yield from _blocks(file, source)


def _blocks(file: Path, source: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Pairs of first line number and whole lines; None replaces a line beyond the limit."""
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
        yield from _decoded(_checked(file, source), text_settings().encoding)
    except (EOFError, zlib.error, OSError) as error:
        raise CorpusError(f"{file} is damaged or cut short ({error}): fetch it again") from error


def _checked(file: Path, source: IO[bytes]) -> Iterator[bytes]:
    data = source.read(BLOCK_BYTES)
    if data.startswith(WIDE_MARKS) and not (text_settings().encoding or "").lower().startswith("utf"):
        raise CorpusError(f"{file} is UTF-16: import it with --encoding utf-16, or save it as UTF-8")
    while data:
        yield data
        data = source.read(BLOCK_BYTES)


def _decoded(pieces: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """The same text in UTF-8, without its byte-order mark; what cannot be decoded stays no UTF-8."""
    if encoding is None:
        yield next(pieces, b"").removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)(MARK_UNDECODABLE)
    first = True
    for text in chain((decoder.decode(piece) for piece in pieces), (decoder.decode(b"", True) for _ in "1")):
        yield text.removeprefix("\ufeff" if first else "").encode("utf-8", "surrogatepass")
        first = False


def mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: a lone surrogate replaces what cannot be decoded."""
    return UNDECODABLE, max(getattr(error, "end", 0), getattr(error, "start", 0) + 1)


codecs.register_error(MARK_UNDECODABLE, mark_undecodable)


def _too_long(file: Path, number: int) -> Lines:
    limit = f"the line is longer than {MAX_LINE_BYTES >> 20} MiB"
    return Lines(file, number, [], [], [rejected_line(file, number, "line_too_long", limit)])


def _lines(file: Path, number: int, data: bytes) -> Lines:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _line_by_line(file, number, data)
    if len(text) != len(data):
        text_settings().note_beyond_ascii(file)
    if "\0" in text:
        return _line_by_line(file, number, data)
    lines = text.removesuffix("\n").split("\n")
    if "\r" in text:
        lines = [line.removesuffix("\r") for line in lines]
    if any(not line or line.isspace() for line in lines):
        kept = [(n, line) for n, line in enumerate(lines, number) if line.strip()]
        return Lines(file, number, [n for n, _ in kept], [line for _, line in kept])
    return Lines(file, number, range(number, number + len(lines)), lines, data=data)


def _line_by_line(file: Path, number: int, data: bytes) -> Lines:
    numbers, lines, rejections = [], [], []
    for count, raw in enumerate(data.removesuffix(b"\n").split(b"\n"), number):
        line = _line(file, count, raw)
        if isinstance(line, Rejection):
            rejections.append(line)
        elif line.strip():
            numbers.append(count)
            lines.append(line)
    return Lines(file, number, numbers, lines, rejections)


def _line(file: Path, number: int, raw: bytes) -> str | Rejection:
    settings = text_settings()
    try:
        line = raw.removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        settings.note_undecoded(file, raw)
        detail = f"not UTF-8 (byte {error.start + 1} of the line is 0x{raw[error.start]:02x})"
        shown = f"not {settings.encoding}" if settings.encoding else detail
        return rejected_line(file, number, "not_utf8", shown)
    if not line.isascii():
        settings.note_beyond_ascii(file)
    if "\0" in line:
        return rejected_line(file, number, "nul_character", "the line holds a NUL character")
    return line
