"""``findings.parquet``: the utterances of every finding, for ``govor select --exclude`` and for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from govor.corpora.folder import Corpus
from govor.curate.measure import BATCH_ROWS
from govor.findings import Finding
from govor.store import atomic_path

LISTING = "findings.parquet"
SCHEMA = dict.fromkeys(("id", "recording", "code", "severity"), pl.String)


def write_listing(corpus: Corpus, findings: Sequence[Finding], path: Path) -> None:
    """Writes a row for every utterance and finding, in the order of the corpus; memory holds one piece."""
    schema = pl.DataFrame(schema=SCHEMA).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    begin = 0
    with atomic_path(path) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for frame in corpus.frames(["id", "recording"], BATCH_ROWS):
            listed = [_listed_rows(frame, finding, begin) for finding in findings]
            rows = pl.concat([pl.DataFrame(schema=SCHEMA), *listed])
            writer.write_table(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema))
            begin += frame.height


def _listed_rows(frame: pl.DataFrame, finding: Finding, begin: int) -> pl.DataFrame:
    """The rows of a piece that a finding is about; the piece begins with row `begin`."""
    everywhere = finding.places.everywhere if finding.places else np.empty(0, np.int64)
    first, last = np.searchsorted(everywhere, [begin, begin + frame.height])
    rows = frame[everywhere[first:last] - begin]
    return rows.select(
        "id", "recording", pl.lit(finding.code).alias("code"), pl.lit(finding.severity).alias("severity")
    )
