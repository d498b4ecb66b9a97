"""A corpus as one CSV, with absolute paths of the recordings."""

from __future__ import annotations

from pathlib import Path

import polars as pl

NAME = "csv"


def held(frame: pl.DataFrame) -> frozenset[str]:
    """The columns that the format has a place for: all but lists and the like."""
    return frozenset(name for name, kind in frame.schema.items() if not kind.is_nested())


def changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Values that come back otherwise than they are: none."""
    return pl.DataFrame()


def write(frame: pl.DataFrame, folder: Path) -> list[str]:
    """Writes ``utterances.csv``; what is to be said about it."""
    columns = [name for name in frame.columns if name in held(frame)]
    frame.select(columns).write_csv(folder / "utterances.csv")
    return []
