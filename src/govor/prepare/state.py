"""What a target remembers of its plan, and the refusal to mix what does not belong together."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import polars as pl

from govor.errors import DatasetError
from govor.parquet import read_table
from govor.prepare.planner import Plan
from govor.prepare.settings import Settings
from govor.prepare.target import STATE, Target, damaged, read_record, write_json

PLAN = f"{STATE}/plan.json"
UNITS = f"{STATE}/units.parquet"
SPLIT_NAME = re.compile(r"[\w.]+")
INT32 = 2**31
AGAIN = "copy it again, or prepare again into another --out"
UNIT_COLUMNS = {"unit": pl.UInt64, "shard": pl.Int32}
VERSION_NAMES = {"format": "format of govor"}


class StoredSettings(TypedDict):
    """The settings that are read one by one; all of them are compared."""

    versions: dict[str, object]


@dataclass(frozen=True)
class PlanLayout:
    """What besides the units makes a `Plan`, and is called there as it is here."""

    splits: list[str]
    shard_split: list[int]
    shard_index: list[int]
    shard_pcm_bytes: list[int]
    task: list[int]
    shard_bytes: int
    block_s: float
    read: int
    seconds: float
    unsplit: bool

    def __post_init__(self) -> None:
        shards = len(self.shard_split)
        for name in ("shard_index", "shard_pcm_bytes", "task"):
            numbers = getattr(self, name)
            if len(numbers) != shards or any(number < 0 for number in numbers):
                raise ValueError(f"{name} holds something else than a number for each of {shards} shards")
        if any(not 0 <= split < len(self.splits) for split in self.shard_split):
            raise ValueError("shard_split names a split that does not exist")
        if any(not SPLIT_NAME.fullmatch(name) for name in self.splits):
            raise ValueError("a split has a name that no file can have")
        if max([*self.shard_index, *self.task], default=0) >= INT32:
            raise ValueError("shard_index or task is out of all bounds")


@dataclass(frozen=True)
class StoredPlan:
    """The plan that a target is being, or was, made by.

    Attributes:
        settings: as `Settings.as_dict`.
        corpus: fingerprint of the corpus.
        layout: what besides the units makes the plan.
    """

    settings: StoredSettings
    corpus: str
    layout: PlanLayout


def read_stored(target: Target) -> StoredPlan | None:
    """What the target remembers, or None for a new one."""
    return read_record(target, PLAN, StoredPlan)


def stored_plan(target: Target, stored: StoredPlan) -> Plan:
    """The plan itself, read back.

    Raises:
        DatasetError: its table is missing.
    """
    content = target.read(UNITS)
    if content is None:
        raise DatasetError(f"{target.name} lacks {UNITS}: choose another --out")
    name = f"{target.name}/{UNITS}"
    units = read_table(io.BytesIO(content), UNIT_COLUMNS, name, DatasetError, AGAIN)
    layout = stored.layout
    shards = units["shard"].to_numpy()
    if units.null_count().sum_horizontal().item() or not np.isin(shards, range(len(layout.task))).all():
        raise DatasetError(damaged(target, UNITS, "a unit has a shard that does not exist"))
    if layout.task and units.is_empty():
        raise DatasetError(damaged(target, UNITS, "it has no units"))
    return Plan(
        unit=units["unit"].to_numpy(),
        unit_shard=shards,
        splits=layout.splits,
        shard_split=np.array(layout.shard_split, np.int32),
        shard_index=np.array(layout.shard_index, np.int32),
        shard_pcm_bytes=np.array(layout.shard_pcm_bytes, np.int64),
        task=np.array(layout.task, np.int32),
        shard_bytes=layout.shard_bytes,
        block_s=layout.block_s,
        read=layout.read,
        seconds=layout.seconds,
        unsplit=layout.unsplit,
    )


def store_plan(target: Target, plan: Plan, settings: Settings, corpus: str) -> None:
    """Remembers a plan: the units first, then the file that says that they are there."""
    sink = io.BytesIO()
    pl.DataFrame({"unit": plan.unit, "shard": plan.unit_shard}).write_parquet(sink, compression="zstd")
    target.write(UNITS, sink.getvalue())
    layout = {
        "splits": plan.splits,
        "shard_split": plan.shard_split.tolist(),
        "shard_index": plan.shard_index.tolist(),
        "shard_pcm_bytes": plan.shard_pcm_bytes.tolist(),
        "task": plan.task.tolist(),
        "shard_bytes": plan.shard_bytes,
        "block_s": plan.block_s,
        "read": plan.read,
        "seconds": plan.seconds,
        "unsplit": plan.unsplit,
    }
    write_json(target, PLAN, {"settings": settings.as_dict(), "corpus": corpus, "layout": layout})


def refuse_other_settings(target: Target, stored: StoredPlan, settings: Settings) -> None:
    """Refuses to mix clips of different settings or library versions.

    Raises:
        DatasetError: names every setting that differs, with both values.
    """
    before, now = _flat(stored.settings), _flat(settings.as_dict())
    changed = [f"{key} {before.get(key)} (now {now.get(key)})" for key in sorted({*before, *now})
               if before.get(key) != now.get(key)]  # fmt: skip
    if changed:
        same_versions = dict(stored.settings["versions"]) == dict(settings.versions)
        way_out = "use the same settings, or " if same_versions else ""
        raise DatasetError(
            f"{target.name} was prepared with other settings: {', '.join(changed)}; govor does not mix them: "
            f"{way_out}choose another --out (what was prepared stays readable)"
        )


def _flat(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {key: value for key, value in settings.items() if key != "versions"}
    return {
        **rest,
        **{VERSION_NAMES.get(key, f"version of {key}"): value for key, value in settings["versions"].items()},
    }
