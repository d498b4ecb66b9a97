"""One preparation of one target: what is there, what is missing, and how that is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from govor.config import PrepareConfig
from govor.console import Progress, progress, say
from govor.corpora.easing import easings
from govor.corpora.folder import Corpus
from govor.errors import DatasetError
from govor.prepare.engines import LocalEngine, RayEngine
from govor.prepare.index import INDEX, Totals, totals, write_index
from govor.prepare.planner import Plan, plan
from govor.prepare.projection import require_room
from govor.prepare.provenance import adopt, find_replaced, forget_recordings, known_stems, shard_stem
from govor.prepare.rows import Contents, RowBuckets, contents
from govor.prepare.schema import SHARD_COLUMN, ShardFacts, dataset_schema, left_out, plain_columns
from govor.prepare.settings import Settings
from govor.prepare.state import StoredPlan, read_stored, refuse_other_settings, store_plan, stored_plan
from govor.prepare.target import DATA, Target
from govor.prepare.task import Beat, Engine, Event, Message, ShardDone, Task, shard_key
from govor.prepare.verdicts import Verdicts
from govor.prepare.withdrawn import note_withdrawn
from govor.shape import ShapeError, parsed
from govor.store import fingerprint


@dataclass
class Preparation:
    """One run on one target.

    Attributes:
        written: names of the shards that it wrote.
        replaced: recordings that were replaced under their names.
        peak_bytes: most memory of a worker.
    """

    corpus: Corpus
    target: Target
    config: PrepareConfig
    settings: Settings
    plan: Plan
    filled: Contents
    verdicts: Verdicts
    base_keys: list[str]
    facts: dict[str, ShardFacts]
    written: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    peak_bytes: int = 0

    @classmethod
    def of(cls, corpus: Corpus, target: Target, config: PrepareConfig, update: bool) -> Preparation:
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
        _rename_shards(target, planned)
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
        self._match_provenance(set(missing))
        if not missing:
            return
        self._require_room(missing)
        self.target.remove(INDEX)
        pending = np.zeros(len(self.plan.names), bool)
        pending[missing] = True
        gathered = RowBuckets(self.target.scratch, self.corpus, self.plan, pending, self.filled)
        try:
            with progress("prepare", self._hours(missing), "h") as bar:
                self._follow(bar, self._engine().run(self._tasks(gathered, missing)))
        finally:
            gathered.close()

    def _match_provenance(self, missing: set[int]) -> None:
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
        kind = RayEngine if self.config.engine == "ray" else LocalEngine
        return kind(self.target, self.verdicts, self.config)

    def _follow(self, bar: Progress, events: Iterator[Event]) -> None:
        rejected = 0
        bar.note = "0 rejected"
        for event in events:
            match event:
                case Beat():
                    bar.advance(event.seconds / 3600)
                case Message():
                    say(event.text)
                case ShardDone():
                    self.facts[event.name] = event.facts
                    self.written.add(event.name)
                    self.peak_bytes = max(self.peak_bytes, event.peak_bytes)
                    rejected += len(event.facts.rejected)
                    bar.advance(0, f"{rejected:,} rejected")
        bar.complete()

    def _tasks(self, gathered: RowBuckets, missing: list[int]) -> Iterator[Task]:
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

    def _require_room(self, missing: list[int]) -> None:
        pcm, rows = int(self.plan.shard_pcm_bytes[missing].sum()), int(self.filled.rows[missing].sum())
        require_room(
            self.target, self.corpus.folder, self.config.codec, pcm, rows,
            hours=self._hours(missing), shards=len(missing), begun=bool(self.facts),
        )  # fmt: skip

    def finish(self) -> Totals:
        """Removes what the plan does not know and writes the index."""
        sizes = {name: self.target.size(f"{DATA}/{name}") for name in self.plan.names}
        total = totals(self.plan, self.facts, sizes, self.settings)
        if self.written or not self._is_indexed():
            for name in set(self.target.names(DATA)) - set(self.plan.names):
                self.target.remove(f"{DATA}/{name}")
            extra = {
                "sample_rate": self.settings.sample_rate,
                "codec": self.settings.codec,
                "settings": self.settings.as_dict(),
                "corpus": self.corpus.info.fingerprint,
                "easings": easings(self.corpus.info.notes),
            }
            write_index(self.target, total, self.plan, self.facts, extra, _languages(self.corpus))
        if gone := note_withdrawn(self.target, self.corpus):
            say(f"{gone:,} utterances were withdrawn from this data set so far: none of them is in it")
        return total

    def _is_indexed(self) -> bool:
        """Whether the index is of this corpus; a damaged one is written again.

        A shard that went whole leaves nothing else to write.
        """
        try:
            index = parsed(self.target.read(INDEX) or b"null")
        except ShapeError:
            return False
        return isinstance(index, dict) and index.get("corpus") == self.corpus.info.fingerprint


def _refuse_foreign(target: Target) -> None:
    if any(name.endswith(".parquet") for name in target.names(DATA)):
        raise DatasetError(f"{target.name} holds a data set that govor does not know: choose another --out")


def _planned(
    corpus: Corpus, target: Target, config: PrepareConfig, stored: StoredPlan | None, update: bool
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


def _rename_shards(target: Target, planned: Plan) -> None:
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
    schema = pq.read_schema(corpus.table).append(pa.field(SHARD_COLUMN, pa.int32()))
    return plain_columns(schema.empty_table())
