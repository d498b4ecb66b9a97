"""Probing of all recordings of a corpus in parallel; what was probed once is not probed again."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args, get_type_hints

import polars as pl

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.console import Progress, progress
from govor.curate.probe import Probe, Request, exists
from govor.machine import cores
from govor.store import atomic_path
from govor.waiting import result_of

CHUNK = 32
PART_ROWS = 4_000
STORE_EVERY_S = 20.0
"""A kill loses no more than this much work."""
LISTENED = 100
"""Recordings that the neural detector hears: a sample that hangs on their names alone."""
STALL_S = 600.0
"""A recording of ten hours takes about half a minute between two signs of life."""
_POLARS = {str: pl.String, bool: pl.Boolean, int: pl.Int64, float: pl.Float64}


def _kind(hint: Any) -> Any:
    plain = next((arm for arm in get_args(hint) if arm is not type(None)), hint)
    return _POLARS[plain]


SCHEMA: Mapping[str, Any] = {name: _kind(hint) for name, hint in get_type_hints(Probe).items()} | {
    "file_bytes": pl.Int64,
    "file_time_ns": pl.Int64,
}


def probe_corpus(recordings: Sequence[tuple[str, str]], folder: Path, workers: int = 0) -> pl.DataFrame:
    """Probes recordings, each in a guarded child process.

    Args:
        recordings: name in the corpus, and path or URI.
        folder: where results are kept; files of unchanged size and time are taken from there.
        workers: child processes; 0 is one a core.

    Returns:
        One row a recording, in the order given; columns are those of `Probe`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _stamped(recordings)
    known = _known_probes(folder, wanted)
    todo = wanted.join(known.select("audio"), on="audio", how="anti", maintain_order="left")
    if todo.height:
        _Pool(folder, workers or cores(), listened([name for name, _ in recordings])).run(todo)
        known = _known_probes(folder, wanted)
    return wanted.select("audio").join(known, on="audio", how="left", maintain_order="left")


def listened(names: Sequence[str]) -> frozenset[str]:
    """The sample that the neural detector hears."""
    drawn = sorted(names, key=lambda name: hashlib.blake2b(name.encode("utf-8", "surrogatepass")).digest())
    return frozenset(drawn[:LISTENED])


def _stamped(recordings: Sequence[tuple[str, str]]) -> pl.DataFrame:
    rows = [(audio, path, *(exists(path) or (-1, -1))) for audio, path in recordings]
    schema = {"audio": pl.String, "path": pl.String, "file_bytes": pl.Int64, "file_time_ns": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _known_probes(folder: Path, wanted: pl.DataFrame) -> pl.DataFrame:
    parts = sorted(folder.glob("part-*.parquet"))
    frames = [pl.read_parquet(part) for part in parts]
    whole = [frame.select(list(SCHEMA)) for frame in frames if set(SCHEMA) <= set(frame.columns)]
    table = pl.concat([pl.DataFrame(schema=SCHEMA), *whole])  # what was measured otherwise is measured again
    stamps = wanted.select("audio", "file_bytes", "file_time_ns")
    return table.join(stamps, on=["audio", "file_bytes", "file_time_ns"]).unique("audio", keep="last")


class _Pool:
    """Threads, each with a child process of its own; what they found is stored every few seconds."""

    def __init__(self, folder: Path, workers: int, heard: Collection[str]) -> None:
        self.folder, self.workers, self.heard = folder, workers, heard
        self._lock = threading.Lock()
        self._rows: list[Mapping[str, Any]] = []
        self._stored_s = time.monotonic()
        self._stopped = False

    def run(self, todo: pl.DataFrame) -> None:
        """Probes all; results are stored every few thousand recordings."""
        chunks = iter(todo.iter_slices(CHUNK))
        with progress("check audio", todo.height, "recordings") as bar:
            try:
                with ThreadPoolExecutor(self.workers) as threads:
                    for done in [threads.submit(self._work, chunks, bar) for _ in range(self.workers)]:
                        self._wait(done)
            finally:
                self._store()

    def _wait(self, done: Future[None]) -> None:
        """Waits for a thread; when the wait is broken off, all threads end after the recording at hand."""
        try:
            result_of(done)
        except BaseException:
            self._stopped = True
            raise

    def _work(self, chunks: Iterator[pl.DataFrame], bar: Progress) -> None:
        with GuardedWorker(stall_s=STALL_S) as worker:
            while (chunk := self._next(chunks)) is not None:
                stamps = {row[0]: row[2:] for row in chunk.iter_rows()}
                requests = [(row[0], row[1], row[0] in self.heard) for row in chunk.iter_rows()]
                for found in probe_chunk(worker, requests, lambda: self._stopped):
                    self._keep(found, stamps[found.audio], bar)

    def _next(self, chunks: Iterator[pl.DataFrame]) -> pl.DataFrame | None:
        with self._lock:
            return None if self._stopped else next(chunks, None)

    def _keep(self, found: Probe, stamp: tuple[int, int], bar: Progress) -> None:
        with self._lock:
            self._rows.append({**vars(found), "file_bytes": stamp[0], "file_time_ns": stamp[1]})
            bar.advance()
            if len(self._rows) >= PART_ROWS or time.monotonic() - self._stored_s > STORE_EVERY_S:
                self._store()

    def _store(self) -> None:
        if self._rows:
            number = 1 + max(
                (int(p.stem.split("-")[1]) for p in self.folder.glob("part-*.parquet")), default=-1
            )
            with atomic_path(self.folder / f"part-{number:05d}.parquet") as partial:
                pl.DataFrame(self._rows, schema=SCHEMA).write_parquet(partial)
            self._rows, self._stored_s = [], time.monotonic()


def probe_chunk(
    worker: GuardedWorker, requests: list[Request], stopped: Callable[[], bool] = lambda: False
) -> list[Probe]:
    """Probes some recordings; one that brings the child down is named, and the rest goes on in a new one."""
    found: list[Probe] = []
    while len(found) < len(requests):
        try:
            rest = requests[len(found) :]
            worker.call("govor.curate.probe:probe_all", rest, on_message=found.append, stopped=stopped)
        except WorkerLostError as error:
            if stopped():
                break
            if len(found) < len(requests):
                audio, path, _ = requests[len(found)]
                found.append(Probe(audio=audio, error=error.code, detail=f"{path}: the decoder {error}"))
    return found
