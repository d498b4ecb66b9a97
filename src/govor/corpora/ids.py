"""Ids and names of recordings: the source's own win, others are made of recording and times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import polars as pl
from numpy.typing import NDArray


def recording_names(paths: pl.Series) -> pl.DataFrame:
    """A distinct name for every audio file.

    Args:
        paths: distinct paths; null is allowed.

    Returns:
        ``path`` and ``_recording``: the file's stem, or where several files share it the path without
        extension, or where they share that too the whole path.
    """
    frame = paths.drop_nulls().unique(maintain_order=True).rename("path").to_frame()
    whole = pl.col("path")
    bare = whole.str.replace(r"\.[A-Za-z0-9]{1,5}$", "")
    stem = bare.str.replace(r"^.*/", "")
    return frame.select(
        "path",
        pl.when(stem.is_unique())
        .then(stem)
        .when(bare.is_unique())
        .then(bare)
        .otherwise(whole)
        .alias("_recording"),
    )


def generated_id() -> pl.Expr:
    """``<recording>_<start>-<end>``, seconds with two decimals; the recording's name for a whole file."""
    ends = pl.when(pl.col("end").is_null()).then(pl.lit("end")).otherwise(_two_decimals(pl.col("end")))
    span = pl.format("{}_{}-{}", "recording", _two_decimals(pl.col("start").fill_null(0.0)), ends)
    whole = pl.col("start").fill_null(0.0).eq(0.0) & pl.col("end").is_null()
    return pl.when(whole).then("recording").otherwise(span)


def _two_decimals(seconds: pl.Expr) -> pl.Expr:
    hundredths = (seconds * 100).round().cast(pl.Int64)
    return pl.format("{}.{}", hundredths // 100, (hundredths % 100).cast(pl.String).str.zfill(2))


def repeated(hashes: Iterable[NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Hashes that occur more than once, sorted."""
    pieces = list(hashes)
    ordered = np.sort(np.concatenate(pieces)) if pieces else np.zeros(0, np.uint64)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


class Distinct:
    """Makes ids distinct: a later row with the same id of the source is refused, a generated one numbered.

    Args:
        hashes: of ids that occur more than once (`repeated`); only those are remembered.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self._suspect = hashes
        self._seen: Counter[str] = Counter()

    def apply(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
        """`frame` (with ``id`` and ``_generated``) with distinct ids, and a mask of rows to refuse."""
        hashes = frame["id"].hash(seed=0).to_numpy()
        rows = (
            np.flatnonzero(np.isin(hashes, self._suspect, kind="sort"))
            if len(self._suspect)
            else np.zeros(0, np.int64)
        )
        if not len(rows):
            return frame, pl.Series("_again", np.zeros(frame.height, bool))
        ids, again = frame["id"].to_list(), np.zeros(frame.height, bool)
        generated = frame["_generated"]
        for row in rows.tolist():
            self._seen[ids[row]] += 1
            count = self._seen[ids[row]]
            if count > 1 and generated[row]:
                ids[row] = f"{ids[row]}_{count}"
            elif count > 1:
                again[row] = True
        return frame.with_columns(pl.Series("id", ids, dtype=pl.String)), pl.Series("_again", again)
