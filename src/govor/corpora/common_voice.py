"""Common Voice: the official folder, releases from 6 on.

Columns are taken by name, because they came and went. The TSVs are not quoted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "common-voice"
NEEDS = "a release's folder (train.tsv, dev.tsv, test.tsv or validated.tsv, and clips/), or its .tar.gz"
SPLITS = ("train", "dev", "test")
STATUSES = ("validated", "other", "invalidated")
COLUMNS = {"client_id": "speaker", "path": "audio", "sentence": "text", "locale": "language"}
VOTES = ("up_votes", "down_votes")


def recognise(path: Path) -> str | None:
    """Looks for the release's tables."""
    folder = release_folder(path)
    if folder is None:
        return None
    table = next(_tables(folder, (*SPLITS, *STATUSES)))
    return f"{table.relative_to(path)} has client_id, path and sentence"


def release_folder(path: Path) -> Path | None:
    """The folder with the tables: `path` itself, or the only language of a release in it."""
    if not path.is_dir():
        return None
    inside = [path, *sorted(path.glob("*/")), *sorted(path.glob("cv-corpus-*/*/"))]
    found = [folder for folder in inside if next(_tables(folder, (*SPLITS, *STATUSES)), None)]
    return found[0] if found and (found[0] == path or len(found) == 1) else None


def read(source: Source) -> Reading:
    """Opens a release; `source.config.status` chooses tables besides the official splits."""
    folder = release_folder(source.path)
    if folder is None:
        raise CorpusError(f"{source.path} is no Common Voice release: it needs {NEEDS}")
    root = Path(source.config.audio_root or (folder / "clips"))
    tables = _wanted(folder, source.config.status)
    notes = {"tables": [table.name for table in tables]}
    return Reading(_chunks(folder, tables), root, notes=notes)


def _tables(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        table = folder / f"{name}.tsv"
        if table.is_file() and {"client_id", "path", "sentence"} <= set(first_line(table).split("\t")):
            yield table


def _wanted(folder: Path, statuses: tuple[str, ...]) -> list[Path]:
    """The official splits, then the tables asked for; without splits all that is validated."""
    unknown = sorted(set(statuses) - set(STATUSES))
    if unknown:
        raise CorpusError(f"status {', '.join(unknown)} is unknown: Common Voice has {', '.join(STATUSES)}")
    official = list(_tables(folder, SPLITS))
    asked = list(_tables(folder, statuses or (() if official else ("validated",))))
    absent = [status for status in statuses if not (folder / f"{status}.tsv").is_file()]
    if absent:
        raise CorpusError(f"{folder} has no {absent[0]}.tsv: leave out --status {absent[0]}")
    return (official if not statuses or "validated" in statuses else []) + asked


def _chunks(folder: Path, tables: list[Path]) -> Iterator[Chunk]:
    durations = _durations(folder / "clip_durations.tsv")
    seen = pl.Series("audio", [], dtype=pl.String)
    for table in tables:
        official = table.stem in SPLITS
        for chunk in read_delimited(table, "\t"):
            made = _chunk(chunk, table.stem, durations)
            frame = (
                made.frame.filter(~pl.col("audio").is_in(seen.implode()))
                if made.frame.height and not official
                else made.frame
            )
            if official and frame.height:
                seen = pl.concat([seen, frame["audio"].drop_nulls()])
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
        pl.col("audio").str.replace(r"\.[A-Za-z0-9]{1,5}$", "").alias("id"),
        pl.lit(table if table in SPLITS else None, pl.String).alias("split"),
        pl.lit("validated" if table in SPLITS else table).alias("status"),
    )
    if durations is not None:
        frame = frame.join(durations, left_on="audio", right_on="clip", how="left", maintain_order="left")
    return Chunk(frame, chunk.file, chunk.rejections)


def _durations(table: Path) -> pl.DataFrame | None:
    """``clip`` and ``duration`` in seconds, where the release has them."""
    if not table.is_file():
        return None
    frames = []
    for chunk in read_delimited(table, "\t"):
        column = next((name for name in chunk.frame.columns if name.startswith("duration")), None)
        if column and "clip" in chunk.frame.columns:
            seconds = pl.col(column).cast(pl.Float64, strict=False) / 1000
            frames.append(chunk.frame.select("clip", seconds.alias("duration")))
    return pl.concat(frames).unique("clip", keep="first") if frames else None
