"""What a data set will take, told before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass

from govor.audio.codecs import BYTES_A_PCM_BYTE
from govor.config import PrepareConfig
from govor.corpora.folder import Corpus
from govor.prepare.planner import Plan, plan

ROW_OVERHEAD_BYTES = 400
"""Text, identifiers, sums and Parquet's own bookkeeping of one row."""


@dataclass(frozen=True)
class Projection:
    """Projected cost of a data set.

    Attributes:
        bytes: encoded, in Parquet.
        pcm_bytes: as 16-bit PCM.
        shards: Parquet files.
        seconds: of audio.
    """

    bytes: int
    pcm_bytes: int
    shards: int
    seconds: float


def projected(corpus: Corpus, config: PrepareConfig) -> Projection:
    """Projects what preparing `corpus` takes; nothing is decoded.

    Raises:
        CorpusError: the corpus cannot be planned.
    """
    return project(plan(corpus, config.sample_rate, config.shard_bytes), config.codec)


def project(planned: Plan, codec: str) -> Projection:
    """The projection of a plan."""
    size = projected_bytes(planned.pcm_bytes, planned.read, codec)
    return Projection(size, planned.pcm_bytes, len(planned.names), planned.seconds)


def projected_bytes(pcm_bytes: int, rows: int, codec: str) -> int:
    """Encoded bytes of so much PCM in so many rows."""
    return round(pcm_bytes * BYTES_A_PCM_BYTE[codec] + rows * ROW_OVERHEAD_BYTES)
