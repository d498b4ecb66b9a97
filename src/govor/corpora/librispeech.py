"""LibriSpeech and Multilingual LibriSpeech: a line an utterance, the audio's path told by its id.

LibriSpeech: ``SPEAKER/CHAPTER/SPEAKER-CHAPTER.trans.txt`` with ``id TEXT`` beside the audio. MLS:
``SPLIT/transcripts.txt`` with ``id<tab>text``, the audio in ``SPLIT/audio/SPEAKER/BOOK/``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from govor.corpora.lines import first_line, read_lines, readable, rejected_names
from govor.corpora.reader import Chunk, Reading, Source
from govor.corpora.splits import split_in
from govor.errors import CorpusError

NAME = "librispeech"
NEEDS = "*.trans.txt files of LibriSpeech, or transcripts.txt of MLS, with the audio where the corpus has it"
SETTINGS: tuple[str, ...] = ()
_MLS_ID = r"^(\d+)_(\d+)_(\d+)$"


def recognise(path: Path) -> str | None:
    """Looks for the first table."""
    table = next(_tables(path), None)
    return f"{table.relative_to(path)} has ids and texts" if table else None


def read(source: Source) -> Reading:
    """Opens all tables below a folder; the split is told by the folders' names (``dev-clean``)."""
    tables = sorted(_tables(source.path))
    if not tables:
        raise CorpusError(f"{source.path} is not a LibriSpeech folder: it needs {NEEDS}")
    named: list[Path] = []
    unnamed = Chunk(pl.DataFrame(), source.path, rejected_names(tables, named))
    chunks = chain([unnamed], (chunk for table in named for chunk in _chunks(table, source.path)))
    return Reading(chunks, source.audio_root(source.path), notes={"tables": len(tables)})


def _tables(path: Path) -> Iterator[Path]:
    if path.is_dir():
        patterns = ("transcripts.txt", "*/transcripts.txt", "*.trans.txt", "*/*.trans.txt", "*/*/*.trans.txt")
        for pattern in (*patterns, "*/*/*/*.trans.txt"):
            yield from (table for table in path.glob(pattern) if len(first_line(table).split(None, 1)) == 2)


def _chunks(table: Path, root: Path) -> Iterator[Chunk]:
    inside = table.parent.relative_to(root)
    before = "" if inside == Path() else f"{inside.as_posix()}/"
    parts = table.parent.absolute().parts
    split = next((s for part in reversed(parts[-4:]) if (s := split_in(part))), None)
    for lines in read_lines(table):
        line = pl.col("line").str.strip_chars()
        frame = lines.frame.select(
            line.str.extract(r"^(\S+)").alias("id"),
            line.str.extract(r"^\S+\s+(.*)$").alias("text"),
            pl.lit(split, pl.String).alias("split"),
            "_line",
        )
        yield Chunk(_placed(frame, table, before), table, lines.rejections)


def _placed(frame: pl.DataFrame, table: Path, before: str) -> pl.DataFrame:
    """The audio's path and the speaker, as the ids tell them."""
    before = readable(before)
    if table.name == "transcripts.txt":
        speaker, book = (pl.col("id").str.extract(_MLS_ID, group) for group in (1, 2))
        audio = pl.concat_str(
            pl.lit(f"{before}audio/"),
            speaker,
            pl.lit("/"),
            book,
            pl.lit("/"),
            "id",
            pl.lit(".flac"),
        )
    else:
        speaker = pl.col("id").str.extract(r"^(\d+)-")
        audio = pl.concat_str(pl.lit(before), "id", pl.lit(".flac"))
    return frame.with_columns(audio.alias("audio"), speaker.alias("speaker"))
