"""What a reader of a corpus format is, and what it hands over.

A reader is one module with two functions:

    recognise(path) -> str | None     why this is its format, or None; looks, never guesses by trying
    read(source) -> Reading           chunks of utterances, where their audio is, and what to note

Everything that formats share stands behind it (see `govor.corpora.gather`): missing columns, times, splits,
file names, ids, counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import polars as pl

from govor.config import CorpusConfig
from govor.corpora.lines import readable
from govor.corpora.rows import Row, frame_of, usable_rows
from govor.records import Rejection

CHUNK_ROWS = 65_536
LEAST_ROWS = 8_192


def root_of(path: Path) -> Path:
    """The folder that a source is: itself, or where the file lies."""
    return path if path.is_dir() else path.parent


def files_of(path: Path, endings: tuple[str, ...] = ("",)) -> list[Path]:
    """The files that a path means: itself, or those directly in it with one of `endings`; no hidden ones."""
    files = [path] if path.is_file() else sorted(path.iterdir()) if path.is_dir() else []
    return [file for file in files if file.name.endswith(endings) and not file.name.startswith(".")]


@dataclass(frozen=True)
class Source:
    """What is imported.

    Attributes:
        path: the folder or file; for a Hub id what the user wrote.
        config: the settings of ``[corpus]``.
        out: the corpus folder that is being made; what must be unpacked goes below it.
        listing: only some rows are shown (``--list``): no audio is unpacked, nothing that cannot be told is
            an error.
    """

    path: Path
    config: CorpusConfig
    out: Path
    listing: bool = False

    @property
    def folder(self) -> Path:
        """The source itself, or the folder of its file."""
        return root_of(self.path)

    def audio_root(self, usual: Path) -> Path:
        """Where relative paths of audio begin: as ``[corpus]`` says, else `usual`."""
        return Path(self.config.audio_root or usual)


@dataclass(frozen=True)
class Chunk:
    """Some utterances, at most a few ten thousand.

    Attributes:
        frame: columns of ``utterances.parquet`` under their names as far as the source has them, further
            columns under the source's names, ``_line`` (number of the row in `file`), ``_file`` where
            they stand in several. Columns that start with ``_`` are not kept.
        file: the table that the rows stand in.
        rejections: rows that cannot be read at all.
    """

    frame: pl.DataFrame
    file: Path
    rejections: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """A source being read.

    Attributes:
        chunks: the utterances.
        audio_root: folder that relative audio paths are taken from.
        second_transcript: column with a second transcript to compare ``text`` with.
        renamed: the reader has followed ``--columns`` itself.
        notes: what else goes to ``corpus.json``; may grow while the chunks are read.
        remarks: sentences for people, on the terminal and in ``corpus.json``: what was taken and what was
            left; may grow while the chunks are read.
        word_times: what ``word_starts`` and ``word_ends`` count from, ``absolute`` (the recording's
            beginning) or ``relative`` (the utterance's), where the reader has made them so; None: as the
            source has them, decided from its rows.
        usual_word_times: what the format's description says of them; for sources whose rows do not settle it.
    """

    chunks: Iterable[Chunk]
    audio_root: Path
    second_transcript: str | None = None
    renamed: bool = False
    notes: dict[str, object] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    word_times: str | None = None
    usual_word_times: str | None = None


@dataclass(frozen=True)
class Reader:
    """A format.

    Attributes:
        name: as ``--format`` takes it.
        needs: what its sources look like, for people.
        recognise: why a path is of this format, or None.
        read: opens a source.
        settings: which of ``text`` and ``status`` it follows.
    """

    name: str
    needs: str
    recognise: Callable[[Path], str | None]
    read: Callable[[Source], Reading]
    settings: tuple[str, ...] = ()


def chunked(file: Path, rows: Iterable[Row | Rejection], chunk_rows: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Chunks of rows that a reader yields one by one; for formats that are never large.

    Args:
        file: the table that the rows stand in; a row's ``_line`` is its line.
        rows: utterances as dictionaries of column values, and rejections, in any order.
        chunk_rows: rows in a chunk.
    """
    rest = iter(rows)
    while some := list(islice(rest, chunk_rows)):
        kept, rejections = usable_rows(file, some)
        yield Chunk(frame_of(kept), file, rejections)


def merged(chunks: Iterable[Chunk], least_rows: int = LEAST_ROWS) -> Iterator[Chunk]:
    """Chunks put together until they are worth handling; each row keeps its file in ``_file``."""
    held: list[Chunk] = []
    rows = 0
    for chunk in chunks:
        named = Chunk(_with_file(chunk), chunk.file, chunk.rejections)
        if held and not _alike(held[-1].frame, named.frame):
            yield _together(held)
            held, rows = [], 0
        held.append(named)
        rows += named.frame.height + len(named.rejections)
        if rows >= least_rows:
            yield _together(held)
            held, rows = [], 0
    if held:
        yield _together(held)


def _with_file(chunk: Chunk) -> pl.DataFrame:
    if "_file" in chunk.frame.columns:
        return chunk.frame
    return (
        chunk.frame.with_columns(pl.lit(readable(chunk.file)).alias("_file"))
        if chunk.frame.height
        else pl.DataFrame()
    )


def _alike(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    both = [(one.schema[name], other.schema[name]) for name in one.columns if name in other.columns]
    return all(a == b or pl.Null in (a, b) for a, b in both)


def _together(chunks: list[Chunk]) -> Chunk:
    frames = [chunk.frame for chunk in chunks if chunk.frame.width]
    rejections = [rejection for chunk in chunks for rejection in chunk.rejections]
    return Chunk(
        pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame(), chunks[0].file, rejections
    )
