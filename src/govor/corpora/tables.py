"""Tables: CSV, TSV, JSON lines and Parquet with a column for the audio's name and one for the text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from govor.corpora.delimited import read_delimited, sniff_separator
from govor.corpora.folder import CORE_SCHEMA
from govor.corpora.headerless import check_places, place_name, places
from govor.corpora.json_arrays import array_keys, read_json_array
from govor.corpora.json_lines import has_key, object_keys, read_json_lines
from govor.corpora.lines import columns_in_words, first_line, read_lines
from govor.corpora.reader import CHUNK_ROWS, Chunk, Reading, Source, files_of
from govor.corpora.rows import spoken_renamed
from govor.corpora.splits import split_in
from govor.corpora.spreadsheet import heads, read_sheet
from govor.corpora.words import with_words
from govor.errors import CorpusError, GovorError
from govor.parquet import reading

NAME = "table"
NEEDS = (
    "CSV, TSV, XLSX, JSON lines, a JSON array or Parquet with a column for audio and one for text"
    " (name them with --columns)"
)
SETTINGS: tuple[str, ...] = ("text",)
OBJECT_SUFFIXES = (".jsonl", ".ndjson", ".json")
SUFFIXES = (
    *(".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".json"),
    *(".csv.gz", ".tsv.gz", ".jsonl.gz"),
)
EXPORT_DONE, EXPORT_SIDE_FILE = "export.json", "not-in-format.jsonl"
"""What ``govor export`` writes beside a corpus in another format: they are not tables of it."""
SYNONYMS: dict[str, tuple[str, ...]] = {
    "id": ("id", "utt_id", "utterance_id", "uttid", "utt", "segment_id"),
    "recording": ("recording", "recording_id"),
    "audio": (
        "audio",
        "audio_path",
        "audio_file",
        "audio_filepath",
        "path",
        "file",
        "file_name",
        "filename",
        "file_path",
        "filepath",
        "wav",
        "wav_path",
        "wav_filename",
        "clip",
    ),
    "channel": ("channel",),
    "start": ("start", "start_s", "start_time", "begin", "offset"),
    "end": ("end", "end_s", "end_time", "stop"),
    "text": ("text", "sentence", "transcript", "transcription", "raw_text", "utterance", "label"),
    "language": ("language", "lang", "locale"),
    "speaker": ("speaker", "speaker_id", "spk", "spk_id", "client_id"),
    "split": ("split", "subset", "partition"),
    "duration": ("duration", "duration_s", "dur", "audio_length"),
}


def recognise(path: Path) -> str | None:
    """Looks at the column names of the table, of the only one in a folder, or of one table a split."""
    if path.is_file() and path.name.endswith(".xlsx"):
        return "it is a spreadsheet"
    fitting = _fitting(table_files(path), {})
    if len(fitting) != 1 and not _one_a_split(fitting):
        return None
    mapping = matching(columns_of(fitting[0]), {})
    names = ", ".join(table.name for table in fitting)
    return f"{names}: {mapping['audio']} is audio and {mapping['text']} is text"


def read(source: Source) -> Reading:
    """Opens a table, or one table a split; `source.config.columns` names columns that it cannot guess."""
    numbers = places(source.config.columns)
    if numbers:
        return _read_headerless(source, numbers)
    tables = _the_tables(source)
    check_named_in(tables, named_columns(source))
    maps = {table: _column_map(table, source) for table in tables}
    several = len(tables) > 1
    chunks = (_with_split(maps[table].renamed(c), several) for table in tables for c in read_table(table))
    notes: dict[str, object] = {
        "tables": [table.name for table in tables],
        "columns": maps[tables[0]].mapping,
    }
    root = source.audio_root(tables[0].parent)
    return Reading(chunks, root, renamed=True, notes=notes, remarks=_other_sheets(tables))


def _read_headerless(source: Source, numbers: dict[str, int]) -> Reading:
    """Tables whose columns have places for names."""
    tables = [source.path] if source.path.is_file() else table_files(source.path)
    if len(tables) != 1 and not _one_a_split(tables):
        names = ", ".join(table.name for table in tables[:6]) or "none"
        raise CorpusError(f"{source.path} needs one table, or one a split ({names}): give the path of one")
    mapping = {ours: place_name(place) for ours, place in numbers.items()}
    several = len(tables) > 1
    chunks = (
        _with_split(renamed(chunk, mapping), several)
        for table in tables
        for chunk in read_table(table, _header_of_places(table, numbers))
    )
    notes: dict[str, object] = {
        "tables": [table.name for table in tables],
        "columns": mapping,
        "header": False,
    }
    return Reading(chunks, source.audio_root(tables[0].parent), renamed=True, notes=notes)


def _header_of_places(table: Path, numbers: dict[str, int]) -> list[str]:
    name = table.name.removesuffix(".gz")
    if name.endswith((*OBJECT_SUFFIXES, ".parquet")):
        raise CorpusError(f"{table} has names for its columns: name them, such as --columns audio=path")
    if name.endswith(".xlsx"):
        first = heads(table)
        cells = first.rows[first.taken(_fits)]
    else:
        line = first_line(table)
        cells = next(csv.reader([line], delimiter=_separator(table, line)), [])
    check_places(numbers, cells, str(table))
    return [place_name(place) for place in range(1, len(cells) + 1)]


def _fits(columns: list[str]) -> bool:
    return {"audio", "text"} <= matching(columns, {}).keys()


def _other_sheets(tables: Sequence[Path]) -> list[str]:
    """Says which sheets of a spreadsheet are not read."""
    said = []
    for table in (table for table in tables if table.name.endswith(".xlsx")):
        first = heads(table)
        left = [name for name in first.rows if name != first.taken(_fits)]
        if left:
            said.append(f"{table.name}: sheet {first.taken(_fits)} is read; left: {', '.join(left)}")
    return said


def _column_map(table: Path, source: Source) -> ColumnMap:
    columns = columns_of(table)
    if not columns and not table.name.endswith(".parquet"):
        next(
            read_table(table) if table.name.endswith(".xlsx") else read_lines(table), None
        )  # says what is wrong
    made = ColumnMap(columns, named_columns(source))
    missing = [name for name in ("audio", "text") if name not in made.mapping]
    if missing:
        raise CorpusError(
            f"{table} has no column for {' and '.join(missing)}: name it with --columns {missing[0]}=COLUMN;"
            f" it has {columns_in_words(columns)}"
        )
    return made


def _fitting(tables: list[Path], named: dict[str, str]) -> list[Path]:
    """The tables that have audio and text."""
    return [table for table in tables if {"audio", "text"} <= matching(columns_of(table), named).keys()]


def _one_a_split(tables: list[Path]) -> bool:
    """Whether the names of the tables tell different splits; their columns may differ."""
    splits = [split_in(table.name) for table in tables]
    return len(tables) > 1 and None not in splits and len(set(splits)) == len(splits)


def _with_split(chunk: Chunk, several: bool) -> Chunk:
    if not several or not chunk.frame.height or "split" in chunk.frame.columns:
        return chunk
    split = pl.lit(split_in(chunk.file.name), pl.String).alias("split")
    return Chunk(chunk.frame.with_columns(split), chunk.file, chunk.rejections)


def table_files(path: Path) -> list[Path]:
    """The tables that a path means: itself, or those directly in it."""
    return [
        file
        for file in files_of(path, SUFFIXES)
        if file == path or file.name not in (EXPORT_DONE, EXPORT_SIDE_FILE)
    ]


def columns_of(table: Path) -> list[str]:
    """Column names, from the header, the first object or the Parquet schema; empty where there are none."""
    name = table.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return _parquet_columns(table)
    if name.endswith((".jsonl", ".ndjson")):
        return object_keys(table)
    if name.endswith(".json"):
        return array_keys(table)
    if name.endswith(".xlsx"):
        return _sheet_columns(table)
    line = first_line(table)
    return [n.strip().strip('"') for n in line.split(_separator(table, line))] if line else []


def _sheet_columns(table: Path) -> list[str]:
    try:
        first = heads(table)
    except CorpusError:
        return []
    return first.rows[first.taken(_fits)]


def matching(columns: list[str], named: dict[str, str]) -> dict[str, str]:
    """Our column to the source's: what the user named, else the first usual name that is there."""
    mapping = {ours: theirs for ours, theirs in named.items() if ours in CORE_SCHEMA}
    for ours, usual in SYNONYMS.items():
        there = next((name for name in usual if name in columns and name not in mapping.values()), None)
        if ours not in mapping and there:
            mapping[ours] = there
    return mapping


