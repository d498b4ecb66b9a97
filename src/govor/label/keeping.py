"""Which machine texts are kept: the surest share, as a corpus.

Shapes: N segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus, CorpusSummary, CorpusWriter

NOT_SURE = "not_among_the_surest"


Floats = NDArray[np.float64]


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
        for frame in source.frames():
            here = pl.Series(np.asarray(keeps[begin : begin + frame.height]))
            begin += frame.height
            writer.write(frame.filter(here))
            gone = frame.filter(~here)
            reason, stage = pl.lit(NOT_SURE).alias("reason"), pl.lit("label").alias("stage")
            writer.reject_frame(gone.select("id", stage, reason, pl.lit(f"by {by}").alias("detail")))
    return writer.info.summary(out)


def kept(
    confidence: Sequence[float | None], agreement: Sequence[float | None], by: str, share: float
) -> NDArray[np.bool_]:
    """Which segments are the surest `share` ``[N]``; equal ones fall by their order.

    Args:
        confidence: of each; None counts as the least.
        agreement: of each; None counts as the least.
        by: ``confidence``, ``agreement``, or ``both``: the mean of the two ranks.
        share: of the segments, rounded to whole ones.
    """
    sure = sureness(confidence, agreement, by)
    wanted = round(share * len(sure))
    best = np.argsort(-sure, kind="stable")[:wanted]
    chosen = np.zeros(len(sure), np.bool_)
    chosen[best] = True
    return chosen


def sureness(confidence: Sequence[float | None], agreement: Sequence[float | None], by: str) -> Floats:
    """A number for each segment ``[N]``, larger where it is surer: its rank, as a share."""
    ranks = {"confidence": _ranks(confidence), "agreement": _ranks(agreement)}
    return (ranks["confidence"] + ranks["agreement"]) / 2 if by == "both" else ranks[by]


def _ranks(values: Sequence[float | None]) -> Floats:
    """Shares of the values that are smaller, equal ones by half ``[N]``."""
    numbers = np.array([-np.inf if value is None else value for value in values], np.float64)
    ordered = np.sort(numbers)
    below, upto = np.searchsorted(ordered, numbers, "left"), np.searchsorted(ordered, numbers, "right")
    return np.asarray((below + upto) / 2 / max(len(numbers), 1), np.float64)
