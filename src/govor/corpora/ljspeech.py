"""LJSpeech and corpora in its form: ``metadata.csv`` with ``id|raw|normalised``, unquoted, and ``wavs/``."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import columns_in_words, first_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "ljspeech"
NEEDS = "metadata.csv with id|raw text|normalised text and no header, beside wavs/"
SETTINGS: tuple[str, ...] = ("text",)
FOLDERS = ("wavs", "wav", "audio", "clips")
COLUMNS = (["id", "text"], ["id", "text", "normalized_text"])


def recognise(path: Path) -> str | None:
    """Looks for ``metadata.csv`` with bars beside a folder of audio."""
    table = _table(path)
    fields = first_line(table).split("|") if table.is_file() else []
    if (
        len(fields) not in (2, 3)
        or _folder(table) is None
        or fields[0].lower() in ("id", "file", "file_name")
    ):
        return None
    return f"{table.name} has {len(fields)} fields between bars, beside {_folder(table)}/"


def read(source: Source) -> Reading:
    """Opens the table; ``--text normalized_text`` takes the third field instead of the second."""
    table = _table(source.path)
    fields = len(first_line(table).split("|")) if table.is_file() else 0
    if fields not in (2, 3):
        raise CorpusError(f"{table} is not an LJSpeech table: it needs {NEEDS}")
    names = COLUMNS[fields - 2]
    text = source.config.text or "text"
    if text in ("normalised", "normalized"):
        text = "normalized_text"
    if text not in [*names[1:], "raw_text"]:
        raise CorpusError(f"{table} has no {text} to take as text; it has {columns_in_words(names[1:])}")
    folder = _folder(table) or "."
    chunks = (_chunk(c, folder, text) for c in read_delimited(table, "|", header=names))
    return Reading(chunks, source.audio_root(table.parent), notes={"text": text})


def _table(path: Path) -> Path:
    return path / "metadata.csv" if path.is_dir() else path


def _folder(table: Path) -> str | None:
    return next((name for name in FOLDERS if (table.parent / name).is_dir()), None)


def _chunk(chunk: Chunk, folder: str, text: str) -> Chunk:
    if not chunk.frame.height:
        return chunk
    audio = pl.concat_str(pl.lit(f"{folder}/"), "id", pl.lit(".wav")).alias("audio")
    frame = chunk.frame.with_columns(audio)
    if text == "normalized_text":
        frame = frame.with_columns(pl.col("text").alias("raw_text"), pl.col("normalized_text").alias("text"))
    return Chunk(frame, chunk.file, chunk.rejections)