def named_columns(source: Source) -> dict[str, str]:
    """The columns that the user named, with ``--columns`` or ``--text``."""
    text = {"text": source.config.text} if source.config.text else {}
    return {**text, **source.config.columns}


def check_named(columns: list[str], named: dict[str, str], table: Path) -> None:
    """Refuses ``--columns`` that name no column of a corpus, or none of the source.

    Raises:
        CorpusError: the message names the columns that there are.
    """
    for ours, theirs in named.items():
        if ours not in CORE_SCHEMA:
            known = ", ".join(CORE_SCHEMA)
            raise CorpusError(
                f"--columns {ours}={theirs}: {ours} is not a column of a corpus; they are {known}"
            )
        if theirs not in columns:
            there = columns_in_words(columns)
            raise CorpusError(f"--columns {ours}={theirs}: {table} has no column {theirs}; it has {there}")


def check_named_in(tables: Sequence[Path], named: dict[str, str]) -> None:
    """The same for several files, any of which may have a column; objects may name it late.

    Raises:
        CorpusError: the message names the columns that there are.
    """
    columns = list(dict.fromkeys(name for table in tables for name in columns_of(table)))
    objects = [table for table in tables if table.name.removesuffix(".gz").endswith(OBJECT_SUFFIXES)]
    arrays = {table: array_keys(table, None) for table in objects if table.name.endswith(".json")}
    late = {
        theirs
        for theirs in named.values()
        if theirs not in columns
        and any(theirs in arrays.get(table, ()) or has_key(table, theirs) for table in objects)
    }
    check_named([*columns, *late], named, tables[0])


