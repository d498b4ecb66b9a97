"""A corpus folder: ``utterances.parquet``, ``rejected.parquet`` and ``corpus.json``.

The tables are read and written in pieces, so that a corpus of millions needs no more memory than a small one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from govor.errors import CorpusError
from govor.parquet import reading, require_columns
from govor.records import Rejection, Summary
from govor.store import FINGERPRINT_HEX_DIGITS, atomic_path, locked, read_record, remove_partials, write_json

CORE_SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.String,
    "recording": pl.String,
    "audio": pl.String,
    "channel": pl.Int32,
    "start": pl.Float64,
    "end": pl.Float64,
    "text": pl.String,
    "language": pl.String,
    "speaker": pl.String,
    "split": pl.String,
    "duration": pl.Float64,
}
REJECTED_SCHEMA: dict[str, type[pl.DataType]] = {
    "id": pl.String,
    "stage": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}
SPLITS = ("train", "dev", "test")
NEEDED = ("id", "recording", "audio")
REJECTED = "rejected.parquet"
AGAIN = "copy the corpus again, or make it again"
TABLE = "utterances.parquet"
SAMPLED = ".sampled.parquet"
"""Who was sent to people for review; not every corpus has it."""
INFO = "corpus.json"
"""It comes last: a folder that has it is a whole corpus."""


@dataclass(frozen=True)
class CorpusSummary(Summary):
    """What a stage that writes a corpus returns; see `CorpusInfo`."""

    read: int
    kept: int
    rejected: int
    repaired: int
    hours: float
    splits: Mapping[str, int]
    reasons: Mapping[str, int]
    fingerprint: str
    out: str


@dataclass(frozen=True)
class CorpusInfo:
    """What ``corpus.json`` holds.

    Attributes:
        format: the source's format.
        source: where it was read from.
        audio_root: folder that relative audio paths are taken from.
        read: rows read; always kept + rejected.
        kept: rows in ``utterances.parquet``.
        rejected: rows in ``rejected.parquet``, this corpus's own stage and those before it.
        repaired: file names that were repaired.
        hours: hours of the rows whose duration is known.
        splits: utterances by split; those without one under ``"none"``.
        reasons: rejected rows by reason.
        repairs: every repair, as ``{"from", "to"}`` names.
        fingerprint: of the rows, in order.
        notes: whatever else a stage records, by stage.
    """

    format: str
    source: str
    audio_root: str
    read: int = 0
    kept: int = 0
    rejected: int = 0
    repaired: int = 0
    hours: float = 0.0
    splits: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    repairs: tuple[Mapping[str, str], ...] = ()
    fingerprint: str = ""
    notes: Mapping[str, object] = field(default_factory=dict)

    def summary(self, out: Path) -> CorpusSummary:
        """What import, select and review print with ``--json``."""
        keys = (name for name in CorpusSummary.__dataclass_fields__ if name != "out")
        return CorpusSummary(**{key: getattr(self, key) for key in keys}, out=str(out))


class Corpus:
    """An existing corpus folder, opened with `Corpus.open`."""

    def __init__(self, folder: Path, info: CorpusInfo) -> None:
        self.folder, self.info = folder, info
        self._sound: set[Path] = set()

    @classmethod
    def open(cls, folder: Path) -> Corpus:
        """Opens a corpus.

        Raises:
            CorpusError: `folder` is not a corpus; the message says what is missing.
        """
        if not (folder / INFO).exists():
            what = "is not a corpus (it has no corpus.json)" if folder.is_dir() else "does not exist"
            raise CorpusError(f"{folder} {what}: make one with govor import SOURCE --out {folder}")
        return cls(folder, read_record(folder / INFO, CorpusInfo, CorpusError))

    @property
    def table(self) -> Path:
        """Path of ``utterances.parquet``."""
        return self.folder / TABLE

    def scan(self) -> pl.LazyFrame:
        """The utterances, lazily.

        Raises:
            CorpusError: the table is damaged.
        """
        self._look_through(self.table, CORE_SCHEMA)
        return pl.scan_parquet(self.table)

    def rejected(self) -> pl.LazyFrame:
        """What was set aside, lazily.

        Raises:
            CorpusError: the table is damaged.
        """
        self._look_through(self.folder / REJECTED, REJECTED_SCHEMA)
        return pl.scan_parquet(self.folder / REJECTED)

    def batches(self, columns: list[str] | None = None, rows: int = 65_536) -> Iterator[pa.RecordBatch]:
        """The utterances in pieces of at most `rows`, in order."""
        self._look_through(self.table, CORE_SCHEMA)
        with reading(self.table, CorpusError, AGAIN), pq.ParquetFile(self.table) as file:
            yield from file.iter_batches(batch_size=rows, columns=columns)

    def frames(self, columns: list[str] | None = None, rows: int = 65_536) -> Iterator[pl.DataFrame]:
        """The utterances in pieces of at most `rows`, in order, as polars frames."""
        return (pl.DataFrame(pl.from_arrow(batch)) for batch in self.batches(columns, rows))

    def rewrite(self, change: Callable[[pl.DataFrame], pl.DataFrame], rows: int) -> None:
        """Replaces the table whole by its pieces of `rows`, each as `change` makes it; its schema stays."""
        schema = pq.read_schema(self.table)
        with (
            atomic_path(self.table) as partial,
            pq.ParquetWriter(partial, schema, compression="zstd") as writer,
        ):
            for frame in self.frames(None, rows):
                changed = change(frame).to_arrow(compat_level=pl.CompatLevel.oldest())
                writer.write_table(changed.cast(schema))

    def rejected_batches(self, rows: int = 65_536) -> Iterator[pl.DataFrame]:
        """What was set aside, in pieces of at most `rows`, in order."""
        path = self.folder / REJECTED
        self._look_through(path, REJECTED_SCHEMA)
        with reading(path, CorpusError, AGAIN), pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield cast(pl.DataFrame, pl.from_arrow(batch))

    def _look_through(self, path: Path, schema: Mapping[str, Any]) -> None:
        """Reads a table once, in pieces: what comes later meets no damage.

        Raises:
            CorpusError: it is damaged, lacks a column, or a row lacks its id, recording or audio.
        """
        if path in self._sound:
            return
        with reading(path, CorpusError, AGAIN):
            table = pl.scan_parquet(path)
            found = table.collect_schema()
            require_columns(found, schema, path, CorpusError, AGAIN)
            needed = [name for name in NEEDED if name in schema]
            numbers = [name for name, kind in schema.items() if kind == pl.Float64]
            faults = table.select(
                pl.col(needed).null_count(),
                (~pl.col(numbers).is_finite()).sum(),
                pl.len().alias("_rows"),
                *(pl.col(name).hash().max().alias(f"_read {name}") for name in found),
            ).collect(engine="streaming")
        for name in (*needed, *numbers):
            if count := faults[name][0]:
                raise CorpusError(f"{path} is damaged ({count} rows without {name}): {AGAIN}")
        self._sound.add(path)

    def audio_path(self, audio: str) -> str:
        """Absolute path or URI of an ``audio`` value."""
        if "://" in audio or audio.startswith("/"):
            return audio
        return str(Path(self.info.audio_root) / audio)


class CorpusWriter:
    """Writes a corpus folder; nothing changes before the block ends well, ``corpus.json`` comes last.

    A corpus that is there already stays as it is until then.

    Attributes:
        kept: utterances written so far.
        reasons: rejections so far, by reason.
        examples: the first detail of every reason.

    Example:
        with CorpusWriter(out, CorpusInfo("table", source, root)) as corpus:
            corpus.write(frame)          # polars, at least id, recording, audio and text
            corpus.reject([Rejection("7", "import", "empty_text")])
    """

    def __init__(self, out: Path, info: CorpusInfo) -> None:
        self.out, self.info = out, info
        self._lock, self._files = ExitStack(), ExitStack()
        self._tables: dict[str, pq.ParquetWriter] = {}
        self._digest = hashlib.sha256()
        self._splits: Counter[str] = Counter()
        self._seconds = 0.0
        self.kept = 0
        self.reasons: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def __enter__(self) -> CorpusWriter:
        if (self.out / "dataset.json").exists():
            raise CorpusError(
                f"{self.out} is a data set, whose rejected.parquet would be lost: choose another --out"
            )
        self._lock.enter_context(locked(self.out))
        remove_partials(self.out)
        self._paths = {
            name: self._files.enter_context(atomic_path(self.out / f"{name}.parquet"))
            for name in ("utterances", "rejected")
        }
        return self

    def write(self, frame: pl.DataFrame) -> None:
        """Adds utterances; missing core columns become null, further columns are kept as they are."""
        if not frame.height:
            return
        missing = [
            pl.lit(None, dtype=kind).alias(n) for n, kind in CORE_SCHEMA.items() if n not in frame.columns
        ]
        extra = [name for name in frame.columns if name not in CORE_SCHEMA]
        core = [pl.col(n).cast(kind) for n, kind in CORE_SCHEMA.items()]
        frame = frame.with_columns(missing).select([*core, *extra])
        self._put("utterances", frame)
        self._digest.update(frame.hash_rows(seed=0).to_numpy().tobytes())
        counts = frame["split"].fill_null("none").value_counts()
        self._splits.update(dict(counts.iter_rows()))
        self._seconds += float(frame.select(duration_column().sum()).item() or 0.0)
        self.kept += frame.height

    def reject(self, rejections: Iterable[Rejection]) -> None:
        """Adds rejections."""
        self.reject_frame(pl.DataFrame([asdict(rejection) for rejection in rejections], REJECTED_SCHEMA))

    def reject_frame(self, frame: pl.DataFrame) -> None:
        """Adds rejections that are a frame already, with the columns of ``rejected.parquet``."""
        if not frame.height:
            return
        self._put("rejected", frame.select(list(REJECTED_SCHEMA)))
        counts = frame.group_by("reason").agg(pl.len(), pl.col("detail").first())
        for reason, count, detail in counts.iter_rows():
            self.reasons[reason] += count
            self.examples.setdefault(reason, detail)

    def _put(self, name: str, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if name not in self._tables:
            self._tables[name] = pq.ParquetWriter(self._paths[name], table.schema, compression="zstd")
        schema = self._tables[name].schema
        table = table if table.schema.equals(schema) else table.cast(schema)
        self._tables[name].write_table(table, row_group_size=65_536)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        with self._lock:
            try:
                if kind is None:
                    self._put_empty()
                    (self.out / INFO).unlink(missing_ok=True)
                for table in self._tables.values():
                    table.close()
            except BaseException as failed:  # mostly a full disk: the tables go, and are named
                self._files.__exit__(type(failed), failed, failed.__traceback__)
                raise
            self._files.__exit__(kind, error, trace)
            if kind is None:
                self._finish()

    def _put_empty(self) -> None:
        if "utterances" not in self._tables:
            self._put("utterances", pl.DataFrame(schema=CORE_SCHEMA))
        if "rejected" not in self._tables:
            self._put("rejected", pl.DataFrame(schema=REJECTED_SCHEMA))

    def _finish(self) -> None:
        rejected = self.reasons.total()
        self.info = replace(
            self.info,
            read=self.kept + rejected,
            kept=self.kept,
            rejected=rejected,
            hours=self._seconds / 3600,
            splits=dict(sorted(self._splits.items())),
            reasons=dict(sorted(self.reasons.items())),
            fingerprint=self._digest.hexdigest()[:FINGERPRINT_HEX_DIGITS],
        )
        write_json(self.out / "corpus.json", asdict(self.info))


def duration_column() -> pl.Expr:
    """Seconds of an utterance: its duration, else end - start, else null."""
    return pl.coalesce(pl.col("duration"), pl.col("end") - pl.coalesce(pl.col("start"), pl.lit(0.0)))
