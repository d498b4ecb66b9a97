"""A chunk of any format, checked row by row and brought to the columns of a corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from govor.config import CorpusConfig
from govor.corpora.folder import CORE_SCHEMA, REJECTED_SCHEMA
from govor.corpora.language_tags import OWN, with_language
from govor.corpora.lines import readable, rejected_line
from govor.corpora.names import path_of_url
from govor.corpora.reader import Chunk
from govor.corpora.rows import SPOKEN, with_spoken
from govor.corpora.splits import SPLITS_BY_NAME
from govor.corpora.spool import common_schema, conform
from govor.corpora.tables import check_named, with_point
from govor.records import Rejection

NUMBERS = ("start", "end", "duration")
KEPT = ("_file", "_line", "_word_base", OWN)
LONGEST_S = 1e7
"""Times above are none: a recording of four months."""


@dataclass(frozen=True)
class Tidy:
    """A chunk after checking.

    Attributes:
        frame: rows to keep so far, all core columns present, with ``_file`` and ``_line``.
        rejected: rows as in ``rejected.parquet``.
    """

    frame: pl.DataFrame
    rejected: pl.DataFrame


def tidy(chunk: Chunk, config: CorpusConfig) -> Tidy:
    """Checks a chunk: text and audio named, times in order, split known.

    Raises:
        CorpusError: a column that ``--columns`` names is missing.
    """
    try:
        return _tidy(chunk, config)
    except (pl.exceptions.PolarsError, OverflowError):
        return _one_by_one(chunk, config)


def _one_by_one(chunk: Chunk, config: CorpusConfig) -> Tidy:
    """Halves of a chunk that cannot be checked at once, down to the rows that cannot be read."""
    rows = chunk.frame.height
    if rows <= 1:
        lost = _lost(chunk)
        return _tidy(Chunk(pl.DataFrame(), chunk.file, [*chunk.rejections, *lost]), config)
    halves = (chunk.frame.head(rows // 2), chunk.frame.slice(rows // 2))
    parts = [tidy(Chunk(half, chunk.file), config) for half in halves]
    parts.append(_tidy(Chunk(pl.DataFrame(), chunk.file, chunk.rejections), config))
    kept = [part.frame for part in parts if part.frame.height] or [parts[-1].frame]
    schema = common_schema([dict(frame.schema) for frame in kept])
    return Tidy(
        pl.concat([conform(frame, schema) for frame in kept]), pl.concat([part.rejected for part in parts])
    )


def _lost(chunk: Chunk) -> list[Rejection]:
    return [
        rejected_line(Path(str(row.get("_file") or chunk.file)), int(row.get("_line") or 0), "bad_value",
                      "a table cannot hold a value of this kind")
        for row in chunk.frame.iter_rows(named=True)
    ]  # fmt: skip


def _tidy(chunk: Chunk, config: CorpusConfig) -> Tidy:
    early = pl.DataFrame([_as_row(r) for r in chunk.rejections], schema=REJECTED_SCHEMA)
    if not chunk.frame.height:
        return Tidy(pl.DataFrame(schema={**CORE_SCHEMA, "_file": pl.String, "_line": pl.Int64}), early)
    frame = _renamed(chunk, config)
    frame = with_language(_with_typed_words(_typed(frame)), config.language)
    frame = frame.with_columns(_reason().alias("_reason"))
    bad = frame.filter(pl.col("_reason").is_not_null())
    good = frame.filter(pl.col("_reason").is_null())
    good = good.drop([n for n in good.columns if n.startswith("_") and n not in KEPT])
    return Tidy(good, pl.concat([early, bad.select(_rejection_columns())]))


def rejection_columns(reason: pl.Expr, detail: pl.Expr) -> list[pl.Expr]:
    """The columns of ``rejected.parquet`` for rows that have ``_file`` and ``_line``."""
    place = pl.col("_line").cast(pl.String).fill_null("?")
    file = pl.col("_file").str.replace(r"^.*/", "")
    return [
        pl.coalesce("id", pl.concat_str(file, pl.lit(":"), place)).alias("id"),
        pl.lit("import").alias("stage"),
        reason.alias("reason"),
        pl.concat_str("_file", pl.lit(":"), place, pl.lit(": "), detail).alias("detail"),
    ]


def by_reason(reason: pl.Expr, details: Mapping[str, pl.Expr]) -> pl.Expr:
    """The detail of each row's reason; nothing where a reason has none."""
    detail = pl.lit("")
    for code, text in details.items():
        detail = pl.when(reason == code).then(text).otherwise(detail)
    return detail


