"""``govor prepare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Overrides, flags
from govor.config import PrepareConfig
from govor.console import emit

if TYPE_CHECKING:
    from govor.prepare.run import PrepareSummary


def command(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder, from govor import or select.")],
    out: Annotated[
        str, typer.Option("--out", help="Folder of the data set, or a URL such as s3://bucket/name.")
    ],
    given: Annotated[
        Overrides[PrepareConfig],
        flags(
            PrepareConfig,
            *("workers", "engine", "address", "codec", "sample_rate", "max_rejected", "shard_bytes"),
        ),
    ],
    update: Annotated[
        bool, typer.Option("--update", help="The corpus changed: write only the changed shards again.")
    ] = False,
    retry_rejected: Annotated[
        bool, typer.Option("--retry-rejected", help="Try again what was set aside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Recordings to clips in Parquet shards; run again to continue.

    Example: govor prepare corpus --out dataset
    """
    from govor.prepare import prepare_corpus

    summary = prepare_corpus(corpus, out, given.settings(), update=update, retry_rejected=retry_rejected)
    emit(summary, as_json, _lines(summary, update))


def _lines(summary: PrepareSummary, update: bool) -> list[str]:
    from govor.findings import count_of
    from govor.store import readable_bytes, readable_seconds

    lines = [
        f"{summary.kept:,} of {summary.read:,} utterances, {summary.hours:.2f} hours, "
        f"{readable_bytes(summary.bytes)} in {count_of(summary.shards, 'shard')}: {summary.out}",
        f"{count_of(len(summary.written), 'shard')} written in {readable_seconds(summary.wall_s)}"
        if summary.written
        else "all shards were already there",
    ]
    if summary.rejected:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.reasons.items())
        lines.append(f"{summary.rejected:,} set aside ({reasons}): see rejected.parquet")
    if update:
        lines += [f"replaced since: {audio}" for audio in summary.replaced]
        lines += [f"rewritten: {name}" for name in summary.written]
    return lines
