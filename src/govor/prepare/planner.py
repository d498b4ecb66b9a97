"""The plan: which shard every utterance is in, and which shards one task makes. Pure: nothing is decoded.

The table is streamed; what stays in memory is 20 bytes for every run of neighbouring utterances of one
recording. An utterance's unit is (split, recording's file, block of time). Recordings smaller than a shard
stay whole and are packed in order of appearance; larger ones have shards of their own, divided at blocks, and
all of those are one task, so that every recording is decoded once for each split.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.audio.codecs import PCM_BYTES_A_SAMPLE
from govor.corpora.folder import Corpus
from govor.errors import CorpusError
from govor.prepare.settings import (
    BLOCKS_A_SHARD,
    SMALLEST_SHARD_BYTES,
    auto_shard_bytes,
)

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
PLAN_COLUMNS = ["split", "audio", "start", "end", "duration"]
BATCH_ROWS = 16_384
"""Rows of the table held at a time."""
OVERFULL = 2.0
"""An update may fill a shard to this multiple of its planned bytes before it opens a new one."""
_ODD = np.uint64(0x9E3779B97F4A7C15)
_BYTES_A_SECOND = {".wav": 32_000, ".aiff": 32_000, ".aif": 32_000, ".flac": 16_000}
_COMPRESSED_BYTES_A_SECOND = 6_000
_UNKNOWN_S = 10.0


@dataclass
class Runs:
    """Neighbouring utterances of one recording and block, one entry each (``R`` of them).

    Attributes:
        key: hash of (split, audio) ``[R]``.
        block: block of time ``[R]``.
        bytes: PCM bytes ``[R]``.
        split: number of the split ``[R]``.
        splits: names of the splits, sorted.
        read: utterances in all.
        seconds: of audio in all.
    """

    key: Keys
    block: NDArray[np.int32]
    bytes: Counts
    split: NDArray[np.uint8]
    splits: list[str]
    read: int
    seconds: float
    unsplit: bool = False


@dataclass
class Plan:
    """Where every utterance goes.

    Attributes:
        unit: sorted hashes of units ``[U]``.
        unit_shard: shard of each unit ``[U]``.
        splits: names of the splits.
        shard_split: split of each shard ``[S]``.
        shard_index: number of each shard within its split ``[S]``.
        shard_pcm_bytes: planned PCM bytes ``[S]``.
        task: task of each shard ``[S]``.
        shard_bytes: the planned size of a shard.
        block_s: seconds of a block.
        read: utterances.
        seconds: of audio.
        unsplit: whether no utterance had a split (all became train).
    """

    unit: Keys
    unit_shard: NDArray[np.int32]
    splits: list[str]
    shard_split: NDArray[np.int32]
    shard_index: NDArray[np.int32]
    shard_pcm_bytes: Counts
    task: NDArray[np.int32]
    shard_bytes: int
    block_s: float
    read: int
    seconds: float
    unsplit: bool = False
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        totals = np.bincount(self.shard_split, minlength=len(self.splits))
        self.names = [
            f"{self.splits[split]}-{index:05d}-of-{totals[split]:05d}.parquet"
            for split, index in zip(self.shard_split, self.shard_index, strict=True)
        ]

    @property
    def pcm_bytes(self) -> int:
        """Planned PCM bytes of the whole data set."""
        return int(self.shard_pcm_bytes.sum())

    def shards_of(self, frame: pl.DataFrame) -> NDArray[np.int32]:
        """Shard of each row ``[N]`` of a piece of the corpus table (its `PLAN_COLUMNS`)."""
        key, block = _keys(frame, self.block_s)
        place = np.searchsorted(self.unit, _units(key, block))
        return self.unit_shard[np.minimum(place, len(self.unit) - 1)]


def plan(corpus: Corpus, sample_rate: int, shard_bytes: int = 0, previous: Plan | None = None) -> Plan:
    """Plans a data set.

    Args:
        corpus: the utterances.
        sample_rate: of the clips, in Hz.
        shard_bytes: PCM bytes for a shard, 0 to decide by the corpus.
        previous: an earlier plan; units it knows stay where they are.

    Raises:
        CorpusError: there are no utterances, or some have a split and others none.
    """
    if previous is not None:
        runs = _runs(corpus, previous.block_s, sample_rate)
        return _extended(previous, runs)
    base_bytes = shard_bytes or SMALLEST_SHARD_BYTES
    block_s = base_bytes / (sample_rate * PCM_BYTES_A_SAMPLE) / BLOCKS_A_SHARD
    runs = _runs(corpus, block_s, sample_rate)
    if not shard_bytes:
        shard_bytes = auto_shard_bytes(int(runs.bytes.sum()))
        runs.block //= shard_bytes // SMALLEST_SHARD_BYTES
        block_s *= shard_bytes // SMALLEST_SHARD_BYTES
    shard, shard_split = _packed(runs, shard_bytes)
    return _assembled(runs, shard, shard_split, shard_bytes, block_s, None)


def _runs(corpus: Corpus, block_s: float, sample_rate: int) -> Runs:
    known: dict[str | None, int] = {}
    parts: list[tuple[Any, ...]] = []
    read, seconds = 0, 0.0
    root = Path(corpus.info.audio_root)
    for frame in corpus.frames(PLAN_COLUMNS, BATCH_ROWS):
        key, block = _keys(frame, block_s)
        batch_s = _seconds(frame, root)
        size = np.rint(batch_s * sample_rate).astype(np.int64) * PCM_BYTES_A_SAMPLE
        for name in frame["split"].unique():
            known.setdefault(name, len(known))
        numbers = frame["split"].replace_strict(known, return_dtype=pl.UInt8).to_numpy()
        parts.append(_joined_runs(key, block, size, numbers))
        read, seconds = read + frame.height, seconds + float(batch_s.sum())
    if not read:
        raise CorpusError(f"{corpus.folder} holds no utterance: nothing to prepare")
    _check_splits(known, corpus)
    columns = [np.concatenate([part[i] for part in parts]) for i in range(4)]
    names = sorted(name or "train" for name in known)
    renumber = np.array([names.index(name or "train") for name in known], np.uint8)
    key, block, size, split = columns
    return Runs(key, block, size, renumber[split], names, read, seconds, unsplit=None in known)


def _check_splits(known: Iterable[str | None], corpus: Corpus) -> None:
    names = [name for name in known if name is not None]
    if names and None in set(known):
        raise CorpusError(
            f"{corpus.folder}: some utterances have a split ({', '.join(sorted(names))}) and others none; "
            "give all of them one with govor select --dev N --test N"
        )
    for name in names:
        if not name.replace("_", "").isalnum():
            raise CorpusError(f"{corpus.folder}: split {name!r} is not made of letters, digits and _")


def _keys(frame: pl.DataFrame, block_s: float) -> tuple[Keys, NDArray[np.int32]]:
    """Hash of (split, audio) and block of time of every row."""
    named = pl.concat_str([pl.col("split").fill_null("train"), pl.col("audio")], separator="\x1f")
    block = (pl.col("start").fill_null(0.0) / block_s).floor().clip(0, 2**31 - 1)
    columns = frame.select(key=named.hash(seed=0), block=block.cast(pl.Int32))
    return columns["key"].to_numpy(), columns["block"].to_numpy()


def _seconds(frame: pl.DataFrame, root: Path) -> NDArray[np.float64]:
    """Seconds of every row, guessed from the file's size where the table does not say."""
    span = pl.col("end") - pl.col("start").fill_null(0.0)
    known = frame.select(s=pl.coalesce(span, pl.col("duration")).clip(lower_bound=0.0))["s"].to_numpy()
    unknown = np.nonzero(np.isnan(known))[0]
    if not len(unknown):
        return known
    seconds = known.copy()
    audio = frame["audio"]
    seconds[unknown] = [_guessed_s(root, audio[int(row)]) for row in unknown]
    return seconds


