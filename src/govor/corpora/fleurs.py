"""FLEURS: ``train.tsv``, ``dev.tsv``, ``test.tsv`` of seven columns, no header, and ``audio/SPLIT/``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "fleurs"
NEEDS = "train.tsv, dev.tsv and test.tsv of seven columns without a header, and audio/train/ and so on"
SETTINGS: tuple[str, ...] = ("text",)
COLUMNS = (
    "sentence_id",
    "audio",
    "raw_transcription",
    "transcription",
    "characters",
    "num_samples",
    "gender",
)
RATE_HZ = 16_000


def recognise(path: Path) -> str | None:
    """Looks for tables whose first row has seven fields with a WAV and a number of samples in place."""
    tables = _tables(path)
    return f"{tables[0].name} has the seven columns of FLEURS" if tables else None


def read(source: Source) -> Reading:
    """Opens the tables; ``--text transcription`` takes the normalised text instead of the raw one."""
    tables = _tables(source.path)
    if not tables:
        raise CorpusError(f"{source.path} is not a FLEURS folder: it needs {NEEDS}")
    text = source.config.text or "raw_transcription"
    if text not in COLUMNS[2:4]:
        raise CorpusError(f"FLEURS has no {text} to take as text; it has {' and '.join(COLUMNS[2:4])}")
    chunks = (_chunk(c, text) for table in tables for c in read_delimited(table, "\t", header=COLUMNS))
    root = source.audio_root(source.path)
    return Reading(chunks, root, notes={"text": text, "tables": [table.name for table in tables]})


def _tables(path: Path) -> list[Path]:
    return [t for name in ("train", "dev", "test") if _is_fleurs(t := path / f"{name}.tsv")]


def _is_fleurs(table: Path) -> bool:
    fields = first_line(table).split("\t") if table.is_file() else []
    return len(fields) == len(COLUMNS) and fields[1].endswith(".wav") and fields[5].isdigit()


def _chunk(chunk: Chunk, text: str) -> Chunk:
    if not chunk.frame.height:
        return chunk
    split = chunk.file.stem
    return Chunk(
        chunk.frame.with_columns(
            pl.concat_str(pl.lit(f"audio/{split}/"), "audio").alias("audio"),
            pl.col("audio").str.replace(r"\.wav$", "").alias("id"),
            pl.col(text).alias("text"),
            pl.lit(split).alias("split"),
            (pl.col("num_samples").cast(pl.Float64, strict=False) / RATE_HZ).alias("duration"),
        ),
        chunk.file,
        chunk.rejections,
    )
