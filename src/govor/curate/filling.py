"""Durations that a corpus did not know, written into its table."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.curate.measure import BATCH_ROWS
from govor.store import atomic_path, locked, write_json


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
            _rewrite(corpus, duration)
            info = replace(info, hours=float(np.nansum(duration)) / 3600)
        if duration is not None or "check" not in info.notes:
            info = replace(info, notes={**info.notes, "check": {"probed": True}})
            write_json(corpus.folder / "corpus.json", asdict(info))
            corpus.info = info


def _rewrite(corpus: Corpus, duration: NDArray[np.float64]) -> None:
    schema = pq.read_schema(corpus.table)
    begin = 0
    with (
        atomic_path(corpus.table) as partial,
        pq.ParquetWriter(partial, schema, compression="zstd") as writer,
    ):
        for batch in corpus.batches(None, BATCH_ROWS):
            frame = pl.DataFrame(pl.from_arrow(batch))
            known = pl.Series(duration[begin : begin + frame.height]).fill_nan(None)
            begin += frame.height
            filled = frame.with_columns(pl.col("duration").fill_null(known))
            writer.write_table(filled.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
