"""What a data set will take, told before anything is spent, and refused where there is no room for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from govor.audio.codecs import BYTES_A_PCM_BYTE
from govor.config import PrepareConfig, SelectConfig
from govor.console import say
from govor.corpora.folder import Corpus
from govor.errors import DiskFullError
from govor.findings import count_of
from govor.prepare.planner import Plan, plan
from govor.prepare.target import Target
from govor.store import readable_bytes

ROW_OVERHEAD_BYTES = 400
"""Text, identifiers, sums and Parquet's own bookkeeping of one row."""
SPACE_MARGIN = 1.02


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


def require_room(
    target: Target,
    corpus: Path,
    codec: str,
    pcm_bytes: int,
    rows: int,
    *,
    hours: float,
    shards: int,
    begun: bool,
) -> None:
    """Says what will be written.

    Args:
        target: where to.
        corpus: its folder.
        codec: of the clips.
        pcm_bytes: of the clips still to be made.
        rows: how many these are.
        hours: of them.
        shards: that they go into.
        begun: whether the target holds shards already.

    Raises:
        DiskFullError: there is no room; what to do about it.
    """
    projected = projected_bytes(pcm_bytes, rows, codec)
    free = target.free_bytes()
    try:
        target.require_space(round(projected * SPACE_MARGIN), f"preparing {hours:.3g} hours")
    except DiskFullError as error:
        way_out = "free that much and run the same command again, what is finished is kept"
        if not begun:
            way_out = _smaller(corpus, (free or 0) / SPACE_MARGIN**2 * hours / projected)
        raise DiskFullError(f"{error}; {way_out}") from None
    room = "" if free is None else f"; {readable_bytes(free)} are free"
    say(
        f"{hours:.3g} hours to prepare: about {readable_bytes(projected)} as {codec} in "
        f"{count_of(shards, 'shard')}{room}"
    )


def _smaller(corpus: Path, hours: float) -> str:
    """How to make a corpus of so many hours: their part of the projected bytes is what fits."""
    fits = int(hours * 3600 * SelectConfig().bytes_per_s)
    return (
        f"make a corpus that fits with govor select {quote(str(corpus))} --out SMALLER "
        f"--max-bytes {fits}, or choose another --out"
    )
