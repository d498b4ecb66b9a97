"""Which utterance of the same recording was said before."""

from __future__ import annotations

import numpy as np
import polars as pl

from govor.train.epoch import Rows

NEEDED = ("recording", "start", "end")
LONGEST_GAP_S = 30.0
"""What ended earlier is no longer in the window before: Whisper's windows are 30 s."""


def previous_rows(table: pl.DataFrame) -> Rows:
    """Row of the utterance before, of every row of a split ``[N]``; -1 where there is none.

    Args:
        table: rows of one split; where recordings or times are unknown, nothing is before anything.
    """
    if any(name not in table.columns for name in NEEDED):
        return np.full(table.height, -1, np.int64)
    rows = pl.int_range(table.height, dtype=pl.Int64).alias("row")
    ordered = table.select(*NEEDED, rows).sort("recording", "start", "row")
    ends, begins = pl.col("end").shift(1).over("recording"), pl.col("start").shift(1).over("recording")
    known = pl.col("recording").is_not_null() & pl.col("start").is_not_null()
    follows = known & (begins < pl.col("start")) & (pl.col("start") - ends <= LONGEST_GAP_S)
    before = pl.when(follows).then(pl.col("row").shift(1).over("recording")).otherwise(-1)
    found = ordered.with_columns(before.fill_null(-1).alias("before")).sort("row")
    return found["before"].to_numpy()
