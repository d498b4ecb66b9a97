"""Common Voice: the official folder or the ``.tar.gz`` itself, releases from 6 on.

Columns are taken by name, because they came and went. The TSVs are not quoted.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from govor.corpora.archive import is_archive, member_names, survey, unpack
from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "common-voice"
NEEDS = "a release's folder (train.tsv, dev.tsv, test.tsv or validated.tsv, and clips/), or its .tar.gz"
SETTINGS: tuple[str, ...] = ("status",)
SPLITS = ("train", "dev", "test")
STATUSES = ("validated", "other", "invalidated")
TABLES = tuple(f"{name}.tsv" for name in (*SPLITS, *STATUSES, "clip_durations"))
ARCHIVE_NAME = "cv-corpus-"
NEEDED = {"client_id", "path", "sentence"}
COLUMNS = {"client_id": "speaker", "path": "audio", "sentence": "text", "locale": "language"}
VOTES = ("up_votes", "down_votes")
_EXTENSION = r"\.[A-Za-z0-9]{1,5}$"


def recognise(path: Path) -> str | None:
    """Looks for the release's tables, or at the archive's first members."""
    if is_archive(path):
        clips = [name for name in member_names(path) if "/clips/" in name or name.endswith(TABLES)]
        if clips or path.name.startswith(ARCHIVE_NAME):
            return f"the archive holds {clips[0]}" if clips else f"its name begins with {ARCHIVE_NAME}"
        return None
    folder = release_folder(path)
    if folder is None:
        return None
    first = next(iter(_tables(folder)))
    return f"{(folder / first).relative_to(path)}.tsv has client_id, path and sentence"


def release_folder(path: Path) -> Path | None:
    """The folder with the tables: `path` itself, or the only language of a release in it."""
    if not path.is_dir():
        return None
    below = sorted(path.glob("cv-corpus-*/*/")) + sorted(path.glob("*/") if ARCHIVE_NAME in path.name else [])
    found = [folder for folder in (path, *below) if _tables(folder).keys() & {*SPLITS, *STATUSES}]
    return found[0] if found and (found[0] == path or len(found) == 1) else None


def read(source: Source) -> Reading:
    """Opens a release; `source.config.status` chooses tables besides the official splits.

    Raises:
        CorpusError: no release, a status that it does not have, a damaged archive.
        DiskFullError: an archive's audio does not fit.
    """
    if is_archive(source.path):
        return _read_archive(source)
    folder = release_folder(source.path)
    if folder is None:
        raise CorpusError(f"{source.path} is no Common Voice release: it needs {NEEDS}")
    root = Path(source.config.audio_root or (folder / "clips"))
    tables = _tables(folder)
    wanted = _wanted(tables, source)
    return Reading(_chunks(tables, wanted, tables), root, notes={"tables": wanted})


def _read_archive(source: Source) -> Reading:
    """Tables out of the archive, then the clips that they name, unpacked once."""
    archive, audio = source.path, source.out / "audio"
    folder = audio / ".tables"
    folder.mkdir(parents=True, exist_ok=True)
    contents = survey(archive, folder, lambda file: file in TABLES, ".mp3")
    tables = _tables(folder)
    wanted = _wanted(tables, source)
    shown = {table: archive / f"{table}.tsv" for table in tables}
    named = [c.frame.select("audio") for c in _chunks(tables, wanted, shown) if c.frame.height]
    clips = pl.concat([pl.DataFrame(schema={"audio": pl.String}), *named]).unique()
    unpack(archive, contents.audio.join(clips, left_on="clip", right_on="audio", how="semi"), audio)
    chunks = _then_remove(_chunks(tables, wanted, shown), folder)
    return Reading(chunks, audio, notes={"tables": wanted, "unpacked": str(audio)})


def _then_remove(chunks: Iterator[Chunk], folder: Path) -> Iterator[Chunk]:
    yield from chunks
    shutil.rmtree(folder, ignore_errors=True)


def _tables(folder: Path) -> dict[str, Path]:
    """The release's tables by name, in the order in which they are read."""
    tables = {}
    for name in (*SPLITS, *STATUSES, "clip_durations"):
        table = folder / f"{name}.tsv"
        columns = set(first_line(table).split("\t")) if table.is_file() else set()
        if columns >= NEEDED or "clip" in columns:
            tables[name] = table
        elif table.is_file() and columns & NEEDED:
            lacking = ", ".join(sorted(NEEDED - columns))
            raise CorpusError(f"{table}:1: the header has no {lacking}: get the table from the release again")
    return tables


def _wanted(tables: Mapping[str, Path], source: Source) -> list[str]:
    """The official splits, then the tables asked for; without splits all that is validated."""
    statuses = source.config.status
    unknown = sorted(set(statuses) - set(STATUSES))
    if unknown:
        raise CorpusError(f"status {', '.join(unknown)} is unknown: Common Voice has {', '.join(STATUSES)}")
    absent = [status for status in statuses if status not in tables]
    if absent:
        raise CorpusError(f"{source.path} has no {absent[0]}.tsv: leave out --status {absent[0]}")
    official = [name for name in SPLITS if name in tables]
    wanted = (official if not statuses or "validated" in statuses else []) + list(statuses)
    if not wanted and "validated" not in tables:
        raise CorpusError(f"{source.path} has none of the tables of a release: it needs {NEEDS}")
    return wanted or ["validated"]


def _chunks(tables: Mapping[str, Path], wanted: list[str], shown: Mapping[str, Path]) -> Iterator[Chunk]:
    durations = _durations(tables.get("clip_durations"))
    seen = pl.Series("audio", [], dtype=pl.String)
    for name in wanted:
        for chunk in read_delimited(tables[name], "\t", shown_as=shown[name]):
            made = _chunk(chunk, name, durations)
            frame = made.frame
            if frame.height and name in SPLITS:
                seen = pl.concat([seen, frame["audio"].drop_nulls()])
            elif frame.height and len(seen):
                frame = frame.filter(~pl.col("audio").is_in(seen.implode()).fill_null(False))
            yield Chunk(frame, made.file, made.rejections)


def _chunk(chunk: Chunk, table: str, durations: pl.DataFrame | None) -> Chunk:
    if not chunk.frame.height:
        return chunk
    frame = chunk.frame.rename(
        {theirs: ours for theirs, ours in COLUMNS.items() if theirs in chunk.frame.columns}
    )
    votes = [pl.col(name).cast(pl.Int64, strict=False) for name in VOTES if name in frame.columns]
    frame = frame.with_columns(
        *votes,
        pl.col("audio").str.replace(_EXTENSION, "").alias("id"),
        pl.lit(table if table in SPLITS else None, pl.String).alias("split"),
        pl.lit("validated" if table in SPLITS else table).alias("status"),
    )
    if durations is not None:
        frame = frame.join(durations, left_on="audio", right_on="clip", how="left", maintain_order="left")
    return Chunk(frame, chunk.file, chunk.rejections)


def _durations(table: Path | None) -> pl.DataFrame | None:
    """``clip`` and ``duration`` in seconds, where the release has them."""
    if table is None:
        return None
    frames = []
    for chunk in read_delimited(table, "\t"):
        column = next((name for name in chunk.frame.columns if name.startswith("duration")), None)
        if column and "clip" in chunk.frame.columns:
            seconds = pl.col(column).cast(pl.Float64, strict=False) / 1000
            frames.append(chunk.frame.select("clip", seconds.alias("duration")))
    return pl.concat(frames).unique("clip", keep="first") if frames else None
