"""What a worker is given: plain data, made without any decoder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from govor.prepare.arrow import integers, taken
from govor.prepare.schema import SHARD_COLUMN
from govor.prepare.settings import Settings
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


def shard_key(base: str, verdicts: VerdictCodes, audio: set[str]) -> str:
    """A shard's key: its rows and settings (`base`), and the verdicts on its recordings."""
    mine = {name: verdicts[name][0] for name in sorted(audio & set(verdicts))}
    return fingerprint([base, mine]) if mine else base


def audio_path(audio: str, audio_root: str) -> str:
    """Absolute path or URI of an ``audio`` value."""
    return audio if "://" in audio or audio.startswith("/") else f"{audio_root.rstrip('/')}/{audio}"
