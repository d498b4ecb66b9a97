"""The utterances under review, in memory: what the page shows of them, and which stand next to each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus, duration_column
from govor.errors import CorpusError

SHOWN = ("id", "recording", "audio", "channel", "start", "end", "text", "language", "speaker", "split")
MEASURES = ("similarity", "agreement", "confidence")
NEAR_S = 5.0
"""Of the next utterance at most so far behind, it can be joined."""
MOST_FOLLOWERS = 3
SECOND = "_second"


@dataclass(frozen=True)
class ReviewUtterance:
    """One row, as `govor.records.Utterance`; ``second`` is the second transcript, or a hypothesis."""

    id: str
    recording: str
    audio: str
    channel: int | None
    start: float | None
    end: float | None
    text: str | None
    language: str | None
    speaker: str | None
    split: str | None
    duration: float | None
    second: str | None


@dataclass(frozen=True)
class Utterances:
    """N utterances.

    Attributes:
        corpus: whose they are.
        frame: columns `SHOWN`, ``duration``, `MEASURES` where there are any, and ``_second``, the second
            transcript, null where there is none ``[N]``.
    """

    corpus: Corpus
    frame: pl.DataFrame

    @classmethod
    def read(cls, folder: Path, split: str | None = None) -> Utterances:
        """Reads a corpus.

        Raises:
            CorpusError: it has no utterance in the split.
        """
        corpus = Corpus.open(folder)
        rows, second = corpus.scan(), corpus.info.notes.get("second_transcript")
        names = rows.collect_schema().names()
        known = isinstance(second, str) and second in names
        other = pl.col(str(second)).cast(pl.String) if known else pl.lit(None, pl.String)
        measures = [pl.col(name).cast(pl.Float64) for name in MEASURES if name in names]
        rows = rows.filter(pl.col("split") == split) if split else rows
        frame = rows.select(
            *SHOWN, duration_column().alias("duration"), *measures, other.alias(SECOND)
        ).collect()
        if not frame.height:
            where = f" in the split {split}" if split else ""
            raise CorpusError(f"{folder} has no utterance{where} to review")
        return cls(corpus, frame)

    def __len__(self) -> int:
        return self.frame.height

    @cached_property
    def ids(self) -> list[str]:
        """In order."""
        return self.frame["id"].to_list()

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Row of every id."""
        return {name: row for row, name in enumerate(self.ids)}

    def row(self, row: int) -> ReviewUtterance:
        """All that is known of one."""
        found = self.frame.row(row, named=True)
        kept = {name: found[name] for name in SHOWN}
        return ReviewUtterance(**kept, duration=found["duration"], second=found[SECOND])

    def of(self, name: str) -> ReviewUtterance:
        """The one of an id."""
        return self.row(self.places[name])

    def with_hypotheses(self, hypotheses: Mapping[str, str]) -> Utterances:
        """With what a model wrote in place of the second transcript, where it wrote anything."""
        texts = [hypotheses.get(name) for name in self.ids]
        heard = pl.Series("_heard", texts, dtype=pl.String)
        return Utterances(self.corpus, self.frame.with_columns(pl.coalesce(heard, SECOND).alias(SECOND)))

    @cached_property
    def _next(self) -> NDArray[np.int64]:
        """Row of the utterance behind each in the same sound, -1 where there is none ``[N]``."""
        order = self.frame.with_row_index("_row").sort("audio", "channel", "start", nulls_last=False)
        rows, beside = order["_row"].cast(pl.Int64).to_numpy(), order.select("audio", "channel")
        together = [
            beside[name].eq_missing(beside[name].shift(-1)).to_numpy()[:-1] for name in beside.columns
        ]
        found = np.full(len(self), -1, np.int64)
        found[rows[:-1]] = np.where(np.logical_and(*together), rows[1:], -1)
        return found

    def followers(self, row: int) -> list[int]:
        """Rows that can be joined to one: right behind it, near, of the same speaker and split."""
        found: list[int] = []
        last = self.row(row)
        while len(found) < MOST_FOLLOWERS and (there := int(self._next[row])) >= 0:
            other = self.row(there)
            if not _can_join(last, other):
                break
            found.append(there)
            row, last = there, other
        return found

    def languages(self, rows: Sequence[int]) -> dict[str, str | None]:
        """BCP 47 tags by id."""
        return dict(self.frame[list(rows)].select("id", "language").iter_rows())


def _can_join(one: ReviewUtterance, other: ReviewUtterance) -> bool:
    if one.end is None or other.start is None or other.end is None:
        return False
    together = (one.speaker, one.split) == (other.speaker, other.split)
    return together and other.end > one.end and other.start - one.end <= NEAR_S