def _as_row(rejection: object) -> dict[str, str]:
    return {name: readable(getattr(rejection, name)) for name in REJECTED_SCHEMA}


def _renamed(chunk: Chunk, config: CorpusConfig) -> pl.DataFrame:
    frame = chunk.frame
    if "_line" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.Int64).alias("_line"))
    if "_file" not in frame.columns:
        frame = frame.with_columns(pl.lit(readable(chunk.file)).alias("_file"))
    check_named([n for n in frame.columns if not n.startswith("_")], config.columns, chunk.file)
    taken = set(config.columns.values()) - set(config.columns)
    pairs = [
        (before + ours, before + theirs) for ours, theirs in config.columns.items() for before in ("", SPOKEN)
    ]
    named = frame.with_columns(
        [pl.col(theirs).alias(ours) for ours, theirs in pairs if theirs in frame.columns]
    )
    return named.drop(taken)


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """Core columns in their types; what a cast cannot read is marked in ``_bad_<column>``."""
    frame = frame.with_columns(
        [
            with_spoken(name)
            for name, kind in CORE_SCHEMA.items()
            if kind == pl.String and name != "id" and SPOKEN + name in frame.columns
        ]
    )
    frame = frame.with_columns(
        [pl.lit(None, kind).alias(name) for name, kind in CORE_SCHEMA.items() if name not in frame.columns]
    )
    frame = frame.with_columns([with_point(name) for name in NUMBERS if frame.schema[name] == pl.String])
    marks = [_unreadable(frame, name).alias(f"_bad_{name}") for name in (*NUMBERS, "channel")]
    casts = [_text(frame, name) for name, kind in CORE_SCHEMA.items() if kind == pl.String]
    numbers = [_number(frame, name) for name in NUMBERS]
    channel = _number(frame, "channel").cast(pl.Int32, strict=False)
    frame = frame.with_columns(marks).with_columns(*casts, *numbers, channel)
    blank = [_blank_to_null(name) for name in ("id", "recording", "audio", "language", "speaker")]
    split = pl.col("split").str.strip_chars().str.to_lowercase()
    known = split.replace_strict(SPLITS_BY_NAME, default="?", return_dtype=pl.String)
    positive = pl.when(pl.col("duration") > 0).then("duration")
    frame = frame.with_columns(blank)
    return frame.with_columns(
        _without_scheme(frame),
        positive,
        split.alias("_split"),
        pl.when(split.is_null()).then(None).otherwise(known).alias("split"),
    )


def _without_scheme(frame: pl.DataFrame) -> pl.Series:
    """``file:///data/a%20b.wav`` as the path that it is."""
    audio = frame["audio"]
    if not audio.str.starts_with("file:").any():
        return audio
    return audio.map_elements(lambda name: path_of_url(name) if name.startswith("file:") else name, pl.String)


