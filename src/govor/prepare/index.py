"""What comes last: rejected.parquet, the card, and dataset.json, whose presence means that all is there."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from govor.corpora.folder import REJECTED_SCHEMA
from govor.prepare.card_header import dataset_header, header_text
from govor.prepare.facts import ShardFacts
from govor.prepare.planner import Plan
from govor.prepare.settings import Settings
from govor.prepare.target import DATA, Target, write_json
from govor.store import fingerprint

INDEX = "dataset.json"


@dataclass(frozen=True)
class Totals:
    """Sums over all shards.

    Attributes:
        read: utterances.
        kept: clips.
        rejected: utterances set aside.
        hours: of clips.
        bytes: of the shards.
        splits: utterances, hours and shards by split.
        reasons: rejected by reason.
        fingerprint: of rows, settings, verdicts and what is heard in the clips.
    """

    read: int
    kept: int
    rejected: int
    hours: float
    bytes: int
    splits: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, int]
    fingerprint: str


def totals(
    plan: Plan, facts: Mapping[str, ShardFacts], sizes: Mapping[str, int], settings: Settings
) -> Totals:
    """Adds up the shards of a finished plan."""
    splits: dict[str, dict[str, Any]] = {}
    reasons: dict[str, int] = {}
    for name, split in zip(plan.names, plan.shard_split, strict=True):
        mine = splits.setdefault(plan.splits[split], {"utterances": 0, "hours": 0.0, "shards": 0})
        mine["utterances"] += facts[name].rows
        mine["hours"] += facts[name].samples / settings.sample_rate / 3600
        mine["shards"] += 1
        for _, reason, _ in facts[name].rejected:
            reasons[reason] = reasons.get(reason, 0) + 1
    kept = sum(facts[name].rows for name in plan.names)
    return Totals(
        read=sum(facts[name].read for name in plan.names),
        kept=kept,
        rejected=sum(reasons.values()),
        hours=sum(split["hours"] for split in splits.values()),
        bytes=sum(sizes[name] for name in plan.names),
        splits=splits,
        reasons=dict(sorted(reasons.items())),
        fingerprint=fingerprint(
            [settings.as_dict(), [[name, facts[name].key, facts[name].content] for name in plan.names]]
        ),
    )


def write_index(
    target: Target, total: Totals, plan: Plan, facts: Mapping[str, ShardFacts], extra: Mapping[str, Any]
) -> None:
    """Writes rejected.parquet, README.md and, last, dataset.json."""
    target.write("rejected.parquet", _rejected(facts[name] for name in plan.names))
    target.write("README.md", card(total, extra.get("languages", ())).encode())
    write_json(
        target,
        INDEX,
        {
            "fingerprint": total.fingerprint,
            "splits": total.splits,
            "read": total.read,
            "kept": total.kept,
            "rejected": total.rejected,
            "reasons": total.reasons,
            "hours": total.hours,
            "bytes": total.bytes,
            "shards": [f"{DATA}/{name}" for name in plan.names],
            **extra,
        },
    )


def _rejected(shards: Iterable[ShardFacts]) -> bytes:
    rows = [(name, "prepare", reason, detail) for shard in shards for name, reason, detail in shard.rejected]
    sink = io.BytesIO()
    pl.DataFrame(rows, schema=REJECTED_SCHEMA, orient="row").write_parquet(sink)
    return sink.getvalue()


def card(total: Totals, languages: Iterable[str]) -> str:
    """The data-set card: a header that the Hub reads, then what was measured."""
    splits = [split for split, facts in total.splits.items() if facts["utterances"]]
    header = dataset_header(splits, total.kept, languages, about=f"govor {total.fingerprint}")
    lines = [header_text(header).rstrip()]
    lines += ["", "# Speech data set", "", "| split | utterances | hours |", "|---|---:|---:|"]
    for split, facts in total.splits.items():
        lines.append(f"| {split} | {facts['utterances']:,} | {facts['hours']:.2f} |")
    lines += [
        "",
        f"{total.kept:,} of {total.read:,} utterances; the other {total.rejected:,} are listed, with ",
    ]
    lines[-1] += (
        "reasons, in `rejected.parquet`. Settings and fingerprint: `dataset.json`. Prepared with govor."
    )
    return "\n".join(lines) + "\n"
