"""Which recordings a shard was made from, so that `--update` notices one that was replaced under its name.

A shard's recordings stand in a table beside the plan, written once the shard has appeared: name, size, time
of the last change, and a hash of the content. Names are as in the corpus, so that a corpus may move. The
shard's own bytes know nothing of it: they depend on content alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import astuple

import polars as pl

from govor.errors import DatasetError
from govor.parquet import read_table
from govor.prepare.recording import Recording
from govor.prepare.target import STATE, Target

FOLDER = f"{STATE}/recordings"
SCHEMA: dict[str, type[pl.DataType]] = {
    "audio": pl.String,
    "size_bytes": pl.Int64,
    "mtime_ns": pl.Int64,
    "digest": pl.String,
}


def store_recordings(target: Target, shard: str, recordings: Iterable[Recording]) -> None:
    """Stores what `shard` was made from."""
    rows = [astuple(recording) for recording in recordings]
    sink = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(sink)
    target.write(_file(shard), sink.getvalue())


def stored_recordings(target: Target, shard: str) -> list[Recording] | None:
    """What `shard` was made from, or None where that is not known."""
    content = target.read(_file(shard))
    if content is None:
        return None
    name = f"{target.name}/{_file(shard)}"
    table = read_table(io.BytesIO(content), SCHEMA, name, DatasetError, "remove it, and run with --update")
    return [Recording(*row) for row in table.select(list(SCHEMA)).drop_nulls().iter_rows()]


def forget_recordings(target: Target, shard: str) -> None:
    """Forgets what `shard` was made from: it is about to be made again."""
    target.remove(_file(shard))


def known_stems(target: Target) -> set[str]:
    """`shard_stem` of every shard whose recordings are stored."""
    return {name.removesuffix(".parquet") for name in target.names(FOLDER)}


def shard_stem(shard: str) -> str:
    """A shard's name without the number of shards, which an update may change."""
    return shard.partition("-of-")[0]


def _file(shard: str) -> str:
    return f"{FOLDER}/{shard_stem(shard)}.parquet"
