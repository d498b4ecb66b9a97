"""ParlaSpeech: long recordings and an alignment as JSON lines.

Release 1.0 has ``orig_file``, ``start``, ``end``, ``words``, ``norm_words`` and their times; later ones
``audio``, ``audio_start``, ``audio_end``, ``text`` and ``words`` as character and time spans. Alignments with
a recogniser's transcript beside the official one keep it as a column. Recordings are never cut: utterances
are spans of the long ones; where these are missing, the release's cut files are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from govor.corpora.json_lines import object_keys, read_json_lines
from govor.corpora.lines import columns_in_words
from govor.corpora.names import resolve
from govor.corpora.reader import Chunk, Reading, Source, files_of
from govor.corpora.tables import number_in
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError

NAME = "parlaspeech"
NEEDS = "JSON lines with words and orig_file, start, end (or audio_start, audio_end), beside the recordings"
SETTINGS: tuple[str, ...] = ("text",)
RECOGNISED_COLUMNS = (
    "asr_text",
    "asr_words",
    "asr_transcript",
    "asr_transcription",
    "asr",
    "reco",
    "reco_words",
    "recognised",
    "recognized",
    "kaldi_words",
    "kaldi_text",
    "hypothesis",
    "pred_text",
)
START_COLUMNS = {
    "word_starts": ("word_start_times", "words_start_times"),
    "norm_word_starts": ("norm_words_start_times", "norm_word_start_times"),
}
ALIGNMENT_SUFFIXES = (".jsonl", ".jsonl.gz", ".ndjson", ".json")


def recognise(path: Path) -> str | None:
    """Looks at the first object of the JSON-lines files."""
    for file in alignment_files(path):
        keys = set(object_keys(file))
        if {"orig_file", "start", "end"} <= keys and ("words" in keys or "norm_words" in keys):
            return f"{file.name} has orig_file, start, end and words"
        if {"audio", "audio_start", "audio_end", "text"} <= keys:
            return f"{file.name} has audio, audio_start, audio_end and text"
    return None


def read(source: Source) -> Reading:
    """Opens an alignment; `source.config.text` chooses ``words``, ``norm_words`` or any text column."""
    files = [file for file in alignment_files(source.path) if _is_alignment(file)]
    if not files:
        raise CorpusError(f"{source.path} has no alignment: {NEEDS}")
    keys = list(dict.fromkeys(key for file in files for key in object_keys(file)))
    root = source.audio_root(source.folder)
    chosen = _chosen_text(keys, source.config.text, files[0])
    second = next((name for name in RECOGNISED_COLUMNS if name in keys and name != chosen), None)
    long = _has_recordings(files[0], root)
    chunks = (_chunk(c, chosen, second, long) for file in files for c in read_json_lines(file))
    notes: dict[str, object] = {"text": chosen, "recordings": "long" if long else "cut files of the release"}
    return Reading(chunks, root, second_transcript=second, notes=notes, usual_word_times=RELATIVE)


def alignment_files(path: Path) -> list[Path]:
    """The JSON-lines files that a path means: itself, or those directly in it."""
    return files_of(path, ALIGNMENT_SUFFIXES)


def _is_alignment(file: Path) -> bool:
    return recognise(file) is not None


def _chosen_text(keys: Sequence[str], wanted: str | None, file: Path) -> str:
    if wanted is not None and wanted not in keys:
        raise CorpusError(f"{file} has no {wanted} to take as text; it has {columns_in_words(keys)}")
    return wanted or next(name for name in ("text", "words", "norm_words") if name in keys)


def _has_recordings(file: Path, root: Path) -> bool:
    """Whether the long recordings are there (release 1.0 ships cut files, their names in ``path``)."""
    first = next(iter(read_json_lines(file)), None)
    if first is None or "orig_file" not in first.frame.columns or "path" not in first.frame.columns:
        return first is not None and "orig_file" in first.frame.columns
    names = first.frame["orig_file"].drop_nulls().unique()
    return bool(resolve(names, root).frame["path"].is_not_null().any())


def _chunk(chunk: Chunk, text: str, second: str | None, long: bool) -> Chunk:
    frame = chunk.frame
    if not frame.height:
        return chunk
    frame = _flat_speaker(_named(frame))
    frame = _spans(frame, long)
    frame = _character_words(frame)
    joined = [_joined(frame, name) for name in {text, second} - {None} if name in frame.columns]  # type: ignore[arg-type]
    texts = {text: "text"} if text != "text" else {}
    frame = frame.with_columns([expression.alias(texts.get(name, name)) for name, expression in joined])
    return Chunk(frame, chunk.file, chunk.rejections)


def _joined(frame: pl.DataFrame, name: str) -> tuple[str, pl.Expr]:
    """A transcript as one string, however the source holds it."""
    kind = frame.schema[name]
    if isinstance(kind, pl.List):
        return name, pl.col(name).cast(pl.List(pl.String), strict=False).list.join(" ")
    return name, pl.lit(None, pl.String) if kind.is_nested() else pl.col(name).cast(pl.String)


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """The releases' spellings of the word times under one name."""
    for ours, theirs in START_COLUMNS.items():
        there = [name for name in theirs if name in frame.columns]
        if there:
            frame = frame.with_columns(pl.coalesce(there).alias(ours)).drop(there)
    return frame


