"""Data sets of the ``datasets`` library: Parquet with Audio, folders of ``save_to_disk``, ids on the Hub.

Audio inside the tables is unpacked once into ``audio/`` in the corpus folder, byte for byte; nothing is
decoded.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from govor.corpora.embedded import AudioUnpacker
from govor.corpora.lines import columns_in_words
from govor.corpora.reader import Chunk, Reading, Source
from govor.corpora.rows import Row, frame_of, usable_rows
from govor.corpora.splits import split_in
from govor.corpora.tables import ColumnMap, check_named, named_columns
from govor.errors import CorpusError, GovorError
from govor.extras import required
from govor.parquet import reading
from govor.store import require_space

NAME = "huggingface"
NEEDS = "Parquet files or a save_to_disk folder with an Audio column, or a Hub id (user/name:config)"
SETTINGS: tuple[str, ...] = ("text",)
MOST_ROWS = 1024
BATCH_BYTES = 64 << 20
ROWS_A_CHUNK = 16_384
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?(@[\w.-]+)?")


def recognise(path: Path) -> str | None:
    """Looks for Parquet files with Audio, for ``save_to_disk``'s files, or for the form of a Hub id."""
    if not path.exists():
        named = _HUB_ID.fullmatch(str(path)) and not path.parent.exists()
        return "it is not a path here, and has the form of a Hub id" if named else None
    if _saved(path):
        return "dataset_info.json and Arrow files of save_to_disk"
    tables = parquet_files(path)
    audio = _audio_column(tables[0]) if tables else None
    return f"{tables[0].name} has the Audio column {audio}" if audio else None


def read(source: Source) -> Reading:
    """Opens a data set; the names of its splits become train, dev and test where they say so.

    Raises:
        CorpusError: no Audio column, no transcript, or no such data set on the Hub.
        DiskFullError: the audio does not fit.
        MissingExtraError: a Hub id without the ``datasets`` library.
    """
    folder = source.out / "audio"
    if not source.path.exists():
        batches = _hub_batches(str(source.path))
    elif saved := _saved(source.path):
        batches = _arrow_batches(saved, None if source.listing else folder)
    else:
        batches = _parquet_batches(source.path, None if source.listing else folder)
    root = source.audio_root(folder)
    root.mkdir(parents=True, exist_ok=True)
    return Reading(_chunks(batches, source, folder), root, renamed=True, notes={"unpacked": str(folder)})


def parquet_files(path: Path) -> list[Path]:
    """The Parquet files that a path means: itself, or those with Audio in it or one folder below it."""
    if path.is_file():
        return [path] if path.suffix == ".parquet" else []
    found = sorted([*path.glob("*.parquet"), *path.glob("*/*.parquet")])
    shown = [f for f in found if not any(part.startswith(".") for part in f.relative_to(path).parts)]
    return [file for file in shown if _audio_column(file)] or shown


@dataclass(frozen=True)
class RowBatch:
    """Some rows of a data set.

    Attributes:
        file: where they stand.
        split: name of the split there.
        first: number of the first row in the file, from 1.
        rows: the rows, audio as it lies in the table.
    """

    file: Path
    split: str
    first: int
    rows: list[Row]


