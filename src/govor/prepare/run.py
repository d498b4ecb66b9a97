"""`prepare_corpus`: plan, do what is missing, write the index last."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from govor.config import PrepareConfig, SelectConfig
from govor.console import Progress, progress, say
from govor.corpora.folder import INFO as CORPUS_INFO
from govor.corpora.folder import Corpus
from govor.errors import DatasetError, DiskFullError, LimitError
from govor.findings import count_of
from govor.prepare.facts import Finished, ShardFacts
from govor.prepare.index import INDEX, Totals, totals, write_index
from govor.prepare.local import Event, run_local
from govor.prepare.memory import peak_rss_bytes
from govor.prepare.planner import Plan, plan
from govor.prepare.projection import projected_bytes
from govor.prepare.provenance import forget_recordings, known_stems, shard_stem, store_recordings
from govor.prepare.replaced import adopt, find_replaced
from govor.prepare.rows import Contents, Gathered, contents
from govor.prepare.schema import dataset_schema, left_out, plain_columns
from govor.prepare.settings import Settings
from govor.prepare.state import Stored, read_stored, refuse_other_settings, store_plan, stored_plan
from govor.prepare.supervisor import Supervisor
from govor.prepare.target import DATA, Target, open_target
from govor.prepare.task import Task, shard_key
from govor.prepare.verdicts import Verdicts
from govor.store import fingerprint, readable_bytes

SPACE_MARGIN = 1.02
Engine = Callable[..., Iterator[Event]]


def prepare_corpus(
    corpus: Path, out: str, config: PrepareConfig, *, update: bool = False, retry_rejected: bool = False
) -> dict[str, Any]:
    """Turns a corpus into a data set; run again to continue.

    Args:
        corpus: corpus folder.
        out: folder, or a URL that fsspec reaches.
        config: settings.
        update: the corpus changed since: rewrite the shards concerned.
        retry_rejected: ask again about everything that was set aside.

    Returns:
        The summary that ``--json`` prints.

    Raises:
        CorpusError: the corpus cannot be planned, or its recordings are gone.
        DatasetError: the target holds something else, or was made with other settings.
        DiskFullError: there is not enough room.
        BusyError: another process works on the target.
        LimitError: more than ``max_rejected`` was set aside; the data set is complete all the same.
    """
    started_s, used_s = time.monotonic(), _cpu_s()
    target = open_target(out)
    if target.read(CORPUS_INFO) is not None:
        raise DatasetError(f"{out} is a corpus, whose rejected.parquet would be lost: choose another --out")
    with target.held():
        job = Job.of(Corpus.open(corpus), target, config, update)
        if update:
            job.notice_replaced()
        if retry_rejected:
            job.retry_rejected()
        job.make_missing()
        total = job.finish()
    summary = {
        "read": total.read,
        "kept": total.kept,
        "rejected": total.rejected,
        "reasons": total.reasons,
        "hours": total.hours,
        "bytes": total.bytes,
        "shards": len(job.plan.names),
        "written": sorted(job.written),
        "replaced": sorted(job.replaced),
        "splits": {name: split["utterances"] for name, split in total.splits.items()},
        "wall_s": time.monotonic() - started_s,
        "cpu_s": _cpu_s() - used_s,
        "peak_rss_mb": job.peak_bytes / 1e6,
        "parent_peak_rss_mb": peak_rss_bytes() / 1e6,
        "fingerprint": total.fingerprint,
        "out": out,
    }
    _check_rejected(total, config, summary)
    return summary


def _cpu_s() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _check_rejected(total: Totals, config: PrepareConfig, summary: dict[str, Any]) -> None:
    if total.rejected > config.max_rejected * total.read:
        reasons = ", ".join(f"{count} {reason}" for reason, count in total.reasons.items())
        raise LimitError(
            f"{total.rejected} of {total.read} utterances were set aside ({reasons}), more than "
            f"--max-rejected {config.max_rejected:g} allows; the data set is complete without them: look at "
            "rejected.parquet, mend the files and run with --retry-rejected, or allow more",
            summary,
        )


@dataclass
class Job:
    """One run on one target."""

    corpus: Corpus
    target: Target
    config: PrepareConfig
    settings: Settings
    plan: Plan
    filled: Contents
    verdicts: Verdicts
    base_keys: list[str]
    facts: dict[str, ShardFacts]

    def __post_init__(self) -> None:
        self.written: set[str] = set()
        self.replaced: set[str] = set()
        self.peak_bytes = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, corpus: Corpus, target: Target, config: PrepareConfig, update: bool) -> Job:
        """Plans, compares with what the target remembers, and remembers the plan."""
        stored = read_stored(target)
        if stored is None:
            _refuse_foreign(target)
        elif not target.names(DATA):
            stored = None  # no shard exists yet: earlier settings do not matter
        planned = _planned(corpus, target, config, stored, update)
        settings = Settings.of(config, planned.shard_bytes)
        if stored is not None:
            refuse_other_settings(target, stored, settings)
        if stored is None or stored.corpus != corpus.info.fingerprint:
            store_plan(target, planned, settings, corpus.info.fingerprint)
        if planned.unsplit:
            say("no utterance has a split: all become train (govor select --dev N --test N makes others)")
        filled = contents(corpus, planned)
        keys = [
            fingerprint([settings.as_dict(), int(rows), int(checksum)])
            for rows, checksum in zip(filled.rows, filled.checksum, strict=True)
        ]
        _settle_names(target, planned)
        facts = {name: f for name, f in target.shards().items() if name in set(planned.names)}
        return cls(corpus, target, config, settings, planned, filled, Verdicts(target), keys, facts)

    def retry_rejected(self) -> None:
        """Forgets all verdicts, and the shards in which something was set aside."""
        self.verdicts.forget()
        for name in [name for name, facts in self.facts.items() if facts.rejected]:
            self.facts.pop(name)

    def notice_replaced(self) -> None:
        """Removes the shards one of whose recordings was replaced under its name, and verdicts on those."""
        finished = [name for name in self.plan.names if name in self.facts]
        found = find_replaced(self.target, self.corpus, finished)
        self.replaced = found.recordings
        self.verdicts.forget(found.recordings)
        for name in found.shards:
            self.target.remove(INDEX)
            self.target.remove(f"{DATA}/{name}")
            self.facts.pop(name)

    def missing(self) -> list[int]:
        """Numbers of the shards that are not there as they should be."""
        keys = self._keys()
        return [i for i, name in enumerate(self.plan.names)
                if name not in self.facts or self.facts[name].key != keys[i]]  # fmt: skip

    def _keys(self) -> list[str]:
        """The key of every shard, verdicts included."""
        codes = self.verdicts.codes()
        if not codes:
            return self.base_keys
        audio = self._audio_with_verdicts(set(codes))
        return [shard_key(base, codes, audio.get(i, set())) for i, base in enumerate(self.base_keys)]

    def _audio_with_verdicts(self, wanted: set[str]) -> dict[int, set[str]]:
        import polars as pl

        columns = ["split", "audio", "start", "end", "duration"]
        frame = self.corpus.scan().select(columns).filter(pl.col("audio").is_in(list(wanted))).collect()
        found: dict[int, set[str]] = {}
        if frame.height:
            for shard, audio in zip(self.plan.shards_of(frame).tolist(), frame["audio"], strict=True):
                found.setdefault(shard, set()).add(audio)
        return found

    def make_missing(self) -> None:
        """Makes every missing shard."""
        missing = self.missing()
        self._settle_recordings(set(missing))
        if not missing:
            return
        self._require_space(missing)
        self.target.remove(INDEX)
        pending = np.zeros(len(self.plan.names), bool)
        pending[missing] = True
        gathered = Gathered(self.target.scratch, self.corpus, self.plan, pending, self.filled)
        try:
            with progress("prepare", self._hours(missing), "h") as bar:
                bar.note = "0 rejected"
                self._follow(bar, self._engine()(self, self._tasks(gathered, missing), self._supervisor))
        finally:
            gathered.close()

    def _settle_recordings(self, missing: set[int]) -> None:
        """Forgets what missing shards were made from, and notes it where a kill came before it was noted."""
        known = known_stems(self.target)
        for number in missing:
            if shard_stem(self.plan.names[number]) in known:
                forget_recordings(self.target, self.plan.names[number])
        there = [i for i in range(len(self.plan.names)) if i not in missing]
        unknown = [i for i in there if shard_stem(self.plan.names[i]) not in known]
        adopt(self.target, self.corpus, self.plan, unknown)

    def _hours(self, missing: list[int]) -> float:
        return float(self.plan.shard_pcm_bytes[missing].sum()) / self.settings.pcm_bytes_a_second / 3600

    def _engine(self) -> Engine:
        if self.config.engine == "ray":
            from govor.prepare.cluster import run_on_ray

            return run_on_ray
        return run_here

    def _follow(self, bar: Progress, events: Iterator[Event]) -> None:
        rejected = 0
        for kind, *content in events:
            if kind == "shard":
                rejected += len(content[0].rejected)
                bar.advance(0, f"{rejected:,} rejected")
            elif kind == "beat":
                bar.advance(content[0] / 3600)
            elif kind == "peak":
                self.peak_bytes = max(self.peak_bytes, content[0])
        bar.complete()

    def arrived(self, finished: Finished) -> None:
        """A shard was finished by a worker: it is brought to its place and counted."""
        self.target.arrived(finished.name)
        self.noted(finished)

    def noted(self, finished: Finished) -> None:
        """A finished shard stands in its place."""
        store_recordings(self.target, finished.name, finished.recordings)
        with self._lock:
            self.facts[finished.name] = finished.facts
            self.written.add(finished.name)

    def _supervisor(self, stopped: Callable[[], bool]) -> Supervisor:
        return Supervisor(self.verdicts, self.config.stall_s, self.config.memory_bytes, stopped)

    def _tasks(self, gathered: Gathered, missing: list[int]) -> Iterator[Task]:
        columns = pq.read_schema(self.corpus.table)
        schema = dataset_schema(columns, self.settings.sample_rate, left_out(self.corpus.info))
        empty = {i for i in missing if not self.filled.rows[i]}
        if empty:
            yield self._task(sorted(empty), _no_rows(self.corpus), schema)
        for shards, table in gathered.tasks():
            yield self._task(shards, table, schema)

    def _task(self, shards: list[int], table: pa.Table, schema: pa.Schema) -> Task:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return Task(
            shards={i: (self.plan.names[i], self.base_keys[i]) for i in shards},
            rows=sink.getvalue().to_pybytes(),
            schema=schema,
            audio_root=str(Path(self.corpus.info.audio_root).absolute()),
            folder=str(self.target.folder),
            settings=self.settings,
        )

    def _require_space(self, missing: list[int]) -> None:
        pcm, rows = int(self.plan.shard_pcm_bytes[missing].sum()), int(self.filled.rows[missing].sum())
        projected = projected_bytes(pcm, rows, self.config.codec)
        try:
            needed = round(projected * SPACE_MARGIN)
            self.target.require_space(needed, f"preparing {self._hours(missing):.3g} hours")
        except DiskFullError as error:
            raise DiskFullError(f"{error}; {self._what_fits(missing, projected)}") from None
        self._announce(missing, projected)

    def _what_fits(self, missing: list[int], projected: int) -> str:
        """What to do where the room is too small: fewer hours in the same proportion of bytes to seconds."""
        if self.facts:
            return "free that much and run the same command again, what is finished is kept"
        reckoned = self._hours(missing) * 3600 * SelectConfig().bytes_per_s
        fits = int((self.target.free_bytes() or 0) / SPACE_MARGIN**2 * reckoned / projected)
        return (
            f"make a corpus that fits with govor select {quote(str(self.corpus.folder))} --out SMALLER "
            f"--max-bytes {fits}, or choose another --out"
        )

    def _announce(self, missing: list[int], projected: int) -> None:
        free = self.target.free_bytes()
        room = "" if free is None else f"; {readable_bytes(free)} are free"
        say(
            f"{self._hours(missing):.3g} hours to prepare: about {readable_bytes(projected)} as "
            f"{self.config.codec} in {count_of(len(missing), 'shard')}{room}"
        )

    def finish(self) -> Totals:
        """Removes what the plan does not know and writes the index."""
        sizes = {name: self.target.size(f"{DATA}/{name}") for name in self.plan.names}
        total = totals(self.plan, self.facts, sizes, self.settings)
        if self.written or self.target.read(INDEX) is None:
            for name in set(self.target.names(DATA)) - set(self.plan.names):
                self.target.remove(f"{DATA}/{name}")
            extra = {
                "sample_rate": self.settings.sample_rate,
                "codec": self.settings.codec,
                "settings": self.settings.as_dict(),
                "corpus": self.corpus.info.fingerprint,
                "languages": _languages(self.corpus),
            }
            write_index(self.target, total, self.plan, self.facts, extra)
        return total


def run_here(
    job: Job, tasks: Iterator[Task], make_supervisor: Callable[[Callable[[], bool]], Supervisor]
) -> Iterator[Event]:
    """The local engine for `job`."""
    workers = job.config.workers or available_cores()
    return run_local(tasks, workers, make_supervisor, job.arrived)


def available_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _refuse_foreign(target: Target) -> None:
    if any(name.endswith(".parquet") for name in target.names(DATA)):
        raise DatasetError(f"{target.name} holds a data set that govor does not know: choose another --out")


def _planned(
    corpus: Corpus, target: Target, config: PrepareConfig, stored: Stored | None, update: bool
) -> Plan:
    if stored is None:
        return plan(corpus, config.sample_rate, config.shard_bytes)
    if stored.corpus == corpus.info.fingerprint:
        return stored_plan(target, stored)
    if not update:
        raise DatasetError(
            f"{target.name} was prepared from another corpus than {corpus.folder}, or from this one before "
            "it changed: add --update to rewrite only the shards concerned, or choose another --out"
        )
    return plan(corpus, config.sample_rate, previous=stored_plan(target, stored))


def _settle_names(target: Target, planned: Plan) -> None:
    """Gives shards of an earlier plan the names they have now (the number of shards is part of them)."""
    present = set(target.names(DATA))
    by_stem = {name.partition("-of-")[0]: name for name in sorted(present)}
    for name in planned.names:
        old = by_stem.get(name.partition("-of-")[0])
        if name not in present and old:
            target.rename(old, name)


def _languages(corpus: Corpus) -> list[str]:
    import polars as pl

    found = corpus.scan().select(pl.col("language").unique()).collect(engine="streaming")
    return sorted(tag for tag in found["language"] if tag)


def _no_rows(corpus: Corpus) -> pa.Table:
    schema = pq.read_schema(corpus.table).append(pa.field("_shard", pa.int32()))
    return plain_columns(schema.empty_table())
