"""VoxPopuli: the prepared tables (``asr_train.tsv`` …) or a language's annotations (``asr_hr.tsv.gz``).

The prepared ones name cut files, ``{language}/{year}/{id}.ogg``. The annotations name spans of session
recordings by their voice activity; the utterance is the span from the first to the last of it.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line, rejected_line
from govor.corpora.reader import Chunk, Reading, Source
from govor.errors import CorpusError

NAME = "voxpopuli"
NEEDS = "asr_train.tsv, asr_dev.tsv, asr_test.tsv, or asr_LANGUAGE.tsv.gz, above the audio"
SETTINGS: tuple[str, ...] = ("text",)
PREPARED = {"id", "raw_text", "normalized_text"}
ANNOTATIONS = {"id_", "session_id", "original_text", "normed_text"}
NAMES = {
    "id_": "id",
    "original_text": "raw_text",
    "normed_text": "normalized_text",
    "speaker_id": "speaker",
}
TEXTS = ("raw_text", "normalized_text")


def recognise(path: Path) -> str | None:
    """Looks at the headers of ``asr_*.tsv``."""
    tables = _tables(path)
    return (
        f"{tables[0].name} has {'session_id' if _is_raw(tables[0]) else 'id'} and raw text"
        if tables
        else None
    )


def read(source: Source) -> Reading:
    """Opens the tables; ``--text normalized_text`` takes that instead of the raw text."""
    tables = _tables(source.path)
    if not tables:
        raise CorpusError(f"{source.path} is not a VoxPopuli folder: it needs {NEEDS}")
    text = source.config.text or "raw_text"
    if text not in TEXTS:
        raise CorpusError(f"VoxPopuli has no {text} to take as text; it has {', '.join(TEXTS)}")
    without = next((t for t in tables if _is_raw(t) and "vad" not in _columns(t)), None)
    if without is not None:
        raise CorpusError(
            f"{without}:1: the header has no vad, which says where an utterance is: fetch it again"
        )
    root = source.folder
    chunks = (
        _chunk(c, text, _is_raw(table)) for table in tables for c in read_delimited(table, *_dialect(table))
    )
    return Reading(chunks, source.audio_root(root), notes={"text": text})


def _tables(path: Path) -> list[Path]:
    files = [path] if path.is_file() else sorted(path.glob("asr_*.tsv*")) if path.is_dir() else []
    return [file for file in files if _columns(file) >= PREPARED or _columns(file) >= ANNOTATIONS]


def _columns(table: Path) -> set[str]:
    return set(first_line(table).split("|" if _is_raw(table) else "\t"))


def _is_raw(table: Path) -> bool:
    return first_line(table).startswith(("id_|", "session_id|"))


def _dialect(table: Path) -> tuple[str]:
    return ("|",) if _is_raw(table) else ("\t",)


def _chunk(chunk: Chunk, text: str, raw: bool) -> Chunk:
    frame = chunk.frame
    if not frame.height:
        return chunk
    frame = frame.rename({theirs: ours for theirs, ours in NAMES.items() if theirs in frame.columns})
    blank = (pl.col(text).fill_null("").str.strip_chars() == "") | pl.col(text).is_in(["nan", "NaN"])
    reason = f"no_{text}"
    lost = [
        rejected_line(chunk.file, line, reason, f"it has no {text.replace('_', ' ')}", id)
        for line, id in frame.filter(blank).select("_line", "id").iter_rows()
    ]
    frame = frame.filter(~blank).with_columns(pl.col(text).alias("text"))
    frame = (
        _session_spans(frame)
        if raw
        else frame.with_columns(pl.concat_str("id", pl.lit(".ogg")).alias("audio"))
    )
    return Chunk(frame, chunk.file, [*chunk.rejections, *lost])


def _session_spans(frame: pl.DataFrame) -> pl.DataFrame:
    """Start and end of the voice activity, which is written as ``[(12.3, 15.0), (15.2, 18.1)]``."""
    numbers = pl.col("vad").str.extract_all(r"[0-9]+(?:\.[0-9]+)?").cast(pl.List(pl.Float64), strict=False)
    language = pl.col("id").str.extract(r"_([a-z]{2})(?:_|$)")
    session = pl.coalesce(pl.concat_str("session_id", pl.lit("_"), language), "session_id")
    return frame.with_columns(
        numbers.list.min().alias("start"),
        numbers.list.max().alias("end"),
        pl.concat_str(session, pl.lit(".ogg")).alias("audio"),
        session.alias("recording"),
    )
