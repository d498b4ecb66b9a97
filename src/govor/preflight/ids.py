"""``findings.parquet`` beside the report: the utterances of every finding, for ``govor select --exclude``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from govor.curate.listing import LISTING, SCHEMA
from govor.findings import Finding
from govor.store import atomic_path


def write_ids(findings: Iterable[Finding], out: Path) -> Path | None:
    """Writes a row for every utterance and finding, in the form of `govor check`; None where there are none.

    A file of an earlier run is removed: its findings may be gone.
    """
    rows = [(name, finding.code, finding.severity) for finding in findings for name in finding.ids]
    path = out / LISTING
    path.unlink(missing_ok=True)
    if not rows:
        return None
    out.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows, schema=("id", "code", "severity"), orient="row")
    frame = (
        frame.with_columns(pl.lit(None, pl.String).alias("recording"))
        .select(list(SCHEMA))
        .unique(maintain_order=True)
    )
    with atomic_path(path) as partial:
        frame.write_parquet(partial)
    return path
