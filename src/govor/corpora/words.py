"""Words with times, in the columns that the rest of govor knows.

``words`` (list of strings), ``word_starts`` and ``word_ends`` (lists of seconds). Whether a source counts
them from the recording's beginning or from the utterance's is settled later (`govor.corpora.word_times`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import polars as pl

from govor.corpora.numbers import number

WORD_KEYS = ("w", "word", "text", "token", "symbol")
START_KEYS = ("s", "start", "time_s", "start_time", "start_s", "begin")
END_KEYS = ("e", "end", "time_e", "end_time", "end_s")
LISTS = ("words", "word_starts", "word_ends")
PLACES = ("words", "word_timestamps", "word_segments", "word_alignment", "alignment")
"""Columns that hold word objects, the usual one first."""


def with_words(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with a list of word objects (``{"w", "s", "e"}`` and the like) taken apart."""
    for column in PLACES:
        kind = frame.schema.get(column)
        if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            fields = [field.name for field in kind.inner.fields]
            word, start, end = (_first(fields, keys) for keys in (WORD_KEYS, START_KEYS, END_KEYS))
            if word is not None and start is not None:
                return frame.with_columns(_parts(column, word, start, end))
        if column == "words" and kind is not None and kind != pl.Null:
            return frame
    return frame


def _parts(column: str, word: str, start: str, end: str | None) -> list[pl.Expr]:
    parts = [
        _field(column, word, pl.String).alias("words"),
        _field(column, start, pl.Float64).alias("word_starts"),
    ]
    return parts if end is None else [*parts, _field(column, end, pl.Float64).alias("word_ends")]


def with_flat_words(row: dict[str, object]) -> dict[str, object]:
    """The same for one row, whose word objects may differ in kind from those of other rows.

    What else stands under a list's name goes to ``source_…``: the lists of other rows stay lists.
    """
    row = _with_lists_only(row)
    column = next((name for name in PLACES if _are_words(row.get(name))), None)
    if column is None or (column != "words" and row.get("words") is not None):
        return row
    items = cast(list[Mapping[str, object]], row[column])
    made = {
        "words": [str(_first_value(item, WORD_KEYS)) for item in items],
        "word_starts": [seconds(_first_value(item, START_KEYS)) for item in items],
    }
    if any(_first_value(item, END_KEYS) is not None for item in items):
        made["word_ends"] = [seconds(_first_value(item, END_KEYS)) for item in items]
    return row | made


def _with_lists_only(row: dict[str, object]) -> dict[str, object]:
    loose = [n for n in LISTS if row.get(n) is not None and not isinstance(row[n], (list, tuple))]
    if not loose:
        return row
    kept = {name: value for name, value in row.items() if name not in loose}
    return {f"source_{name}": row[name] for name in loose} | kept


def _are_words(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) for item in value)
        and any(_first_value(item, START_KEYS) is not None for item in value)
        and all(_first_value(item, WORD_KEYS) is not None for item in value)
    )


def _first_value(item: Mapping[str, object], keys: tuple[str, ...]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def seconds(value: Any) -> float | None:
    """A number of seconds, or None where it is none."""
    if isinstance(value, str):
        return number(value)
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _first(fields: list[str], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in fields), None)


def _field(column: str, name: str, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.field(name).cast(kind, strict=False))
