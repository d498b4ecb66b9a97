"""Columns of kinds that tables and JSON do not have: dates, times, decimals and bytes."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs


def plain_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose dates, times and decimals are text, lengths of time are seconds, and bytes are base64."""
    return frame.with_columns(
        cs.duration().dt.total_microseconds() / 1e6,
        (cs.temporal() - cs.duration()).cast(pl.String),
        cs.decimal().cast(pl.String),
        cs.binary().bin.encode("base64"),
    )
