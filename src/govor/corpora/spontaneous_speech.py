"""Common Voice Spontaneous Speech: ``ss-corpus-LOCALE.tsv``, ``audios/``; reported files are set aside.

Transcripts hold tags such as ``[um]`` and ``[noise]``; they are source text and stay.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "spontaneous-speech"
NEEDS = "ss-corpus-LOCALE.tsv with audio_file and transcription, and audios/"
SETTINGS: tuple[str, ...] = ()
COLUMNS = {"client_id": "speaker", "audio_file": "audio", "transcription": "text"}
NEEDED = {"audio_file", "transcription"}


def recognise(path: Path) -> str | None:
    """Looks for the main table."""
    table = _table(path)
    return f"{table.name} has audio_file and transcription" if table else None


def read(source: Source) -> Reading:
    """Opens a release; what ``ss-reported-audios-LOCALE.tsv`` names is rejected as ``reported``."""
    table = _table(source.path)
    if table is None:
        raise CorpusError(f"{source.path} is not a Spontaneous Speech release: it needs {NEEDS}")
    locale = table.stem.removeprefix("ss-corpus-")
    reported = _reported_names(table.with_name(f"ss-reported-audios-{locale}.tsv"))
    chunks = (_chunk(chunk, locale, reported) for chunk in read_delimited(table, "\t"))
    root = source.audio_root(table.parent / "audios")
    return Reading(chunks, root, notes={"table": table.name, "reported": len(reported)})


def _table(path: Path) -> Path | None:
    files = [path] if path.is_file() else sorted(path.glob("ss-corpus-*.tsv"))
    return next((f for f in files if set(first_line(f).split("\t")) >= NEEDED), None)


def _reported_names(table: Path) -> list[str]:
    if not table.is_file():
        return []
    frames = [chunk.frame for chunk in read_delimited(table, "\t")]
    named = [frame["audio_file"].drop_nulls() for frame in frames if "audio_file" in frame.columns]
    return pl.concat(named).unique().to_list() if named else []


def _chunk(chunk: Chunk, locale: str, reported: list[str]) -> Chunk:
    if not chunk.frame.height:
        return chunk
    frame = chunk.frame.rename(
        {theirs: ours for theirs, ours in COLUMNS.items() if theirs in chunk.frame.columns}
    )
    frame = frame.with_columns(pl.col("audio").str.replace(r"\.[A-Za-z0-9]{1,5}$", "").alias("id"))
    if "language" not in frame.columns:
        frame = frame.with_columns(pl.lit(locale).alias("language"))
    if "duration_ms" in frame.columns:
        seconds = pl.col("duration_ms").cast(pl.Float64, strict=False) / 1000
        frame = frame.with_columns(seconds.alias("duration")).drop("duration_ms")
    bad = pl.col("audio").is_in(reported).fill_null(False)
    lost = [
        rejected_line(chunk.file, line, "reported", "listeners reported this recording", id)
        for line, id in frame.filter(bad).select("_line", "id").iter_rows()
    ]
    return Chunk(frame.filter(~bad), chunk.file, [*chunk.rejections, *lost])
