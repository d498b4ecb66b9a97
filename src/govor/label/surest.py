"""A corpus of machine texts without the least sure ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from govor.corpora.folder import Corpus, CorpusSummary, CorpusWriter
from govor.label.keeping import kept

NOT_SURE = "not_among_the_surest"


def keep_surest(corpus: Path, out: Path, by: str, share: float) -> CorpusSummary:
    """Makes a new corpus of the surest share; the others are set aside and counted.

    Args:
        corpus: what `govor.label.label_recordings` wrote.
        out: folder of the new corpus.
        by: ``confidence``, ``agreement`` or ``both``.
        share: of the segments.

    Raises:
        CorpusError: `corpus` is not a corpus.
    """
    source = Corpus.open(corpus)
    measured = source.scan().select("confidence", "agreement").collect()
    keeps = kept(measured["confidence"].to_list(), measured["agreement"].to_list(), by, share)
    record = {"by": by, "share": share}
    info = replace(source.info, notes={**source.info.notes, "surest": record})
    with CorpusWriter(out, info) as writer:
        for rejected in source.rejected_batches():
            writer.reject_frame(rejected)
        begin = 0
        for batch in source.batches():
            frame = pl.DataFrame(pl.from_arrow(batch))
            here = pl.Series(np.asarray(keeps[begin : begin + frame.height]))
            begin += frame.height
            writer.write(frame.filter(here))
            gone = frame.filter(~here)
            reason, stage = pl.lit(NOT_SURE).alias("reason"), pl.lit("label").alias("stage")
            writer.reject_frame(gone.select("id", stage, reason, pl.lit(f"by {by}").alias("detail")))
    return writer.info.summary(out)
