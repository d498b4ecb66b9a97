"""The utterances of each task, gathered in a few files so that a task is read without the whole table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.prepare.planner import BATCH_ROWS, Plan
from govor.prepare.schema import SHARD_COLUMN, left_out, plain_columns

BUCKET_BYTES = 6_000_000
MOST_BUCKETS = 200
"""Buckets are open at the same time, and a process may open only so many files."""
ORDER = ["audio", "end", "start", "id"]


@dataclass(frozen=True)
class Contents:
    """What each shard holds, told without keeping the rows.

    Attributes:
        checksum: sum of the hashes of its rows, mod 2**64 ``[S]``.
        rows: number of its rows ``[S]``.
        row_bytes: mean bytes of a row of the table in memory.
    """

    checksum: NDArray[np.uint64]
    rows: NDArray[np.int64]
    row_bytes: float


def contents(corpus: Corpus, plan: Plan) -> Contents:
    """Hashes every row into its shard's checksum: every column that clips come from, in whatever order."""
    without = ("duration", *left_out(corpus.info))
    checksum = np.zeros(len(plan.names), np.uint64)
    rows = np.zeros(len(plan.names), np.int64)
    total_bytes = 0.0
    for frame in corpus.frames(rows=BATCH_ROWS):
        shard = plan.shards_of(frame)
        np.add.at(checksum, shard, frame.drop(without, strict=False).hash_rows(seed=0).to_numpy())
        rows += np.bincount(shard, minlength=len(rows))
        total_bytes += frame.estimated_size()
    return Contents(checksum, rows, total_bytes / max(1, plan.read))


class RowBuckets:
    """Rows of the shards still to be made, in buckets on disk, each small enough to be held.

    Args:
        folder: where the buckets are kept; removed by `close`.
        corpus: the utterances.
        plan: where they go.
        pending: shards still to be made ``[S]``, bool.
        filled: what the shards hold.
    """

    def __init__(
        self, folder: Path, corpus: Corpus, plan: Plan, pending: NDArray[np.bool_], filled: Contents
    ) -> None:
        self._folder, self._plan = folder, plan
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._bucket = _buckets(plan, np.where(pending, filled.rows, 0), filled.row_bytes)
        self._spill(corpus, pending)

    def _spill(self, corpus: Corpus, pending: NDArray[np.bool_]) -> None:
        writers: dict[int, pa.RecordBatchStreamWriter] = {}
        schema: pa.Schema | None = None
        try:
            for frame in corpus.frames(rows=BATCH_ROWS):
                shard = self._plan.shards_of(frame)
                frame = frame.with_columns(pl.Series(SHARD_COLUMN, shard)).filter(pl.Series(pending[shard]))
                buckets = self._bucket[shard[pending[shard]]]
                for bucket in np.unique(buckets):
                    table = to_arrow(frame.filter(pl.Series(buckets == bucket)))
                    schema = schema or table.schema
                    if bucket not in writers:
                        writers[bucket] = pa.ipc.new_stream(str(self._path(int(bucket))), schema)
                    writers[bucket].write_table(table if table.schema == schema else table.cast(schema))
        finally:
            for writer in writers.values():
                writer.close()

    def _path(self, bucket: int) -> Path:
        return self._folder / f"{bucket:06d}.arrow"

    def tasks(self) -> Iterator[tuple[list[int], pa.Table]]:
        """Shards and rows of each task, in the order of the plan; rows are sorted by `ORDER`."""
        for path in sorted(self._folder.glob("*.arrow")):
            frame = pl.read_ipc_stream(path)
            task = self._plan.task[frame[SHARD_COLUMN].to_numpy()]
            for number in np.unique(task):
                part = frame.filter(pl.Series(task == number)).sort(ORDER, nulls_last=True)
                yield sorted(part[SHARD_COLUMN].unique()), plain_columns(to_arrow(part))
            pa.default_memory_pool().release_unused()

    def close(self) -> None:
        """Removes the buckets."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _buckets(plan: Plan, rows: NDArray[np.int64], row_bytes: float) -> NDArray[np.int64]:
    """Bucket of each shard ``[S]``; shards of one task share one."""
    by_task = np.bincount(plan.task, rows, len(plan.task)) * row_bytes
    before = np.concatenate([[0.0], np.cumsum(by_task)[:-1]])
    size = max(BUCKET_BYTES, float(by_task.sum()) / MOST_BUCKETS)
    bucket_of_task = (before // size).astype(np.int64)
    return bucket_of_task[plan.task]


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """`frame` with Arrow's plain string types, which every reader knows."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
