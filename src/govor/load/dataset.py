"""A prepared data set, opened for reading: any clip by (split, row), nothing loaded whole."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from govor.audio.block import finite
from govor.console import say
from govor.errors import AudioError, DatasetError, DiskFullError
from govor.load.content import Content, LocalContent, RemoteContent
from govor.load.place import Place
from govor.load.shard import Shard
from govor.parquet import reading
from govor.records import Easing
from govor.shape import parsed
from govor.store import fingerprint

if TYPE_CHECKING:
    import polars as pl

Wave = NDArray[np.float32]
PLAIN_HEADS = (b"fLaC", b"RIFF", b"OggS")  # what prepare writes; soundfile reads these exactly


SAMPLE_RATE_HZ = 16_000
RATES_HZ = (1_000, 768_000)
AGAIN = "copy or prepare it again"
COLUMNS = {
    **dict.fromkeys(("id", "text", "language", "speaker", "recording"), "texts"),
    **dict.fromkeys(("duration", "start", "end"), "numbers"),
}
"""What columns hold that are read by name."""


def decode_clip(content: bytes, sample_rate: int) -> Wave:
    """Samples ``[T]`` of an encoded clip, mono, -1..1.

    Args:
        content: FLAC, Opus or WAV as ``prepare`` writes them; other formats go the way of recordings.
        sample_rate: that the samples shall have, in Hz.

    Raises:
        AudioError: it cannot be decoded.
    """
    if content[:4] not in PLAIN_HEADS:
        return _as_recording(content, sample_rate)
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=False)
    except (RuntimeError, TypeError, ValueError) as error:
        raise AudioError(f"a clip of {len(content)} bytes cannot be decoded ({error})") from error
    if samples.ndim != 1 or rate != sample_rate:
        return _as_recording(content, sample_rate)
    wave: Wave = finite(samples)
    return wave


def _as_recording(content: bytes, sample_rate: int) -> Wave:
    from govor.audio import load_mono

    return load_mono(content, sample_rate=sample_rate)


class SplitFacts(TypedDict):
    """A split, as ``dataset.json`` counts it."""

    utterances: int
    hours: float


class DatasetFacts(TypedDict, total=False):
    """The fields of ``dataset.json`` that are read."""

    fingerprint: str
    sample_rate: int
    settings: dict[str, object]
    shards: list[str]
    splits: dict[str, SplitFacts]
    reasons: dict[str, int]
    languages: list[str]
    corpus: str
    read: int
    kept: int
    rejected: int
    hours: float
    bytes: int
    easings: list[Easing]


class Dataset:
    """The clips of a prepared data set.

    Attributes:
        url: where it is.
        place: its files.
        info: ``dataset.json``; empty for Parquet data sets that others wrote.

    Example:
        >>> dataset = Dataset.open("cv/dataset")  # doctest: +SKIP
        >>> wave = dataset.wave("train", 0)  # doctest: +SKIP
    """

    def __init__(self, place: Place, info: DatasetFacts, shards: dict[str, list[tuple[str, int]]]) -> None:
        self.place = place
        self.url = place.url
        self.info = info
        self._shards = shards
        self._starts = {
            split: np.concatenate([[0], np.cumsum([rows for _, rows in files])]).astype(np.int64)
            for split, files in shards.items()
        }
        self._opened: dict[str, Shard] = {}
        self._tables: dict[str, pl.DataFrame] = {}

    @classmethod
    def open(cls, url: str | Path) -> Dataset:
        """Opens a folder or an fsspec URL; reads the footers of the shards only.

        Raises:
            DatasetError: there is no prepared data set, or a shard is damaged.
        """
        place = Place(str(url))
        info = place.read_json("dataset.json", DatasetFacts) or {}
        found = place.shards(info.get("shards"))
        shards = {split: [(path, _rows(place, path)) for path in paths] for split, paths in found.items()}
        return cls(place, info, shards)

    @property
    def splits(self) -> dict[str, int]:
        """Clips in each split."""
        return {split: int(starts[-1]) for split, starts in self._starts.items()}

    @cached_property
    def sample_rate(self) -> int:
        """Of the clips, in Hz."""
        settings = self.info.get("settings", {})
        known = self.info.get("sample_rate") or settings.get("sample_rate")
        rate = known or _declared_rate(self.place, next(iter(self._shards.values()))[0][0]) or SAMPLE_RATE_HZ
        if not isinstance(rate, int) or not RATES_HZ[0] <= rate <= RATES_HZ[1]:
            raise DatasetError(
                f"{self.url} says that its clips have {rate!r} Hz; that is from {RATES_HZ[0]} to "
                f"{RATES_HZ[1]:,}: prepare it again"
            )
        return rate

    @cached_property
    def fingerprint(self) -> str:
        """Of the content: what ``prepare`` wrote, else of the shards' names, sizes and rows."""
        if "fingerprint" in self.info:
            return str(self.info["fingerprint"])
        files = [
            (path.rsplit("/", 1)[-1], rows, self.place.size_bytes(path))
            for paths in self._shards.values()
            for path, rows in paths
        ]
        return fingerprint(files)

    def table(self, split: str) -> pl.DataFrame:
        """All columns of a split but the audio, in row order; read once.

        Raises:
            DatasetError: there is no such split.
        """
        if split not in self._tables:
            self._tables[split] = self._read_table(split)
        return self._tables[split]

    def _read_table(self, split: str) -> pl.DataFrame:
        import polars as pl
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = []
        for path, _ in self._files(split):
            with reading(path, DatasetError, AGAIN), self.place.open(path) as file:
                shard = pq.ParquetFile(file)
                columns = [name for name in shard.schema_arrow.names if name != "audio"]
                table = shard.read(columns=columns, use_threads=False)
                table.validate(full=True)
                tables.append(table)
        with reading(self.url, DatasetError, AGAIN):
            frame = pl.from_arrow(pa.concat_tables(tables, promote_options="permissive"))
        assert isinstance(frame, pl.DataFrame)
        self._require_types(frame, split)
        return frame

    def _require_types(self, frame: pl.DataFrame, split: str) -> None:
        """The columns that govor reads are what they are called, in data sets of others too.

        Raises:
            DatasetError: one is not.
        """
        for name, wanted in COLUMNS.items():
            if name not in frame.columns:
                continue
            kind = frame.schema[name]
            if not (kind.is_numeric() if wanted == "numbers" else str(kind) in ("String", "Null")):
                raise DatasetError(
                    f"{self.url}: the column {name} of split {split} is {kind}; it holds {wanted}: {AGAIN}"
                )
        if "id" in frame.columns and frame["id"].null_count():
            raise DatasetError(f"{self.url}: split {split} has rows without an id: {AGAIN}")

    def durations(self, split: str) -> NDArray[np.float64]:
        """Seconds of every clip ``[N]``."""
        table = self.table(split)
        if "duration" not in table.columns:
            raise DatasetError(f"{self.url}: split {split} has no column duration: prepare it with govor")
        found = table["duration"].fill_null(np.nan).to_numpy().astype(np.float64)
        if not (np.isfinite(found) & (found >= 0)).all():
            raise DatasetError(f"{self.url}: split {split} has durations that are not seconds: {AGAIN}")
        return found

    def clip_bytes(self, split: str, row: int) -> bytes:
        """Encoded audio of one clip."""
        files, starts = self._files(split), self._starts[split]
        if not 0 <= row < starts[-1]:
            raise DatasetError(f"{self.url}: split {split} has rows 0 to {starts[-1] - 1}, not {row}")
        number = int(np.searchsorted(starts, row, side="right")) - 1
        return self._shard(files[number][0]).clip_bytes(row - int(starts[number]))

    def wave(self, split: str, row: int, sample_rate: int | None = None) -> Wave:
        """Samples ``[T]`` of one clip, mono float32.

        Args:
            split: of the data set.
            row: in the split.
            sample_rate: in Hz; the data set's own by default.

        Raises:
            AudioError: the clip cannot be decoded; the message names it.
        """
        wanted = sample_rate or self.sample_rate
        try:
            return decode_clip(self.clip_bytes(split, row), wanted)
        except AudioError as error:
            raise AudioError(f"{self.url}: {split} row {row}: {error}", error.code) from error

    def waves(self, split: str, rows: Iterable[int]) -> Iterator[tuple[int, Wave]]:
        """(row, samples) of several clips, in the order asked for."""
        for row in rows:
            yield row, self.wave(split, row)

    def __reduce__(self) -> tuple[Any, ...]:
        return Dataset, (self.place, self.info, self._shards)

    def _files(self, split: str) -> list[tuple[str, int]]:
        if split not in self._shards:
            raise DatasetError(f"{self.url} has no split {split!r}: it has {', '.join(self._shards)}")
        return self._shards[split]

    def _shard(self, path: str) -> Shard:
        if path not in self._opened:
            self._opened[path] = Shard(self._content(path))
        return self._opened[path]

    def _content(self, path: str) -> Content:
        """A copy of the shard on this machine, or the shard where it is when the disk has no room for one."""
        try:
            return LocalContent(self.place.local_path(path))
        except DiskFullError as error:
            if not any(isinstance(shard.content, RemoteContent) for shard in self._opened.values()):
                say(f"{error}: clips are fetched one by one, which is slower (GOVOR_CACHE: another disk)")
            return RemoteContent(self.place, path)


def _rows(place: Place, path: str) -> int:
    import pyarrow.parquet as pq

    with reading(path, DatasetError, AGAIN), place.open(path) as file:
        return int(pq.read_metadata(file).num_rows)


def _declared_rate(place: Place, path: str) -> int | None:
    """The rate that the Audio feature of the schema declares."""
    import pyarrow.parquet as pq

    with reading(path, DatasetError, AGAIN), place.open(path) as file:
        metadata = pq.ParquetFile(file).schema_arrow.metadata or {}
        told: Any = parsed(metadata.get(b"huggingface", b"{}"))
    for key in ("info", "features", "audio", "sampling_rate"):
        told = told.get(key) if isinstance(told, dict) else None
    return told if isinstance(told, int) else None
