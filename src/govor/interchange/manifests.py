"""NeMo manifests, one a split: JSON lines with ``audio_filepath``, ``offset``, ``duration``, ``text``.

Source: the NeMo user guide, "Preparing Custom ASR Data".
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from govor.corpora.folder import duration_column

NAME = "nemo"
NAMES = {"audio": "audio_filepath", "start": "offset", "language": "lang"}


def held(frame: pl.DataFrame) -> frozenset[str]:
    """The columns that the format has a place for: all, but those called as other keys are there."""
    return frozenset(frame.columns) - frozenset(NAMES.values())


def changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Values that come back otherwise than they are: none."""
    return pl.DataFrame()


def write(frame: pl.DataFrame, folder: Path) -> list[str]:
    """Writes ``manifest.json``, or ``train_manifest.json`` … by split; what is to be said about it."""
    frame = frame.with_columns(duration_column().alias("duration"))
    frame = frame.drop("end", *NAMES.values(), strict=False)
    for (split,), rows in frame.group_by(["split"], maintain_order=True):
        name = f"{split}_manifest.json" if split else "manifest.json"
        rows.rename(NAMES).write_ndjson(folder / name)
    return []
