"""Frames of rows that came one by one, whatever their values are: each is kept or rejected by file and line.

Values of one column may be of different kinds (a number here, a list there). Columns of a corpus become text
then, which is checked behind; other columns keep lists and objects as JSON, and what may be spoken of them
beside (`SPOKEN`), because any column may be named for the text later.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from govor.corpora.folder import CORE_SCHEMA
from govor.corpora.lines import UNDECODABLE, rejected_line
from govor.corpora.words import with_flat_words
from govor.records import Rejection

MOST_LEVELS = 40
"""Lists in lists and so on, at most."""
Row = dict[str, Any]
"""An utterance as its source has it: values by the name of their column, not looked at yet."""
_INTEGERS = (-(2**63), 2**63 - 1)
SPOKEN = "_spoken_"
"""Before the name of a column: what may be spoken where a value is not text, such as the words of a list."""
_TEXTS = frozenset(name for name, kind in CORE_SCHEMA.items() if kind == pl.String)


class _UnusableError(ValueError):
    """A value that no table can hold; the first argument is the reason's code, the second says what it is."""


def frame_of(rows: list[Row]) -> pl.DataFrame:
    """A frame of dictionaries that may have different keys, and values of different kinds under one key."""
    rows = [with_flat_words(row) for row in rows]
    names = list(dict.fromkeys(str(name) for row in rows for name in row))
    return pl.DataFrame([made for name in names for made in _columns(name, [row.get(name) for row in rows])])


def with_spoken(name: str) -> pl.Expr:
    """A column of text without the JSON of lists and objects: their words, or null."""
    words = pl.col(SPOKEN + name)
    there = pl.when(words != "").then(words)
    return pl.when(words.is_null()).then(name).otherwise(there).alias(name)


def spoken_renamed(frame: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    """`frame` with columns renamed, what is spoken of them with them.

    Args:
        frame: rows as `frame_of` makes them.
        names: new name by old.
    """
    both = names | {SPOKEN + old: SPOKEN + new for old, new in names.items()}
    return frame.rename({old: new for old, new in both.items() if old in frame.columns})


def usable(file: Path, row: Row) -> Row | Rejection:
    """`row` with values that a table can hold, or why it has none (lone surrogates, endless nesting)."""
    try:
        return {_value(name, 0): _value(value, 0) for name, value in row.items()}
    except _UnusableError as error:
        reason, what = error.args
        line = row.get("_line")
        return rejected_line(file, line if isinstance(line, int) else 0, reason, what)


def usable_rows(file: Path, rows: Iterable[Row | Rejection]) -> tuple[list[Row], list[Rejection]]:
    """Rows that a table can hold, and the others with why they cannot."""
    kept: list[Row] = []
    rejections: list[Rejection] = []
    for row in rows:
        made = row if isinstance(row, Rejection) else usable(file, row)
        if isinstance(made, Rejection):
            rejections.append(made)
        else:
            kept.append(made)
    return kept, rejections


def _value(value: Any, level: int) -> Any:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if _INTEGERS[0] <= value <= _INTEGERS[1] else str(value)
    if level >= MOST_LEVELS:
        raise _UnusableError("bad_value", "a value is nested too deeply")
    if isinstance(value, (list, tuple)):
        return [_value(item, level + 1) for item in value]
    if isinstance(value, dict):
        return {_value(str(name), level + 1): _value(item, level + 1) for name, item in value.items()}
    return value


def _text(value: str) -> str:
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        if UNDECODABLE in value:
            raise _UnusableError("not_utf8", "it holds bytes that are not in the file's encoding") from None
        what = f"a value holds half a letter (\\u{ord(value[error.start]):04x}), which no text can hold"
        raise _UnusableError("lone_surrogate", what) from None
    return value


def _columns(name: str, values: list[Any]) -> list[pl.Series]:
    """The column of a name; beside it what is spoken, where only some values are lists or objects."""
    column = _column(name, values)
    nested = any(isinstance(value, (list, tuple, dict)) for value in values)
    if column.dtype != pl.String or not nested or name in CORE_SCHEMA:
        return [column]
    words = [
        _as_transcript(value) or "" if isinstance(value, (list, tuple, dict)) else None for value in values
    ]
    return [column, pl.Series(SPOKEN + name, words, dtype=pl.String)]


def _column(name: str, values: list[Any]) -> pl.Series:
    kind = _type(values)
    if kind is not None:
        return pl.Series(name, values, dtype=kind, strict=False)
    if len({type(value) for value in values if value is not None}) == 1 and name not in CORE_SCHEMA:
        other = pl.Series(name, values, strict=False)  # dates and the like
        if other.dtype != pl.Object and not other.dtype.is_nested():
            return other
    shown = _as_transcript if name in _TEXTS else _written
    return pl.Series(name, [shown(value) for value in values], dtype=pl.String)


def _type(values: Iterable[Any]) -> Any:
    """The type that holds all values unchanged; None where they are of several kinds."""
    there = [value for value in values if value is not None]
    kinds = {_kind(value) for value in there}
    if not kinds:
        return pl.Null
    if kinds == {"list"}:
        inner = _type(item for value in there for item in value)
        return None if inner is None else pl.List(inner)
    if kinds == {"object"}:
        fields = {str(n): _type(v.get(n) for v in there) for n in dict.fromkeys(n for v in there for n in v)}
        return pl.Struct(fields) if fields and None not in fields.values() else None
    if kinds == {pl.Int64, pl.Float64}:
        return pl.Float64
    return kinds.pop() if len(kinds) == 1 and "other" not in kinds else None


def _kind(value: Any) -> Any:
    if isinstance(value, bool):
        return pl.Boolean
    for kind, made in ((str, pl.String), (int, pl.Int64), (float, pl.Float64), (dict, "object")):
        if isinstance(value, kind):
            return made
    return "list" if isinstance(value, (list, tuple)) else "other"


def _written(value: Any) -> str | None:
    """A value as text: lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _as_transcript(value: Any) -> str | None:
    """A value of a text column: the words of a list are joined; an object gives None."""
    if isinstance(value, (list, tuple)):
        return " ".join(value) if all(isinstance(item, str) for item in value) else None
    return None if isinstance(value, dict) else _written(value)
