"""Clips to hypotheses: sorted by length, batched by seconds, memory flat."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from govor.records import Hypothesis

if TYPE_CHECKING:
    import polars as pl

    from govor.models.base import DecodeOptions, Recogniser

Wave = NDArray[np.float32]

MAX_BATCH = 64
"""Most clips decoded together, however short they are."""
POOL_ROWS = 1024
"""Neighbouring rows that are sorted by length together, so that shards are read forwards, not at random."""


class Clips(Protocol):
    """What decoding needs of a data set; `govor.load.Dataset` has it."""

    @property
    def sample_rate(self) -> int:
        """Of the waves, in Hz."""

    def table(self, split: str) -> pl.DataFrame:
        """All columns but the audio."""

    def durations(self, split: str) -> NDArray[np.float64]:
        """Seconds of every clip ``[N]``."""

    def wave(self, split: str, row: int) -> Wave:
        """Samples of one clip ``[T]``."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One clip and what was found out about it.

    Attributes:
        row: in the split.
        hypothesis: what the model says.
        decode_s: its share of the batch's wall time, by duration.
        level_db: root mean square of the samples relative to full scale; -inf for digital silence.
        peak_db: greatest sample relative to full scale.
    """

    row: int
    hypothesis: Hypothesis
    decode_s: float
    level_db: float
    peak_db: float


def plan_batches(
    durations: NDArray[np.float64],
    rows: Sequence[int],
    batch_s: float,
    max_batch: int = MAX_BATCH,
    pool_rows: int = POOL_ROWS,
) -> list[list[int]]:
    """Rows in batches of clips of similar length.

    Neighbouring rows form pools; in a pool the longest come first, and a batch takes clips until the next one
    would make it longer than `batch_s` when all are padded to the longest.

    Args:
        durations: seconds of every clip of the split ``[N]``.
        rows: rows to decode.
        batch_s: padded seconds in a batch; a longer clip stands alone.
        max_batch: most clips in a batch.
        pool_rows: rows sorted together.
    """
    batches: list[list[int]] = []
    for start in range(0, len(rows), pool_rows):
        pool = sorted(rows[start : start + pool_rows], key=lambda row: (-durations[row], row))
        batch: list[int] = []
        for row in pool:
            full = len(batch) == max_batch or (batch and durations[batch[0]] * (len(batch) + 1) > batch_s)
            if full:
                batches.append(batch)
                batch = []
            batch.append(row)
        if batch:
            batches.append(batch)
    return batches


def decode_clips(
    recogniser: Recogniser,
    dataset: Clips,
    split: str,
    rows: Sequence[int],
    options: DecodeOptions,
    *,
    batch_s: float,
) -> Iterator[list[Decoded]]:
    """Decodes rows batch by batch; see `decode_rows`."""
    table = dataset.table(split)
    languages = table["language"].to_list() if "language" in table.columns else [None] * table.height
    for batch in plan_batches(dataset.durations(split), rows, batch_s):
        waves = [
            _at_rate(dataset.wave(split, row), dataset.sample_rate, recogniser.sample_rate) for row in batch
        ]
        start = time.perf_counter()
        hypotheses = recogniser.recognise(waves, options, [languages[row] for row in batch])
        passed_s = time.perf_counter() - start
        share = passed_s / max(1, sum(map(len, waves)))
        yield [
            Decoded(row, hypothesis, share * len(wave), _level_db(wave), _peak_db(wave))
            for row, hypothesis, wave in zip(batch, hypotheses, waves, strict=True)
        ]


def decode_rows(
    recogniser: Recogniser,
    dataset: Clips,
    split: str,
    rows: Sequence[int],
    options: DecodeOptions,
    *,
    batch_s: float,
) -> Iterator[tuple[str, Hypothesis]]:
    """Decodes clips of a data set, sorted by length within pools of neighbours, batched by seconds.

    Args:
        recogniser: the model.
        dataset: where the clips are; rates that differ from the model's are resampled.
        split: of the data set.
        rows: row numbers in the split.
        options: how hypotheses are made.
        batch_s: padded seconds decoded together.

    Yields:
        (id, hypothesis) in the order of decoding, which is not the order of rows.
    """
    ids = dataset.table(split)["id"].to_list()
    for batch in decode_clips(recogniser, dataset, split, rows, options, batch_s=batch_s):
        for decoded in batch:
            yield ids[decoded.row], decoded.hypothesis


def _at_rate(wave: Wave, rate: int, wanted: int) -> Wave:
    if rate == wanted or not len(wave):
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, rate, wanted), np.float32)


def _level_db(wave: Wave) -> float:
    power = float(np.dot(wave, wave)) / len(wave) if len(wave) else 0.0
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def _peak_db(wave: Wave) -> float:
    peak = float(np.abs(wave).max(initial=0.0))
    return 20 * float(np.log10(peak)) if peak > 0 else -np.inf
