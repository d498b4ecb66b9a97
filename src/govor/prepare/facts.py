"""What a finished shard says of itself, in its own footer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from govor.prepare.recording import Recording
from govor.prepare.schema import FOOTER_KEY
from govor.shape import fitted


@dataclass(frozen=True)
class ShardFacts:
    """What a finished shard says of itself.

    Attributes:
        key: of the rows, settings and verdicts it was made from.
        rows: clips in it.
        samples: of all clips together.
        content: hash over the sums of all clips: what is heard in them.
        rejected: ``[id, reason, detail]`` of the utterances that did not become clips.
    """

    key: str
    rows: int
    samples: int
    content: str
    rejected: list[list[str]]

    @property
    def read(self) -> int:
        """Utterances that were to go in."""
        return self.rows + len(self.rejected)


@dataclass(frozen=True)
class Finished:
    """A shard that has appeared.

    Attributes:
        name: of its file.
        facts: what it says of itself.
        recordings: what it was made from, as it was then.
    """

    name: str
    facts: ShardFacts
    recordings: tuple[Recording, ...]


def read_facts(file: str | BinaryIO) -> ShardFacts | None:
    """The facts in a shard's footer, or None when it is not a shard of govor."""
    try:
        metadata = pq.read_metadata(file).metadata or {}
        facts = fitted(json.loads(metadata[FOOTER_KEY]), ShardFacts)
    except (KeyError, ValueError, OSError, RecursionError, pa.ArrowException):
        return None
    return facts if all(len(row) == 3 for row in facts.rejected) else None
