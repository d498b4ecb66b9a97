"""Rows that were withdrawn from a data set, and rows that a run was trained on: hashes of ids, no names.

Select sets withdrawn utterances aside with a reason of their own; prepare keeps the hashes of their ids
beside the shards, through all updates. A run keeps those of what it trains on. Together they tell what a
model has heard that is withdrawn since.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

from govor.corpora.folder import Corpus
from govor.errors import DatasetError
from govor.parquet import read_table
from govor.prepare.target import Target
from govor.store import write_bytes

REASON = "withdrawn"
WITHDRAWN, TRAINED_ON = "withdrawn.parquet", "trained-on.parquet"
SCHEMA = {"id_hash": pl.UInt64}
Hashes = NDArray[np.uint64]


def hashes_of(ids: Iterable[str]) -> Hashes:
    """xxHash3 (64 bits) of ids, each once, sorted."""
    encoded = (name.encode("utf-8", "surrogatepass") for name in ids)
    return np.unique(np.fromiter((xxhash.xxh3_64_intdigest(name) for name in encoded), np.uint64))


def note_withdrawn(target: Target, corpus: Corpus) -> int:
    """Keeps what was withdrawn beside a data set; returns how many rows that are.

    Rows that the corpus holds again are withdrawn no longer.
    """
    rows = corpus.rejected().filter(pl.col("reason") == REASON).select("id").collect()["id"]
    before = target.read(WITHDRAWN)
    found = hashes_of(rows.drop_nulls())
    if before is not None:
        found = np.union1d(found, _read(io.BytesIO(before), WITHDRAWN))
    if not len(found):
        return 0
    there = hashes_of(corpus.scan().select("id").collect()["id"])
    found = np.setdiff1d(found, there)
    target.write(WITHDRAWN, _bytes(found))
    return len(found)


def note_trained_on(run: Path, ids: Iterable[str]) -> None:
    """Keeps the rows that a run trains on, besides those of its earlier sessions."""
    earlier = _hashes(run / TRAINED_ON)
    write_bytes(run / TRAINED_ON, _bytes(np.union1d(earlier, hashes_of(ids))))


def withdrawn_from(dataset: Path) -> int:
    """Rows that were withdrawn from a data set in a local folder."""
    return len(_hashes(dataset / WITHDRAWN))


def withdrawn_since(run: Path, dataset: Path) -> int:
    """Rows that a run was trained on and that its data set holds no more, since they were withdrawn."""
    return len(np.intersect1d(_hashes(run / TRAINED_ON), _hashes(dataset / WITHDRAWN)))


def _hashes(path: Path) -> Hashes:
    return _read(path, path) if path.exists() else np.empty(0, np.uint64)


def _read(source: Path | io.BytesIO, name: str | Path) -> Hashes:
    return read_table(source, SCHEMA, name, DatasetError)["id_hash"].to_numpy()


def _bytes(hashes: Hashes) -> bytes:
    sink = io.BytesIO()
    pl.DataFrame({"id_hash": hashes}, schema=SCHEMA).write_parquet(sink)
    return sink.getvalue()
