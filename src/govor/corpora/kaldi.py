"""Kaldi data folders: ``wav.scp``, ``text``, perhaps ``segments``, ``utt2spk``; or one folder a split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from govor.corpora.lines import Lines, read_lines, rejected_line
from govor.corpora.pipes import file_of
from govor.corpora.reader import Chunk, Reading, Source
from govor.corpora.splits import split_in
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "kaldi"
NEEDS = "a folder with wav.scp and text (and segments, utt2spk …), or folders of them: train/, dev/, test/"
SETTINGS: tuple[str, ...] = ()
PER_UTTERANCE = {
    "utt2spk": "speaker",
    "utt2lang": "language",
    "utt2dur": "duration",
    "utt2gender": "gender",
    "utt2age": "age",
}
PER_SPEAKER = {"spk2gender": "gender", "spk2age": "age"}
LEVELS_UP = 4
SPAN_SCHEMA = {
    "id": pl.String,
    "recording": pl.String,
    "start": pl.Float64,
    "end": pl.Float64,
    "_channel": pl.Int32,
}


def recognise(path: Path) -> str | None:
    """Looks for ``wav.scp`` and ``text``."""
    folders = data_folders(path)
    where = [folder.relative_to(path).as_posix() for folder in folders]
    return f"wav.scp and text in {', '.join(where)}".replace(" in .", "") if folders else None


def data_folders(path: Path) -> list[Path]:
    """The data folders that a path means: itself, or those one or two levels below it."""
    if not path.is_dir():
        return []
    for places in ([path], sorted(path.glob("*/")), sorted(path.glob("*/*/"))):
        found = [
            folder for folder in places if (folder / "wav.scp").is_file() and (folder / "text").is_file()
        ]
        if found:
            return found
    return []


def read(source: Source) -> Reading:
    """Opens data folders; commands in ``wav.scp`` are never run (see `govor.corpora.pipes`)."""
    folders = data_folders(source.path)
    if not folders:
        raise CorpusError(f"{source.path} is not a Kaldi data folder: it needs {NEEDS}")
    recordings = {folder: _recordings(folder) for folder in folders}
    root = source.audio_root(_root(folders[0], recordings[folders[0]][0]))
    several = len(folders) > 1 or folders[0] != source.path
    chunks = (c for folder in folders for c in _chunks(folder, *recordings[folder], several))
    return Reading(chunks, root, notes={"folders": [str(folder) for folder in folders]})


def _keyed(file: Path, value: str) -> Iterator[tuple[pl.DataFrame, list[Rejection]]]:
    """A file of ``key value`` lines: ``_key``, `value` (null where there is none), ``_line``."""
    for lines in read_lines(file):
        yield _key_and_value(lines, value), lines.rejections


def _key_and_value(lines: Lines, value: str) -> pl.DataFrame:
    line = pl.col("line").str.strip_chars()
    return lines.frame.select(
        line.str.extract(r"^(\S+)").alias("_key"),
        line.str.extract(r"^\S+\s+(.*)$").alias(value),
        "_line",
    )


def _all(file: Path, value: str) -> pl.DataFrame:
    """A whole file of ``key value`` lines, the first line of a key."""
    frames = [frame for frame, _ in _keyed(file, value)] if file.is_file() else []
    empty = pl.DataFrame(schema={"_key": pl.String, value: pl.String, "_line": pl.Int64})
    return pl.concat([empty, *frames]).unique("_key", keep="first", maintain_order=True)


def _recordings(folder: Path) -> tuple[pl.DataFrame, dict[str, Rejection]]:
    """``recording``, ``audio`` and ``channel`` of ``wav.scp``, and why others cannot be read."""
    rows, refused = [], {}
    for key, entry, line in _all(folder / "wav.scp", "entry").iter_rows():
        target = file_of(entry or "")
        if target is None:
            detail = f"govor does not run commands, and this is not one of the usual ones: {entry}"
            refused[key] = rejected_line(folder / "wav.scp", line, "kaldi_pipe", detail, key)
        elif ".ark:" in target.path:
            detail = f"Kaldi archives are not read: {entry}"
            refused[key] = rejected_line(folder / "wav.scp", line, "kaldi_archive", detail, key)
        else:
            rows.append((key, target.path, target.channel))
    schema = {"recording": pl.String, "audio": pl.String, "channel": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row"), refused


def _root(folder: Path, recordings: pl.DataFrame) -> Path:
    """The folder that the paths are relative to: the data folder or the first above it where they exist."""
    some = recordings["audio"].head(20)
    for place in (folder, *folder.absolute().parents[:LEVELS_UP]):
        if any((place / name).is_file() for name in some):
            return place
    return folder


def _chunks(
    folder: Path, recordings: pl.DataFrame, refused: dict[str, Rejection], several: bool
) -> Iterator[Chunk]:
    facts = [*_speakers(folder), *(("id", table) for table in _tables(folder, PER_UTTERANCE))]
    facts += [("speaker", table) for table in _tables(folder, PER_SPEAKER)]
    spans, bad = _segments(folder)
    yield Chunk(pl.DataFrame(), folder / "segments", bad)
    seen = pl.Series("id", [], dtype=pl.String)
    split = split_in(folder.name) if several else None
    for texts, rejections in _keyed(folder / "text", "text"):
        frame = texts.rename({"_key": "id"}).with_columns(pl.lit(split, pl.String).alias("split"))
        frame = (
            frame.join(spans, on="id", how="left", maintain_order="left")
            if spans is not None
            else _whole(frame)
        )
        frame = _with_recordings(frame, recordings)
        for key, table in facts:
            frame = _with_fact(frame, key, table)
        frame = _without_own_names(frame)
        seen = pl.concat([seen, frame["id"]])
        known = frame["recording"].is_in(list(refused))
        lost = [_refusal(row, refused) for row in frame.filter(known).select("id", "recording").iter_rows()]
        yield Chunk(frame.filter(~known.fill_null(False)), folder / "text", [*rejections, *lost])
    yield _untranscribed(folder, spans, recordings, seen)


def _tables(folder: Path, names: dict[str, str]) -> Iterator[pl.DataFrame]:
    """``_key`` and a column, of the files of a folder that tell something of each utterance or speaker."""
    for file, column in names.items():
        if (folder / file).is_file():
            yield _all(folder / file, column).select("_key", column)


def _speakers(folder: Path) -> list[tuple[str, pl.DataFrame]]:
    """Who speaks, by ``spk2utt``, where ``utt2spk``, which is the same turned round, is missing."""
    if (folder / "utt2spk").is_file() or not (folder / "spk2utt").is_file():
        return []
    lists = _all(folder / "spk2utt", "_utterances").with_columns(pl.col("_utterances").str.split(" "))
    pairs = lists.explode("_utterances").select(pl.col("_utterances").alias("_key"), speaker="_key")
    return [("id", pairs.drop_nulls().unique("_key", keep="first", maintain_order=True))]


def _with_fact(frame: pl.DataFrame, key: str, table: pl.DataFrame) -> pl.DataFrame:
    """`frame` with what a table tells of its utterances or speakers; what is told already stays."""
    column = table.columns[1]
    if key not in frame.columns:
        return frame
    told = table.rename({"_key": key, column: "_told"})
    joined = frame.join(told, on=key, how="left", maintain_order="left")
    before = [column] if column in frame.columns else []
    return joined.with_columns(pl.coalesce([*before, "_told"]).alias(column)).drop("_told")


def _without_own_names(frame: pl.DataFrame) -> pl.DataFrame:
    """Without speakers that are called like their utterance: so Kaldi writes that nobody knows who speaks."""
    if "speaker" not in frame.columns:
        return frame
    return frame.with_columns(pl.when(pl.col("speaker") != pl.col("id")).then("speaker").alias("speaker"))


def _with_recordings(frame: pl.DataFrame, recordings: pl.DataFrame) -> pl.DataFrame:
    """Audio and channel; a command that chooses a channel goes before the channel of a segment."""
    frame = frame.join(recordings, on="recording", how="left", maintain_order="left")
    if "_channel" not in frame.columns:
        return frame
    return frame.with_columns(pl.coalesce("channel", "_channel").alias("channel"))


def _whole(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("id").alias("recording"))


def _refusal(row: tuple[str, str], refused: dict[str, Rejection]) -> Rejection:
    why = refused[row[1]]
    return Rejection(row[0], why.stage, why.reason, why.detail)


def _segments(folder: Path) -> tuple[pl.DataFrame | None, list[Rejection]]:
    """``id``, ``recording``, ``start``, ``end`` of ``segments``, where there is one."""
    file = folder / "segments"
    if not file.is_file():
        return None, []
    empty = pl.DataFrame(schema=SPAN_SCHEMA)
    parts, rejections = [empty], []
    for frame, unreadable in _keyed(file, "span"):
        spans, bad = _spans(file, frame)
        parts.append(spans)
        rejections += [*unreadable, *bad]
    return pl.concat(parts).unique("id", keep="first", maintain_order=True), rejections


def _spans(file: Path, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Rejection]]:
    fields = pl.col("span").str.extract_groups(r"^(\S+)\s+(\S+)\s+(\S+)(?:\s+(\S+))?$")
    frame = frame.select(pl.col("_key").alias("id"), "_line", fields.alias("f")).unnest("f")
    start, end = (pl.col(name).cast(pl.Float64, strict=False) for name in ("2", "3"))
    frame = frame.with_columns(start.alias("start"), end.alias("end"), _channel_number("4").alias("_channel"))
    good = pl.col("1").is_not_null() & pl.col("start").is_finite() & pl.col("end").is_finite()
    good = (good & (pl.col("4").is_null() | pl.col("_channel").is_not_null())).fill_null(False)
    detail = "it needs utterance, recording, start and end in seconds, and perhaps a channel"
    rejections = [
        rejected_line(file, line, "bad_segment", detail, key)
        for key, line in frame.filter(~good).select("id", "_line").iter_rows()
    ]
    open_end = pl.when(pl.col("end") != -1.0).then("end").alias("end")
    channel = pl.when(pl.col("_channel") >= 0).then("_channel").alias("_channel")
    good_ones = frame.filter(good)
    return good_ones.select("id", pl.col("1").alias("recording"), "start", open_end, channel), rejections


def _channel_number(field: str) -> pl.Expr:
    """From 0, as ``extract-segments`` counts; A and B, as telephone corpora name them, are 0 and 1."""
    letters = (
        pl.col(field).str.to_uppercase().replace_strict({"A": 0, "B": 1}, default=None, return_dtype=pl.Int32)
    )
    return pl.coalesce(pl.col(field).cast(pl.Int32, strict=False), letters)


def _untranscribed(
    folder: Path, spans: pl.DataFrame | None, recordings: pl.DataFrame, seen: pl.Series
) -> Chunk:
    """Utterances that ``text`` does not have; they are rejected for it behind."""
    rows = spans if spans is not None else _whole(recordings.select(pl.col("recording").alias("id")))
    left = rows.filter(~pl.col("id").is_in(seen.implode()))
    left = _with_recordings(left, recordings)
    left = left.with_columns(pl.lit(None, pl.String).alias("text"))
    return Chunk(left, folder / ("wav.scp" if spans is None else "segments"))
