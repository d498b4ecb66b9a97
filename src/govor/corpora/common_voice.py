"""Common Voice: the official folder or the ``.tar.gz`` itself, releases from 6 on.

Columns are taken by name, because they came and went. The releases' TSVs are not quoted; those that people
edited may be, and may lack columns or have lines twice: what can be read of them is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from govor.corpora.archive import is_archive, member_names, survey, unpack
from govor.corpora.delimited import column_names, read_delimited
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "common-voice"
NEEDS = "a release's folder (train.tsv, dev.tsv, test.tsv or validated.tsv, and clips/), or its .tar.gz"
SETTINGS: tuple[str, ...] = ("status",)
SPLITS = ("train", "dev", "test")
STATUSES = ("validated", "other", "invalidated")
TABLES = tuple(f"{name}.tsv" for name in (*SPLITS, *STATUSES, "clip_durations"))
ARCHIVE_NAME = "cv-corpus-"
NEEDED = {"path", "sentence"}
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
    first = next(iter([*_tables(folder), *_faulty(folder)]))
    columns = [n for n in ("client_id", "path", "sentence") if n in _header(folder / f"{first}.tsv")]
    return f"{(folder / first).relative_to(path)}.tsv has {' and '.join(', '.join(columns).rsplit(', ', 1))}"


def release_folder(path: Path) -> Path | None:
    """The folder with the tables: `path` itself, or the only language of a release in it."""
    if not path.is_dir():
        return None
    below = sorted(path.glob("cv-corpus-*/*/")) + sorted(path.glob("*/") if ARCHIVE_NAME in path.name else [])
    found = [
        f
        for f in (path, *below)
        if (_tables(f).keys() | _faulty(f)) & {*SPLITS, *STATUSES} and _is_release(f)
    ]
    return found[0] if found and (found[0] == path or len(found) == 1) else None


def _is_release(folder: Path) -> bool:
    """Whether any table has the column that only releases have, or clips lie beside."""
    tables = (folder / f"{name}.tsv" for name in (*SPLITS, *STATUSES))
    return (folder / "clips").is_dir() or any("client_id" in _header(t) for t in tables if t.is_file())


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
        raise CorpusError(f"{source.path} is not a Common Voice release: it needs {NEEDS}")
    root = source.audio_root(folder / "clips")
    tables = _tables(folder)
    remarks = _left_out(_faulty(folder), source)
    wanted = _wanted(tables, source)
    remarks += [
        f"{tables[n].name} has no client_id: its rows name no speaker"
        for n in wanted
        if "client_id" not in _header(tables[n])
    ]
    return Reading(_chunks(tables, wanted, tables), root, notes={"tables": wanted}, remarks=remarks)


def _left_out(faulty: Mapping[str, str], source: Source) -> list[str]:
    """Says which of the official splits cannot be read; without ``--status`` that is an error."""
    statuses = source.config.status
    asked = [name for name in statuses if name in faulty]
    official = [name for name in SPLITS if name in faulty]
    if asked or (official and not statuses and not source.listing):
        fault = faulty[(asked or official)[0]]
        rest = "" if asked else ", or import the rest with --status validated"
        raise CorpusError(f"{fault}: get the table from the release again{rest}")
    return [f"left: {faulty[name]}" for name in official]


def _read_archive(source: Source) -> Reading:
    """Tables out of the archive, then the clips that they name, unpacked once."""
    archive, audio = source.path, source.out / "audio"
    folder = audio / ".tables"
    folder.mkdir(parents=True, exist_ok=True)
    contents = survey(archive, folder, lambda file: file in TABLES, ".mp3")
    _left_out(_faulty(folder), source)
    tables = _tables(folder)
    wanted = _wanted(tables, source)
    if source.listing:
        return Reading(_chunks(tables, wanted, tables), audio, notes={"tables": wanted})
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
    """The release's tables by name, in the order in which they are read, without faulty ones."""
    found = {name: folder / f"{name}.tsv" for name in (*SPLITS, *STATUSES, "clip_durations")}
    there = {name: table for name, table in found.items() if table.is_file()}
    return {name: table for name, table in there.items() if _fault(table) is None and _header(table)}


def _faulty(folder: Path) -> dict[str, str]:
    """What is wrong with the header of tables of a release, by name."""
    found = ((name, folder / f"{name}.tsv") for name in (*SPLITS, *STATUSES))
    return {name: fault for name, table in found if table.is_file() and (fault := _fault(table)) is not None}


def _header(table: Path) -> list[str]:
    """The columns of a table of a release; none where it is another table."""
    line = first_line(table)
    columns = column_names(table, line, "\t", twice=True) if line else []
    return columns if NEEDED & set(columns) or "clip" in columns else []


def _fault(table: Path) -> str | None:
    columns = _header(table)
    lacking = sorted(NEEDED - set(columns))
    double = sorted({name for name in columns if columns.count(name) > 1})
    if not columns or "clip" in columns:
        return None
    if lacking:
        return f"{table}:1: the header has no {', '.join(lacking)}"
    return f"{table}:1: the header names {', '.join(double)} twice" if double else None


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
    again = pl.all_horizontal([pl.col(name) == name for name in NEEDED])
    lost = [
        rejected_line(chunk.file, line, "header_again", "it is the header again")
        for line in chunk.frame.filter(again)["_line"]
    ]
    frame = chunk.frame.filter(~again.fill_null(False)).rename(
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
    return Chunk(frame, chunk.file, [*chunk.rejections, *lost])


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
