"""The audio folder of the ``datasets`` library: audio and a ``metadata`` table with ``file_name`` beside it.

The table may stand in the folder itself or in one folder a split (``train/metadata.csv``).
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import polars as pl

from govor.corpora.lines import columns_in_words, rejected_names
from govor.corpora.reader import Chunk, Reading, Source
from govor.corpora.splits import split_in
from govor.corpora.tables import ColumnMap, check_named_in, columns_of, matching, named_columns, read_table
from govor.errors import CorpusError

NAME = "audiofolder"
NEEDS = "metadata.csv, metadata.jsonl or metadata.parquet with file_name and a transcript, beside the audio"
SETTINGS: tuple[str, ...] = ("text",)
TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet", "metadata.tsv")


def recognise(path: Path) -> str | None:
    """Looks for tables with ``file_name``."""
    tables = _tables(path)
    if not tables or "text" not in matching(columns_of(tables[0]), {}):
        return None
    return f"{tables[0].relative_to(path)} has file_name and {matching(columns_of(tables[0]), {})['text']}"


def read(source: Source) -> Reading:
    """Opens the tables; the split is that of the folder a table stands in."""
    tables = _tables(source.path)
    if not tables:
        raise CorpusError(f"{source.path} is not an audio folder: it needs {NEEDS}")
    tables, every = [], tables
    unnamed = rejected_names(every, tables)
    named = named_columns(source)
    check_named_in(tables, named)
    maps = {table: ColumnMap(columns_of(table), {"audio": "file_name", **named}) for table in tables}
    without = next((table for table, columns in maps.items() if "text" not in columns.mapping), None)
    if without is not None:
        there = columns_in_words(columns_of(without))
        raise CorpusError(f"{without} has no transcript: name it with --columns text=COLUMN; it has {there}")
    rows = (_chunk(c, maps[table], source.path) for table in tables for c in read_table(table))
    chunks = chain([Chunk(pl.DataFrame(), source.path, unnamed)], rows)
    notes = {"tables": len(tables), "columns": maps[tables[0]].mapping if tables else {}}
    return Reading(chunks, source.audio_root(source.path), renamed=True, notes=notes)


def _tables(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    places = [path, *sorted(path.glob("*/")), *sorted(path.glob("data/*/"))]
    tables = [place / name for place in places for name in TABLES if (place / name).is_file()]
    return [table for table in tables if "file_name" in columns_of(table)]


def _chunk(chunk: Chunk, columns: ColumnMap, root: Path) -> Chunk:
    made = columns.renamed(chunk)
    if not made.frame.height:
        return made
    inside = chunk.file.parent.relative_to(root).as_posix()
    frame = made.frame
    if inside != ".":
        frame = frame.with_columns(
            pl.concat_str(pl.lit(f"{inside}/"), pl.col("audio").cast(pl.String)).alias("audio")
        )
    if "split" not in frame.columns and inside != ".":
        frame = frame.with_columns(pl.lit(split_in(chunk.file.parent.name), pl.String).alias("split"))
    return Chunk(frame, made.file, made.rejections)