def _with_typed_words(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists of words and of their times in their types; what is not a list stands under ``source_…``.

    A row without a time for each of its words has no word times.
    """
    lists = {
        "words": pl.List(pl.String),
        "word_starts": pl.List(pl.Float64),
        "word_ends": pl.List(pl.Float64),
    }
    there = {name: kind for name, kind in lists.items() if name in frame.columns}
    loose = {n: f"source_{n}" for n in there if not isinstance(frame.schema[n], pl.List)}
    frame = frame.rename({n: new for n, new in loose.items() if new not in frame.columns}).drop(
        [n for n, new in loose.items() if new in frame.columns]
    )
    casts = [pl.col(n).cast(kind, strict=False) for n, kind in there.items() if n not in loose]
    frame = frame.with_columns(casts)
    if "words" not in frame.columns or "word_starts" not in frame.columns:
        return frame
    times = [name for name in ("word_starts", "word_ends") if name in frame.columns]
    count = pl.col("words").list.len()
    whole = [
        pl.col(n).is_null()
        | ((pl.col(n).list.len() == count) & (pl.col(n).list.drop_nulls().list.len() == count))
        for n in times
    ]
    return frame.with_columns([pl.when(pl.all_horizontal(whole)).then(n).alias(n) for n in times])


def _unreadable(frame: pl.DataFrame, name: str) -> pl.Expr:
    """True where a value is there but is not a finite number."""
    if frame.schema[name] == pl.Null:
        return pl.lit(False)
    if frame.schema[name].is_nested():
        return pl.col(name).is_not_null()
    value = pl.col(name).cast(pl.Float64, strict=False)
    usable = value.is_finite() & (value.abs() <= LONGEST_S)
    return pl.col(name).is_not_null() & ~usable.fill_null(False)


def _number(frame: pl.DataFrame, name: str) -> pl.Expr:
    if frame.schema[name].is_nested():
        return pl.lit(None, pl.Float64).alias(name)
    return pl.col(name).cast(pl.Float64, strict=False)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    kind = frame.schema[name]
    if isinstance(kind, pl.List) and kind.inner == pl.String:
        return pl.col(name).list.join(" ")
    if kind.is_nested():
        return pl.lit(None, pl.String).alias(name)
    return pl.col(name).cast(pl.String)


def _blank_to_null(name: str) -> pl.Expr:
    stripped = pl.col(name).str.strip_chars()
    return pl.when(stripped != "").then(stripped if name in ("language",) else pl.col(name)).alias(name)


def _reason() -> pl.Expr:
    """The first thing that is wrong with a row, or null."""
    start, end = pl.col("start"), pl.col("end")
    nul = pl.any_horizontal(
        [pl.col(n).str.contains("\0", literal=True).fill_null(False) for n in ("id", "audio", "text")]
    )
    rules = [
        (nul, "nul_character"),
        (pl.col("audio").is_null(), "no_audio"),
        (pl.col("text").is_null(), "no_text"),
        (pl.col("text").str.strip_chars() == "", "empty_text"),
        (pl.any_horizontal([f"_bad_{name}" for name in NUMBERS]), "bad_times"),
        ((start < 0) | (end < 0), "negative_time"),
        (end < start.fill_null(0.0), "times_swapped"),
        (end == start.fill_null(0.0), "no_duration"),
        (pl.col("_bad_channel") | (pl.col("channel") < 0), "bad_channel"),
        (pl.col("split") == "?", "unknown_split"),
    ]
    reason = pl.lit(None, pl.String)
    for wrong, code in reversed(rules):
        reason = pl.when(wrong.fill_null(False)).then(pl.lit(code)).otherwise(reason)
    return reason


def _rejection_columns() -> list[pl.Expr]:
    times = pl.format("start {}, end {}", _shown("start"), _shown("end"))
    details = {
        "nul_character": pl.lit("a value holds a NUL character"),
        "no_audio": pl.lit("it names no audio file"),
        "no_text": pl.lit("it has no transcript, or the transcript is not text"),
        "empty_text": pl.lit("its transcript is blank"),
        "bad_times": pl.lit("start, end or duration is not a number of seconds"),
        "negative_time": times,
        "times_swapped": times,
        "no_duration": times,
        "bad_channel": pl.lit("channel is not a channel number"),
        "unknown_split": pl.format("split is {}; it must be train, dev or test", "_split"),
    }
    return rejection_columns(pl.col("_reason"), by_reason(pl.col("_reason"), details))


def _shown(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).fill_null("not given")