def _guessed_s(root: Path, audio: str) -> float:
    """Seconds of a recording by the size of its file: good enough to bound a shard."""
    if "://" in audio:
        return _UNKNOWN_S
    try:
        size_bytes = os.stat(root / audio).st_size  # noqa: PTH116 - called for every clip
    except (OSError, ValueError):
        return _UNKNOWN_S
    return size_bytes / _BYTES_A_SECOND.get(os.path.splitext(audio)[1].lower(), _COMPRESSED_BYTES_A_SECOND)  # noqa: PTH122


def _joined_runs(
    key: Keys, block: NDArray[np.int32], size: Counts, split: NDArray[np.uint8]
) -> tuple[Keys, NDArray[np.int32], Counts, NDArray[np.uint8]]:
    """Merges neighbouring rows of the same unit."""
    change = np.ones(len(key), bool)
    change[1:] = (key[1:] != key[:-1]) | (block[1:] != block[:-1])
    first = np.nonzero(change)[0]
    return key[first], block[first], np.add.reduceat(size, first), split[first]


def _packed(runs: Runs, shard_bytes: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Shard of each run ``[R]`` and split of each shard ``[S]``."""
    _, first, recording = np.unique(runs.key, return_index=True, return_inverse=True)
    recording_bytes = np.bincount(recording, weights=runs.bytes.astype(np.float64))
    recording_split = runs.split[first]
    shard_of_recording = np.full(len(first), -1, np.int32)
    splits: list[int] = []
    order = np.argsort(first, kind="stable")
    for split in range(len(runs.splits)):
        chosen = order[recording_split[order] == split]
        for members in _whole_recordings(recording_bytes[chosen], shard_bytes):
            shard_of_recording[chosen[members]] = len(splits)
            splits.append(split)
    shard = shard_of_recording[recording]
    large = np.nonzero(recording_bytes > shard_bytes)[0]
    _divide_large(runs, recording, large, shard, splits, shard_bytes)
    return _in_split_order(shard, np.array(splits, np.int32))


def _whole_recordings(size: NDArray[np.float64], limit: int) -> Iterator[NDArray[np.int64]]:
    """Indices of consecutive recordings that fill a shard; larger ones are left out."""
    small = np.nonzero(size <= limit)[0]
    total = np.concatenate([[0.0], np.cumsum(size[small])])
    place = 0
    while place < len(small):
        end = max(place + 1, int(np.searchsorted(total, total[place] + limit, side="right")) - 1)
        yield small[place:end]
        place = end


def _divide_large(
    runs: Runs,
    recording: NDArray[np.int64],
    large: NDArray[np.int64],
    shard: NDArray[np.int32],
    splits: list[int],
    limit: int,
) -> None:
    """Gives recordings larger than a shard shards of their own, block by block."""
    for number in large:
        members = np.nonzero(recording == number)[0]
        blocks, inverse = np.unique(runs.block[members], return_inverse=True)
        sizes = np.bincount(inverse, weights=runs.bytes[members].astype(np.float64))
        block_shard = np.empty(len(blocks), np.int32)
        filled = float("inf")
        for i, size in enumerate(sizes):
            if filled + size > limit:
                splits.append(int(runs.split[members[0]]))
                filled = 0.0
            filled += size
            block_shard[i] = len(splits) - 1
        shard[members] = block_shard[inverse]


def _in_split_order(
    shard: NDArray[np.int32], splits: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    order = np.argsort(splits, kind="stable")
    renumber = np.empty(len(order), np.int32)
    renumber[order] = np.arange(len(order), dtype=np.int32)
    return renumber[shard], splits[order]


def _extended(previous: Plan, runs: Runs) -> Plan:
    """A plan in which known units stay, and new ones join their recording's shard or open new shards."""
    splits = sorted({*previous.splits, *runs.splits})
    old_split = np.array([splits.index(name) for name in previous.splits], np.int32)
    runs.split = np.array([splits.index(name) for name in runs.splits], np.uint8)[runs.split]
    runs.splits = splits
    units = _units(runs.key, runs.block)
    place = np.minimum(np.searchsorted(previous.unit, units), len(previous.unit) - 1)
    shard = np.where(previous.unit[place] == units, previous.unit_shard[place], -1).astype(np.int32)
    shard_split = list(old_split[previous.shard_split])
    placed = shard >= 0
    weights = np.asarray(runs.bytes[placed], np.float64)
    filled = np.asarray(np.bincount(shard[placed], weights, len(shard_split)), np.float64)
    _join_known_recordings(runs, shard, filled, previous.shard_bytes * OVERFULL)
    fresh = np.nonzero(shard < 0)[0]
    if len(fresh):
        rest = Runs(runs.key[fresh], runs.block[fresh], runs.bytes[fresh], runs.split[fresh], splits, 0, 0.0)
        added, added_split = _packed(rest, previous.shard_bytes)
        shard[fresh] = added + len(shard_split)
        shard_split += list(added_split)
    return _assembled(
        runs, shard, np.array(shard_split, np.int32), previous.shard_bytes, previous.block_s, previous
    )


def _join_known_recordings(
    runs: Runs, shard: NDArray[np.int32], filled: NDArray[np.float64], limit: float
) -> None:
    homes: dict[int, int] = {}
    unknown = set(runs.key[shard < 0].tolist())
    for key, home in zip(runs.key[shard >= 0].tolist(), shard[shard >= 0].tolist(), strict=True):
        if key in unknown:
            homes[key] = home
    for run in np.nonzero(shard < 0)[0]:
        known_home = homes.get(int(runs.key[run]))
        if known_home is not None and filled[known_home] + runs.bytes[run] <= limit:
            shard[run] = known_home
            filled[known_home] += runs.bytes[run]


def _assembled(
    runs: Runs,
    shard: NDArray[np.int32],
    shard_split: NDArray[np.int32],
    shard_bytes: int,
    block_s: float,
    previous: Plan | None,
) -> Plan:
    units, first = np.unique(_units(runs.key, runs.block), return_index=True)
    unit_shard = shard[first]
    if previous is not None:
        gone = ~np.isin(previous.unit, units)
        units = np.concatenate([units, previous.unit[gone]])
        unit_shard = np.concatenate([unit_shard, previous.unit_shard[gone]])
        order = np.argsort(units)
        units, unit_shard = units[order], unit_shard[order]
    index = np.zeros(len(shard_split), np.int32)
    for split in range(len(runs.splits)):
        mine = shard_split == split
        index[mine] = np.arange(mine.sum())
    return Plan(
        unit=units,
        unit_shard=unit_shard,
        splits=runs.splits,
        shard_split=shard_split,
        shard_index=index,
        shard_pcm_bytes=np.bincount(shard, runs.bytes.astype(float), len(shard_split)).astype(np.int64),
        task=_tasks(runs.key, shard, len(shard_split)),
        shard_bytes=shard_bytes,
        block_s=block_s,
        read=runs.read,
        seconds=runs.seconds,
        unsplit=runs.unsplit,
    )


def _tasks(key: Keys, shard: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Task of each shard: shards that share a recording belong together."""
    parent = np.arange(count, dtype=np.int32)

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = int(parent[item])
        return item

    order = np.lexsort((shard, key))
    same = (key[order][1:] == key[order][:-1]) & (shard[order][1:] != shard[order][:-1])
    for place in np.nonzero(same)[0]:
        low, high = sorted((root(int(shard[order[place]])), root(int(shard[order[place + 1]]))))
        parent[high] = low
    return np.array([root(item) for item in range(count)], np.int32)


def _units(key: Keys, block: NDArray[np.int32]) -> Keys:
    """One hash for (split, audio, block)."""
    mixed = key + (block.astype(np.uint64) + np.uint64(1)) * _ODD
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(32)
    return mixed