def _flat_speaker(frame: pl.DataFrame) -> pl.DataFrame:
    """``speaker_info`` as columns of its own; its name is the speaker."""
    kind = frame.schema.get("speaker_info")
    if not isinstance(kind, pl.Struct):
        return frame
    fields = [field.name for field in kind.fields]
    parts = [
        pl.col("speaker_info").struct.field(name).alias(name) for name in fields if name not in frame.columns
    ]
    names = [name for name in ("Speaker_ID", "Speaker_id", "Speaker_name", "id", "name") if name in fields]
    if names and "speaker" not in frame.columns:
        parts.append(pl.coalesce([pl.col("speaker_info").struct.field(n) for n in names]).alias("speaker"))
    return frame.with_columns(parts).drop("speaker_info")


def _spans(frame: pl.DataFrame, long: bool) -> pl.DataFrame:
    if "orig_file" in frame.columns:
        name = pl.col("orig_file")
        stem = name.str.replace(r"^.*/", "").str.replace(r"\.[A-Za-z0-9]{1,5}$", "")
        if long:
            return frame.with_columns(name.alias("audio"), stem.alias("recording"))
        whole = pl.lit(None, pl.Float64)
        ids = pl.col("path").str.replace(r"^.*/", "").str.replace(r"\.[A-Za-z0-9]{1,5}$", "")
        return frame.with_columns(
            pl.col("path").alias("audio"),
            stem.alias("recording"),
            ids.alias("id"),
            pl.col("start").alias("orig_start"),
            pl.col("end").alias("orig_end"),
            (number_in(frame, "end") - number_in(frame, "start")).alias("duration"),
            whole.alias("start"),
            whole.alias("end"),
        )
    lengths = [pl.col("audio_length").alias("duration")] if "audio_length" in frame.columns else []
    return frame.with_columns(lengths)


def _character_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Words given as spans of characters of the text, as the later releases have them."""
    kind = frame.schema.get("words")
    if not (isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)):
        return frame
    fields = {field.name for field in kind.inner.fields}
    if not {"char_s", "char_e", "time_s", "time_e"} <= fields or frame.schema.get("text") != pl.String:
        return frame
    rows = zip(frame["text"].to_list(), frame["words"].to_list(), strict=True)
    words = [
        None if spans is None else [_word_of_span(text or "", span) for span in spans] for text, spans in rows
    ]
    times = {"word_starts": "time_s", "word_ends": "time_e"}
    parts = [
        pl.col("words")
        .list.eval(pl.element().struct.field(theirs).cast(pl.Float64, strict=False))
        .alias(ours)
        for ours, theirs in times.items()
    ]
    return frame.with_columns(parts).with_columns(pl.Series("words", words, dtype=pl.List(pl.String)))


def _word_of_span(text: str, span: Mapping[str, object] | None) -> str | None:
    """The word that a span of characters is; None where it is not a span."""
    begin, end = (span or {}).get("char_s"), (span or {}).get("char_e")
    return text[begin:end] if isinstance(begin, int) and isinstance(end, int) else None