class ColumnMap:
    """Our columns by the source's, for one file; grows where later rows bring columns that earlier had not.

    Args:
        columns: the columns that are known of.
        named: our column = the source's, as the user says.
    """

    def __init__(self, columns: Sequence[str], named: dict[str, str]) -> None:
        self.mapping = matching(list(columns), named)

    def renamed(self, chunk: Chunk) -> Chunk:
        """A chunk of the file under our names."""
        self.mapping |= matching(chunk.frame.columns, self.mapping)
        return renamed(chunk, self.mapping)


def read_table(table: Path, names: Sequence[str] | None = None) -> Iterator[Chunk]:
    """The rows of a table under its own column names, or under `names` where it has no header."""
    name = table.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        yield from _read_parquet(table)
    elif name.endswith((".jsonl", ".ndjson")):
        yield from read_json_lines(table)
    elif name.endswith(".json"):
        yield from read_json_array(table)
    elif name.endswith(".xlsx"):
        yield from read_sheet(table, _fits, names)
    else:
        header = first_line(table)
        separator = _separator(table, header)
        yield from read_delimited(
            table, separator, header=names, quoted=name.endswith(".csv") and separator in ",;"
        )


def _the_tables(source: Source) -> list[Path]:
    tables = table_files(source.path)
    good = _fitting(tables, named_columns(source))
    if len(tables) == 1 or len(good) == 1 or _one_a_split(good):
        return good or tables
    if not tables:
        raise CorpusError(f"{source.path} is not a table: {NEEDS}")
    names = ", ".join(table.name for table in (good or tables)[:6])
    raise CorpusError(f"{source.path} has several tables ({names}): give the path of one")


def _separator(table: Path, header: str) -> str:
    return "\t" if table.name.removesuffix(".gz").endswith(".tsv") else sniff_separator(header)


def _parquet_columns(table: Path) -> list[str]:
    import pyarrow.parquet as pq

    try:
        with reading(table), table.open("rb") as file:
            return list(pq.read_schema(file).names)
    except (GovorError, OSError):
        return []


def _read_parquet(table: Path) -> Iterator[Chunk]:
    import pyarrow.parquet as pq

    row = 1
    with reading(table, CorpusError), table.open("rb") as opened, pq.ParquetFile(opened) as file:
        for batch in file.iter_batches(batch_size=CHUNK_ROWS):
            batch.validate(full=True)
            frame: Any = pl.from_arrow(batch)
            yield Chunk(
                frame.with_row_index("_line", row).with_columns(pl.col("_line").cast(pl.Int64)), table
            )
            row += batch.num_rows


def renamed(chunk: Chunk, mapping: dict[str, str]) -> Chunk:
    """Our names for the columns; a further column with one of our names gets ``source_`` before it."""
    frame = chunk.frame
    if not frame.height:
        return chunk
    clash = {n: f"source_{n}" for n in frame.columns if n in CORE_SCHEMA and n not in mapping.values()}
    frame = spoken_renamed(frame.drop([new for new in clash.values() if new in frame.columns]), clash)
    taken = {theirs: ours for ours, theirs in mapping.items() if theirs in frame.columns}
    frame = with_words(spoken_renamed(frame, taken))
    return Chunk(_with_end(frame), chunk.file, chunk.rejections)


def _with_end(frame: pl.DataFrame) -> pl.DataFrame:
    """An end where only start and duration are known."""
    if "start" not in frame.columns or "duration" not in frame.columns:
        return frame
    start, length = (number_in(frame, name) for name in ("start", "duration"))
    made = (start + length).cast(pl.Float64)
    if "end" not in frame.columns or frame.schema["end"] == pl.Null:
        return frame.with_columns(made.alias("end"))
    given = pl.col("end") if frame.schema["end"].is_numeric() else pl.col("end").cast(pl.String, strict=False)
    made = made if frame.schema["end"].is_numeric() else made.cast(pl.String)
    return (
        frame
        if frame.schema["end"].is_nested()
        else frame.with_columns(pl.coalesce(given, made).alias("end"))
    )


def number_in(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Seconds, however they are written; null where they are none."""
    kind = frame.schema[name]
    if kind.is_nested():
        return pl.lit(None, pl.Float64)
    value = with_point(name) if kind == pl.String else pl.col(name)
    return value.cast(pl.Float64, strict=False)


def with_point(name: str) -> pl.Expr:
    """``0,5`` as ``0.5``: many languages write, and many spreadsheets export, a decimal comma."""
    return pl.col(name).str.strip_chars().str.replace(r"^(-?\d+),(\d+)$", "$1.$2")
