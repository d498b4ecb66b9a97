"""CSV and TSV as frames of strings.

Without quotes a block is split in one go, and so is one of quoted rows that are a line each. Other blocks of
a quoted file go through the standard library's reader, which knows fields that hold line ends. Whether quotes
are syntax or text is decided for the file (`govor.corpora.quotes`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path

import polars as pl

from govor.corpora.lines import MAX_LINE_BYTES, Lines, read_lines, rejected_line
from govor.corpora.quotes import decided, quotes_of, rows_on_lines
from govor.corpora.reader import CHUNK_ROWS, Chunk
from govor.corpora.text_settings import text_settings
from govor.errors import CorpusError
from govor.records import Rejection

SEPARATORS = ("\t", ",", ";", "|")


def sniff_separator(header: str) -> str:
    """The separator that a header line holds most of."""
    return max(SEPARATORS, key=header.count)


def read_delimited(
    file: Path,
    separator: str,
    *,
    header: Sequence[str] | None = None,
    quoted: bool = False,
    shown_as: Path | None = None,
) -> Iterator[Chunk]:
    """The rows of a delimited file; empty fields become null, rows with too many or few fields are rejected.

    Args:
        file: the file, UTF-8, ``.gz`` too.
        separator: one character.
        header: the column names where the file has no header line.
        quoted: the file says that it is CSV (RFC 4180), so that whole quotes are syntax; in others, such as
            Common Voice's TSVs, only where a writer needed them.
        shown_as: the name that messages give, where `file` is only a copy.

    Raises:
        CorpusError: the file has no header, or it names a column twice.
    """
    quotes = quotes_of(file, separator, header is None, quoted, shown_as or file)
    off = decided(quotes, quoted)
    blocks = read_lines(file, shown_as=shown_as)
    file = shown_as or file
    names = list(header) if header else None
    for block in blocks:
        if names is None and block.texts:
            _refuse_lost_header(block)
            names = _header(file, block.texts[0], separator, off or text_settings().quoting is None)
            block = block.without_first()
        if not block.texts or names is None:
            yield Chunk(pl.DataFrame(), file, block.rejections)
        elif not off or not block.frame["line"].str.contains('"', literal=True).any():
            yield _split(block, separator, names)
        elif block.first in quotes.plain and (whole := _whole(block, separator, names)) is not None:
            yield whole
        else:
            yield from _quoted(file, separator, names, block, blocks, quotes.bad)
            return
    if names is None:
        raise CorpusError(f"{file} is empty: it needs a header line with the names of its columns")


def column_names(file: Path, line: str, separator: str, *, twice: bool = False) -> list[str]:
    """The column names of a header line, whether quoted or not.

    Args:
        file: the table, for messages.
        line: the header.
        separator: one character.
        twice: names may stand there twice.

    Raises:
        CorpusError: a name stands there twice.
    """
    return _header(file, line, separator, '"' in line, twice) if line else []


def _refuse_lost_header(block: Lines) -> None:
    """A first line that cannot be read would make a row the header."""
    before = [r for r in block.rejections if int(r.id.rpartition(":")[2]) < block.numbers[0]]
    if before:
        raise CorpusError(f"the header cannot be read: {before[0].detail}; correct it, or name its encoding")


def _csv_fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a lone carriage return
        return line.split(separator)


def _header(file: Path, line: str, separator: str, quoted: bool, twice: bool = False) -> list[str]:
    fields = _csv_fields(line, separator) if quoted else line.split(separator)
    names = [name.strip() or f"column_{number}" for number, name in enumerate(fields, 1)]
    double = sorted({name for name in names if names.count(name) > 1})
    if double and not twice:
        raise CorpusError(f"{file}:1: the header names {', '.join(double)} twice: rename one")
    return names


def _whole(lines: Lines, separator: str, names: list[str]) -> Chunk | None:
    """A block of quoted rows that are a line each."""
    data = "\n".join(lines.texts).encode()
    frame = rows_on_lines(data, names, separator, len(lines.texts))
    if frame is None:
        return None
    numbers = pl.Series("_line", lines.numbers, dtype=pl.Int64)
    return Chunk(
        frame.with_columns(pl.all().replace("", None)).with_columns(numbers), lines.file, lines.rejections
    )


def _split(lines: Lines, separator: str, names: list[str]) -> Chunk:
    found = lines.frame["line"].str.count_matches(separator, literal=True) + 1
    good = lines.frame.filter(found == len(names))
    bad = lines.frame.with_columns(found=found).filter(found != len(names))
    rejections = [_wrong_width(lines.file, row[0], row[2], len(names)) for row in bad.iter_rows()]
    parts = (
        good["line"].str.split_exact(separator, len(names) - 1).struct.rename_fields(names).struct.unnest()
    )
    frame = parts.with_columns(pl.all().replace("", None)).with_columns(good["_line"])
    return Chunk(frame, lines.file, lines.rejections + rejections)


def _wrong_width(file: Path, number: int, found: int, wanted: int) -> Rejection:
    return rejected_line(file, number, "wrong_columns", f"{found} fields where the header has {wanted}")


def _quoted(
    file: Path, separator: str, names: list[str], first: Lines, blocks: Iterator[Lines], bad: set[int]
) -> Iterator[Chunk]:
    csv.field_size_limit(MAX_LINE_BYTES)
    feed = _Feed(first, blocks, bad)
    rows: list[list[str]] = []
    for row in _rows(file, csv.reader(feed, delimiter=separator), feed):
        if isinstance(row, Rejection):
            feed.rejections.append(row)
        elif len(row) != len(names) + 1:
            feed.rejections.append(_wrong_width(file, int(row[-1]), len(row) - 1, len(names)))
        else:
            rows.append(row)
        if len(rows) >= CHUNK_ROWS:
            yield _chunk(file, names, rows, feed)
            rows = []
    yield _chunk(file, names, rows, feed)


class _Feed:
    """Lines for the csv reader, with the number of the line that a row ends on; bad ones are set aside."""

    def __init__(self, first: Lines, blocks: Iterator[Lines], bad: set[int]) -> None:
        self._first, self._blocks, self._bad = first, blocks, bad
        self.number = 0
        self.rejections: list[Rejection] = []

    def __iter__(self) -> Iterator[str]:
        yield from self._of(self._first)
        for block in self._blocks:
            yield from self._of(block)

    def _of(self, lines: Lines) -> Iterator[str]:
        self.rejections += lines.rejections
        for number, line in zip(lines.numbers, lines.texts, strict=True):
            yield from repeat("\n", number - self.number - 1)  # empty lines, which a quoted field may hold
            self.number = number
            if number in self._bad:
                self.rejections.append(
                    rejected_line(lines.file, number, "bad_csv", "a quote is not closed, or not doubled")
                )
            else:
                yield line + "\n"


def _rows(file: Path, reader: Iterator[list[str]], feed: _Feed) -> Iterator[list[str] | Rejection]:
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield rejected_line(file, feed.number, "bad_csv", str(error))
            continue
        if row is None:
            return
        if not row:
            continue
        yield [*row, str(feed.number)]


def _chunk(file: Path, names: list[str], rows: list[list[str]], feed: _Feed) -> Chunk:
    rejections, feed.rejections = feed.rejections, []
    schema = {**dict.fromkeys(names, pl.String), "_line": pl.String}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return Chunk(
        frame.with_columns(pl.col("_line").cast(pl.Int64), pl.col(names).replace("", None)), file, rejections
    )
