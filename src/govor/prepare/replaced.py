"""Finds shards whose recordings were replaced under their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from govor.corpora.folder import Corpus
from govor.prepare.planner import BATCH_ROWS, PLAN_COLUMNS, Plan, as_frame
from govor.prepare.snapshot import Recording, as_it_is, is_local, now
from govor.prepare.provenance import store_recordings, stored_recordings
from govor.prepare.target import Target


@dataclass
class Replaced:
    """What was replaced since.

    Attributes:
        shards: names of the shards concerned.
        recordings: ``audio`` of the recordings.
    """

    shards: list[str] = field(default_factory=list)
    recordings: set[str] = field(default_factory=set)


def find_replaced(target: Target, corpus: Corpus, shards: Iterable[str]) -> Replaced:
    """Compares the recordings of finished `shards` with what lies on the disk now.

    A file of the same size and time is the same. Where only the time differs (a copied folder), the content
    decides, and the new time is remembered.
    """
    found = Replaced()
    held: dict[Recording, Recording | None] = {}
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
    """Stores the recordings of finished `shards` as they are now: a kill came before they were stored."""
    wanted = {number: set[str]() for number in shards}
    if not wanted:
        return
    chosen = np.array(sorted(wanted))
    for batch in corpus.batches(PLAN_COLUMNS, BATCH_ROWS):
        frame = as_frame(batch)
        home = plan.shards_of(frame)
        mine = np.isin(home, chosen)
        for number, audio in zip(home[mine].tolist(), frame["audio"].filter(pl.Series(mine)), strict=True):
            wanted[number].add(audio)
    for number, names in wanted.items():
        seen = [as_it_is(name, corpus.info.audio_root) for name in sorted(names) if is_local(name)]
        store_recordings(target, plan.names[number], seen)