def _audio_column(table: Path) -> str | None:
    """The column of an Audio feature: a struct of bytes and path."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with reading(table), table.open("rb") as file:
            schema = pq.read_schema(file)
            kinds = [(field.name, field.type) for field in schema if pa.types.is_struct(field.type)]
    except (GovorError, OSError):
        return None
    structs = [
        name for name, kind in kinds if kind.get_field_index("bytes") >= 0 <= kind.get_field_index("path")
    ]
    return structs[0] if structs else None


def _saved(path: Path) -> dict[str, list[Path]]:
    """Arrow files by split, of a folder that ``save_to_disk`` wrote; empty where it is none."""
    if not path.is_dir():
        return {}
    try:
        named = json.loads((path / "dataset_dict.json").read_text())["splits"]
        folders = {name: path / name for name in named if Path(name).name == name and "\0" not in name}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        folders = {"": path} if (path / "dataset_info.json").is_file() else {}
    files = {name: sorted(folder.glob("*.arrow")) for name, folder in folders.items()}
    return files if any(files.values()) else {}


def _arrow_batches(saved: Mapping[str, list[Path]], folder: Path | None) -> Iterator[RowBatch]:
    import pyarrow as pa

    size = sum(file.stat().st_size for files in saved.values() for file in files)
    if folder is not None:
        require_space(folder, size, "unpacking the data set's audio")
    for split, file in ((split, file) for split, files in saved.items() for file in files):
        first = 1
        with reading(file, CorpusError), file.open("rb") as opened, pa.ipc.open_stream(opened) as stream:
            for batch in stream:
                batch.validate(full=True)  # a size or place in a damaged file may point outside of it
                step = _rows_at_once(batch.nbytes, batch.num_rows)
                for start in range(0, batch.num_rows, step):
                    yield RowBatch(file, split, first + start, batch.slice(start, step).to_pylist())
                first += batch.num_rows


def _parquet_batches(path: Path, folder: Path | None) -> Iterator[RowBatch]:
    import pyarrow.parquet as pq

    tables = parquet_files(path)
    if not tables:
        raise CorpusError(f"{path} holds no data set: it needs {NEEDS}")
    if folder is not None:
        require_space(folder, sum(map(_audio_bytes, tables)), "unpacking the data set's audio")
    for table in tables:
        split, first = split_in(table.stem) or split_in(table.parent.name) or "", 1
        with reading(table, CorpusError), table.open("rb") as opened, pq.ParquetFile(opened) as file:
            step = _rows_at_once(_audio_bytes(table), file.metadata.num_rows)
            for batch in file.iter_batches(batch_size=step):
                batch.validate(full=True)
                yield RowBatch(table, split, first, batch.to_pylist())
                first += batch.num_rows


def _rows_at_once(size_bytes: int, rows: int) -> int:
    """How many rows of a table of this size to hold at a time."""
    return max(1, min(MOST_ROWS, BATCH_BYTES * rows // max(size_bytes, 1)))


def _audio_bytes(table: Path) -> int:
    """Bytes of the columns called ``….bytes``, before compression."""
    import pyarrow.parquet as pq

    try:
        with reading(table), table.open("rb") as file:
            facts = pq.read_metadata(file)
            groups = [facts.row_group(i) for i in range(facts.num_row_groups)]
            columns = [group.column(i) for group in groups for i in range(group.num_columns)]
            sizes = [c.total_uncompressed_size for c in columns if c.path_in_schema.endswith(".bytes")]
    except (GovorError, OSError):
        return 0
    return sum(size for size in sizes if size > 0)


def _hub_batches(id: str) -> Iterator[RowBatch]:
    """Rows of a data set on the Hub, streamed split by split, its audio not decoded."""
    with required():
        import datasets
    name, _, revision = id.partition("@")
    repository, _, config = name.partition(":")
    try:
        splits = datasets.load_dataset(repository, config or None, revision=revision or None, streaming=True)
        for split, rows in splits.items():
            yield from _streamed(Path(repository), str(split), _undecoded(rows, datasets.Audio))
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        first = str(error).strip().split("\n")[0]
        raise CorpusError(f"{id} is not a path here, and cannot be read from the Hub: {first}") from error


def _undecoded(rows: Any, audio: Any) -> Any:
    for column, feature in (rows.features or {}).items():
        if isinstance(feature, audio):
            rows = rows.cast_column(column, audio(decode=False))
    return rows


def _streamed(place: Path, split: str, rows: Iterable[Row]) -> Iterator[RowBatch]:
    for number, row in enumerate(rows, 1):
        yield RowBatch(place, split, number, [row])


def _chunks(batches: Iterable[RowBatch], source: Source, folder: Path) -> Iterator[Chunk]:
    unpacker, rows_of_split = AudioUnpacker(folder), Counter[str]()
    maps: dict[Path, ColumnMap] = {}
    for file, audio, light in _without_audio(batches, source, unpacker, rows_of_split):
        rows, rejections = usable_rows(file, light)
        columns = [
            name for name in dict.fromkeys(n for row in light for n in row) if not name.startswith("_")
        ]
        if file not in maps:
            check_named(columns, named_columns(source), file)
            maps[file] = ColumnMap(columns, {"audio": audio, **named_columns(source)})
        if "text" not in maps[file].mapping:
            there = ", ".join(name for name in columns if name != audio)
            raise CorpusError(f"{file} has no transcript: name it with --columns text=COLUMN; it has {there}")
        made = maps[file].renamed(Chunk(frame_of(rows), file)).frame
        if made.height and "split" not in made.columns:
            made = made.with_columns(pl.col("_split").alias("split"))
        yield Chunk(made, file, rejections)


def _without_audio(
    batches: Iterable[RowBatch], source: Source, unpacker: AudioUnpacker, rows_of_split: Counter[str]
) -> Iterator[tuple[Path, str, list[Row]]]:
    """The rows of one file at a time with the column of audio, its path in its place."""
    light: list[Row] = []
    here, column = Path(), ""
    for batch in batches:
        if light and (batch.file != here or len(light) >= ROWS_A_CHUNK):
            yield here, column, light
            light = []
        if batch.file != here:
            column = ""
        here, column = batch.file, column or _column_of_audio(batch, source)
        for number, row in enumerate(batch.rows, batch.first):
            count = rows_of_split[batch.split]
            light.append(_light(row, column, source, unpacker, batch.split, count) | {"_line": number})
            rows_of_split[batch.split] += 1
    if light:
        yield here, column, light


def _light(row: Row, column: str, source: Source, unpacker: AudioUnpacker, split: str, count: int) -> Row:
    audio = row.get(column)
    if isinstance(audio, Mapping):
        _keep_origin(row, source)
    path = _audio_name(audio, count) if source.listing else unpacker.place(audio, split or "all", count)
    if path and isinstance(audio, Mapping) and audio.get("bytes") is None:
        path = str(_folder(source) / path)
    return row | {column: path, "_split": split_in(split)}


def _audio_name(audio: Any, count: int) -> str | None:
    """What a row calls its audio, where nothing is unpacked."""
    path = audio.get("path") if isinstance(audio, Mapping) else audio
    return str(path) if path else f"audio of row {count + 1}"


def _folder(source: Source) -> Path:
    return source.folder.absolute()


def _keep_origin(row: Row, source: Source) -> None:
    """Times of a clip that lies in the table are where it came from, unless the user says otherwise."""
    for name in ("start", "end"):
        if name in row and name not in source.config.columns.values():
            row[f"orig_{name}"] = row.pop(name)


def _column_of_audio(batch: RowBatch, source: Source) -> str:
    """The column of audio: as named, or the struct of bytes and path in any of the rows, or a usual name."""
    if "audio" in source.config.columns:
        return source.config.columns["audio"]
    cells = ((n, v) for row in batch.rows for n, v in row.items())
    structs = (n for n, v in cells if isinstance(v, Mapping) and {"bytes", "path"} <= v.keys())
    there = dict.fromkeys(name for row in batch.rows for name in row)
    column = next(structs, None) or next((n for n in ("audio", "path", "file") if n in there), None)
    if column is None:
        raise CorpusError(
            f"{source.path} has no Audio column; it has {columns_in_words(there)}: name one with"
            " --columns audio="
        )
    return column
