"""Durations that a corpus did not know, written into its table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.curate.measure import BATCH_ROWS
from govor.store import locked, write_json


def fill_durations(corpus: Corpus, duration: NDArray[np.float64] | None) -> None:
    """Fills null durations and notes that the corpus was checked.

    The table is replaced whole; rows, order and every other value stay. The fingerprint, which is that of the
    rows as they were imported or selected, stays too: nothing that was made from them is out of date.

    Args:
        corpus: the corpus.
        duration: seconds of every utterance ``[N]``, NaN where unknown; None when nothing is to be filled.
    """
    with locked(corpus.folder):
        info = corpus.info
        if duration is not None:
            corpus.rewrite(_filling(duration), BATCH_ROWS)
            info = replace(info, hours=float(np.nansum(duration)) / 3600)
        if duration is not None or "check" not in info.notes:
            info = replace(info, notes={**info.notes, "check": {"probed": True}})
            write_json(corpus.folder / "corpus.json", asdict(info))
            corpus.info = info


def _filling(duration: NDArray[np.float64]) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Fills the pieces of a table, one after the other."""
    left = duration

    def filled(frame: pl.DataFrame) -> pl.DataFrame:
        nonlocal left
        known, left = left[: frame.height], left[frame.height :]
        return frame.with_columns(pl.col("duration").fill_null(pl.Series(known).fill_nan(None)))

    return filled
