"""What comes last: rejected.parquet, the card, and dataset.json, whose presence means that all is there."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

import polars as pl

from govor.corpora.folder import REJECTED_SCHEMA
from govor.prepare.card_header import dataset_header, header_text
from govor.prepare.planner import Plan
from govor.prepare.schema import ShardFacts
from govor.prepare.settings import Settings
from govor.prepare.target import DATA, Target, write_json
from govor.store import fingerprint

INDEX = "dataset.json"


@dataclass(frozen=True)
class SplitTotals:
    """Sums over the shards of a split.

    Attributes:
        utterances: clips.
        hours: of them.
        shards: files.
    """

    utterances: int = 0
    hours: float = 0.0
    shards: int = 0

    def with_shard(self, rows: int, seconds: float) -> SplitTotals:
        """The sums with one more shard."""
        return SplitTotals(self.utterances + rows, self.hours + seconds / 3600, self.shards + 1)


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
    splits: Mapping[str, SplitTotals]
    reasons: Mapping[str, int]
    fingerprint: str


def totals(
    plan: Plan, facts: Mapping[str, ShardFacts], sizes: Mapping[str, int], settings: Settings
) -> Totals:
    """Adds up the shards of a finished plan."""
    splits: dict[str, SplitTotals] = {}
    reasons: dict[str, int] = {}
    for name, split in zip(plan.names, plan.shard_split, strict=True):
        mine = splits.get(plan.splits[split], SplitTotals())
        seconds = facts[name].samples / settings.sample_rate
        splits[plan.splits[split]] = mine.with_shard(facts[name].rows, seconds)
        for _, reason, _ in facts[name].rejected:
            reasons[reason] = reasons.get(reason, 0) + 1
    kept = sum(facts[name].rows for name in plan.names)
    return Totals(
        read=sum(facts[name].read for name in plan.names),
        kept=kept,
        rejected=sum(reasons.values()),
        hours=sum(split.hours for split in splits.values()),
        bytes=sum(sizes[name] for name in plan.names),
        splits=splits,
        reasons=dict(sorted(reasons.items())),
        fingerprint=fingerprint(
            [settings.as_dict(), [[name, facts[name].key, facts[name].content] for name in plan.names]]
        ),
    )


def write_index(
    target: Target,
    total: Totals,
    plan: Plan,
    facts: Mapping[str, ShardFacts],
    extra: Mapping[str, object],
    languages: Iterable[str],
) -> None:
    """Writes rejected.parquet, README.md and, last, dataset.json."""
    target.write("rejected.parquet", _rejections(facts[name] for name in plan.names))
    target.write("README.md", card(total, languages).encode())
    write_json(
        target,
        INDEX,
        {
            "fingerprint": total.fingerprint,
            "splits": {name: asdict(split) for name, split in total.splits.items()},
            "read": total.read,
            "kept": total.kept,
            "rejected": total.rejected,
            "reasons": total.reasons,
            "hours": total.hours,
            "bytes": total.bytes,
            "shards": [f"{DATA}/{name}" for name in plan.names],
            **extra,
            "languages": list(languages),
        },
    )


def _rejections(shards: Iterable[ShardFacts]) -> bytes:
    rows = [(name, "prepare", reason, detail) for shard in shards for name, reason, detail in shard.rejected]
    sink = io.BytesIO()
    pl.DataFrame(rows, schema=REJECTED_SCHEMA, orient="row").write_parquet(sink)
    return sink.getvalue()


def card(total: Totals, languages: Iterable[str]) -> str:
    """The data-set card: a header that the Hub reads, then what was measured."""
    splits = [split for split, sums in total.splits.items() if sums.utterances]
    header = dataset_header(splits, total.kept, languages, about=f"govor {total.fingerprint}")
    lines = [header_text(header).rstrip()]
    lines += ["", "# Speech data set", "", "| split | utterances | hours |", "|---|---:|---:|"]
    lines += [f"| {name} | {sums.utterances:,} | {sums.hours:.2f} |" for name, sums in total.splits.items()]
    lines += [
        "",
        f"{total.kept:,} of {total.read:,} utterances; the other {total.rejected:,} are listed, with "
        "reasons, in `rejected.parquet`. Settings and fingerprint: `dataset.json`. Prepared with govor.",
    ]
    return "\n".join(lines) + "\n"
