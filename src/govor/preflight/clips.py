"""A seeded sample of prepared clips."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from govor.config import PreflightConfig
from govor.features import Wave

Tables = dict[str, pl.DataFrame]
"""Rows of every split without audio, with the normalised text in the column ``normal``."""


@dataclass(frozen=True)
class Clip:
    """A clip that was decoded.

    Attributes:
        id: of the utterance.
        split: split it is in.
        row: its row there.
        wave: mono samples ``[T]`` at the data set's rate.
        normal: normalised text.
        language: BCP 47 tag or None.
    """

    id: str
    split: str
    row: int
    wave: Wave
    normal: str
    language: str | None


def spread(split_rows: dict[str, int], wanted: int, seed: int) -> dict[str, list[int]]:
    """Row numbers to sample: half from train, the rest from the other splits, seeded and in order.

    Args:
        split_rows: rows by split.
        wanted: rows in all.
        seed: of the choice.
    """
    generator = np.random.default_rng(seed)
    others = [split for split in split_rows if split != "train"]
    share = {split: wanted // 2 // len(others) for split in others}
    share["train"] = wanted - sum(share.values())
    chosen = {}
    for split, rows in split_rows.items():
        count = min(rows, max(1, share.get(split, 0)))
        chosen[split] = sorted(generator.choice(rows, size=count, replace=False).tolist()) if rows else []
    return chosen


def sample_clips(dataset: Any, tables: Tables, settings: PreflightConfig) -> Iterator[Clip]:
    """Decodes a seeded sample, through the reader that training uses."""
    rows = spread({split: table.height for split, table in tables.items()}, settings.clips, settings.seed)
    for split, numbers in rows.items():
        table = tables[split]
        for row, wave in dataset.waves(split, numbers):
            language = table["language"][row] if "language" in table.columns else None
            yield Clip(table["id"][row], split, row, wave, table["normal"][row], language)


def at_rate(clip: Clip, rate_hz: int, wanted_hz: int) -> Clip:
    """The same clip at another sample rate, as the loader resamples it."""
    if rate_hz == wanted_hz:
        return clip
    import soxr

    return replace(clip, wave=np.asarray(soxr.resample(clip.wave, rate_hz, wanted_hz), np.float32))
