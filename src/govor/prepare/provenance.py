"""Which recordings every shard was made from, and which of them were replaced under their names since.

A shard's recordings stand in a table beside the plan, written once the shard has appeared: name, size, time
of the last change, and a hash of the content. Names are as in the corpus, so that a corpus may move. The
shard's own bytes know nothing of it: they depend on content alone.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, field

import numpy as np
import polars as pl

from govor.corpora.folder import Corpus
from govor.errors import DatasetError
from govor.parquet import read_table
from govor.prepare.planner import BATCH_ROWS, PLAN_COLUMNS, Plan
from govor.prepare.snapshot import Snapshot, as_it_is, is_local, now
from govor.prepare.target import STATE, Target

FOLDER = f"{STATE}/recordings"
SCHEMA: dict[str, type[pl.DataType]] = {
    "audio": pl.String,
    "size_bytes": pl.Int64,
    "mtime_ns": pl.Int64,
    "digest": pl.String,
}


def store_recordings(target: Target, shard: str, recordings: Iterable[Snapshot]) -> None:
    """Stores what `shard` was made from."""
    rows = [astuple(recording) for recording in recordings]
    sink = io.BytesIO()
    pl.DataFrame(rows, schema=SCHEMA, orient="row").write_parquet(sink)
    target.write(_file(shard), sink.getvalue())


def stored_recordings(target: Target, shard: str) -> list[Snapshot] | None:
    """What `shard` was made from, or None where that is not known."""
    content = target.read(_file(shard))
    if content is None:
        return None
    name = f"{target.name}/{_file(shard)}"
    table = read_table(io.BytesIO(content), SCHEMA, name, DatasetError, "remove it, and run with --update")
    return [Snapshot(*row) for row in table.select(list(SCHEMA)).drop_nulls().iter_rows()]


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


@dataclass
class Replacements:
    """What was replaced since.

    Attributes:
        shards: names of the shards concerned.
        recordings: ``audio`` of the recordings.
    """

    shards: list[str] = field(default_factory=list)
    recordings: set[str] = field(default_factory=set)


def find_replaced(target: Target, corpus: Corpus, shards: Iterable[str]) -> Replacements:
    """Compares the recordings of finished `shards` with what lies on the disk now.

    A file of the same size and time is the same. Where only the time differs (a copied folder), the content
    decides, and the new time is remembered.
    """
    found = Replacements()
    held: dict[Snapshot, Snapshot | None] = {}
    for shard in shards:
        before = stored_recordings(target, shard) or []
        held = {old: held[old] if old in held else now(old, corpus.info.audio_root) for old in before}
        other = {old.audio for old, new in held.items() if new is None}
        if other:
            found.shards.append(shard)
            found.recordings |= other
        elif any(new != old for old, new in held.items()):
            store_recordings(target, shard, [new for new in held.values() if new is not None])
    return found


def adopt(target: Target, corpus: Corpus, plan: Plan, shards: Iterable[int]) -> None:
    """Stores the recordings of finished `shards` as they are now, if a kill came before they were stored."""
    wanted = {number: set[str]() for number in shards}
    if not wanted:
        return
    chosen = np.array(sorted(wanted))
    for frame in corpus.frames(PLAN_COLUMNS, BATCH_ROWS):
        home = plan.shards_of(frame)
        mine = np.isin(home, chosen)
        for number, audio in zip(home[mine].tolist(), frame["audio"].filter(pl.Series(mine)), strict=True):
            wanted[number].add(audio)
    for number, names in wanted.items():
        seen = [as_it_is(name, corpus.info.audio_root) for name in sorted(names) if is_local(name)]
        store_recordings(target, plan.names[number], seen)
