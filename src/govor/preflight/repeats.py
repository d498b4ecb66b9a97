"""Clips of two splits that say the same sentence: one recording encoded again, or recorded again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import polars as pl

from govor.audio.measures import loudness_agreement
from govor.corpora.folder import SPLITS
from govor.curate.sentences import SENTENCE, with_sentence
from govor.preflight.budget import Budget
from govor.preflight.clips import Tables

MOST_PAIRS = 60
LENGTHS_WITHIN_S = 0.5
"""Codecs add some silence, and programs cut some."""
SAME_AGREEMENT = 0.97
LEAST_S = 1.0


@dataclass(frozen=True)
class Repeat:
    """Two clips that say one sentence.

    Attributes:
        first: id in the split that is named first.
        second: id in the other one.
        splits: the two.
        agreement: of their loudness over time, see `govor.audio.measures.loudness_agreement`.
    """

    first: str
    second: str
    splits: tuple[str, str]
    agreement: float

    @property
    def again(self) -> bool:
        """Whether they are one recording."""
        return self.agreement >= SAME_AGREEMENT


def find_repeats(dataset: Any, tables: Tables, budget: Budget) -> list[Repeat]:
    """Compares clips of two splits with one sentence and nearly one length: at most `MOST_PAIRS`.

    Clips whose samples are equal are left out: `leak_audio` tells them from their hashes.
    """
    found = []
    for pair, row in _candidates(tables):
        budget.spend()
        one, other = (_wave(dataset, split, at) for split, at in zip(pair, row[:2], strict=True))
        agreement = loudness_agreement(one, other, dataset.sample_rate)
        found.append(Repeat(row[2], row[3], pair, agreement))
    return found


def _candidates(tables: Tables) -> Iterator[tuple[tuple[str, str], Sequence[Any]]]:
    """Splits, and rows and ids in them, of pairs to compare."""
    keyed = {split: _keyed(tables[split]) for split in SPLITS if split in tables}
    left = MOST_PAIRS
    for first, second in combinations(keyed, 2):
        pairs = keyed[first].join(keyed[second], on=SENTENCE, suffix="_2")
        near = (pl.col("duration") - pl.col("duration_2")).abs() <= LENGTHS_WITHIN_S
        other = pl.col("sound").is_null() | (pl.col("sound") != pl.col("sound_2"))
        pairs = pairs.filter(near & other & (pl.col("duration") >= LEAST_S)).sort("row", "row_2").head(left)
        left -= pairs.height
        for row in pairs.select("row", "row_2", "id", "id_2").iter_rows():
            yield (first, second), row


def _keyed(table: pl.DataFrame) -> pl.DataFrame:
    sound = pl.col("audio_sha256") if "audio_sha256" in table.columns else pl.lit(None, pl.String)
    rows = table.lazy().with_row_index("row").with_columns(sound.alias("sound"))
    kept = with_sentence(rows, "normal").filter(pl.col(SENTENCE).is_not_null())
    return kept.select("row", "id", "duration", "sound", SENTENCE).collect()


def _wave(dataset: Any, split: str, row: int) -> Any:
    return next(iter(dataset.waves(split, [row])))[1]
