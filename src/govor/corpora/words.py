"""Words with times, in the columns that the rest of govor knows.

``words`` (list of strings), ``word_starts`` and ``word_ends`` (lists of seconds from the utterance's start).
"""

from __future__ import annotations

import polars as pl

WORD_KEYS = ("w", "word", "text", "token")
START_KEYS = ("s", "start", "time_s", "start_time", "start_s")
END_KEYS = ("e", "end", "time_e", "end_time", "end_s")


def with_words(frame: pl.DataFrame, column: str = "words") -> pl.DataFrame:
    """`frame` with a list of word objects (``{"w", "s", "e"}`` and the like) taken apart; others untouched.

    Times in such lists are taken as relative to the utterance.
    """
    kind = frame.schema.get(column)
    if not (isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)):
        return frame
    fields = [field.name for field in kind.inner.fields]
    word, start, end = (_first(fields, keys) for keys in (WORD_KEYS, START_KEYS, END_KEYS))
    if word is None or start is None:
        return frame
    parts = [
        _field(column, word, pl.String).alias("words"),
        _field(column, start, pl.Float64).alias("word_starts"),
    ]
    if end is not None:
        parts.append(_field(column, end, pl.Float64).alias("word_ends"))
    return frame.with_columns(parts)


def _first(fields: list[str], keys: tuple[str, ...]) -> str | None:
    return next((key for key in keys if key in fields), None)


def _field(column: str, name: str, kind: type[pl.DataType]) -> pl.Expr:
    return pl.col(column).list.eval(pl.element().struct.field(name).cast(kind, strict=False))
