"""What a worker is given and what it tells: plain data, made without any decoder.

task -> worker -> Opening, Restart, Beat, ShardDone -> supervisor -> Beat, ShardDone, Message -> run
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import pyarrow as pa

from govor.prepare.arrow import integers, taken
from govor.prepare.schema import SHARD_COLUMN, ShardFacts
from govor.prepare.settings import Settings
from govor.prepare.snapshot import Snapshot
from govor.store import fingerprint

VerdictCodes = Mapping[str, tuple[str, str]]
"""Verdicts on recordings by their ``audio``: code and detail."""


@dataclass(frozen=True)
class Task:
    """What a worker is given.

    Attributes:
        shards: number of a shard -> its file name and its key without verdicts.
        rows: the utterances, sorted, as an Arrow stream; column ``_shard`` says where each goes.
        schema: of the shards.
        audio_root: what relative audio paths are taken from.
        folder: local folder the shards are written to.
        settings: of the preparation.
        verdicts: recordings that must not be opened.
        careful: announce every recording before it is opened.
        not_by_index: MP3s whose index proved wrong.
    """

    shards: Mapping[int, tuple[str, str]]
    rows: bytes
    schema: pa.Schema
    audio_root: str
    folder: str
    settings: Settings
    verdicts: VerdictCodes = field(default_factory=dict)
    careful: bool = False
    not_by_index: frozenset[str] = frozenset()

    def table(self) -> pa.Table:
        """The utterances of the shards still to be made."""
        table = pa.ipc.open_stream(self.rows).read_all()
        wanted = np.isin(integers(table[SHARD_COLUMN]), list(self.shards))
        return table if wanted.all() else taken(table, np.nonzero(wanted)[0])

    def without(self, finished: set[str]) -> Task:
        """The task with fewer shards, for the worker after this one."""
        left = {number: shard for number, shard in self.shards.items() if shard[0] not in finished}
        return replace(self, shards=left)


@dataclass(frozen=True)
class Beat:
    """A sign of life.

    Attributes:
        seconds: of clips made since the last one; below 0 where as many are lost, to be made again.
    """

    seconds: float


@dataclass(frozen=True)
class ShardDone:
    """A shard has appeared.

    Attributes:
        name: of its file.
        facts: what it says of itself.
        recordings: what it was made from, as it was then.
        peak_bytes: largest resident memory of its worker so far.
    """

    name: str
    facts: ShardFacts
    recordings: tuple[Snapshot, ...]
    peak_bytes: int = 0


@dataclass(frozen=True)
class Opening:
    """A careful worker is about to open a recording (told to its supervisor alone)."""

    audio: str


@dataclass(frozen=True)
class Restart:
    """A worker makes what no finished shard holds once more (told to its supervisor alone)."""


@dataclass(frozen=True)
class Message:
    """Something for people to read."""

    text: str


Event = ShardDone | Beat | Message
Report = ShardDone | Beat | Opening | Restart


class Engine(Protocol):
    """Who runs tasks: the processes of this machine, or a cluster."""

    def run(self, tasks: Iterator[Task]) -> Iterator[Event]:
        """Runs `tasks`, taken one by one when there is somebody for them; tells what happens.

        Every shard told of stands in its place, and what it was made from is stored.
        """


def shard_key(base: str, verdicts: VerdictCodes, audio: set[str]) -> str:
    """A shard's key: its rows and settings (`base`), and the verdicts on its recordings."""
    mine = {name: verdicts[name][0] for name in sorted(audio & set(verdicts))}
    return fingerprint([base, mine]) if mine else base
