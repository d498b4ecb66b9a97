"""``govor prepare``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from govor.config import PrepareConfig
from govor.console import emit

DEFAULTS = PrepareConfig()


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder, from govor import or select."),
    out: str = typer.Option(..., "--out", help="Folder of the data set, or a URL such as s3://bucket/name."),
    workers: int = typer.Option(DEFAULTS.workers, help="Worker processes; 0: one a core."),
    engine: str = typer.Option(DEFAULTS.engine, help="Who runs the tasks: local or ray."),
    address: str | None = typer.Option(DEFAULTS.address, help="Address of a Ray cluster."),
    codec: str = typer.Option(DEFAULTS.codec, help="How clips are encoded: flac, opus or wav."),
    sample_rate: int = typer.Option(DEFAULTS.sample_rate, help="Sample rate of the clips in Hz."),
    max_rejected: float = typer.Option(DEFAULTS.max_rejected, help="Largest share that may be set aside."),
    shard_bytes: int = typer.Option(DEFAULTS.shard_bytes, help="PCM bytes for a shard; 0: decided by size."),
    update: bool = typer.Option(False, "--update", help="The corpus changed: rewrite the shards concerned."),
    retry_rejected: bool = typer.Option(False, "--retry-rejected", help="Ask again what was set aside."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as one JSON object."),
) -> None:
    """Recordings to clips in Parquet shards; run again to continue.

    Example: govor prepare corpus --out dataset
    """
    from govor.prepare import prepare_corpus

    config = _config(
        workers=workers, engine=engine, address=address, codec=codec, sample_rate=sample_rate,
        max_rejected=max_rejected, shard_bytes=shard_bytes,
    )  # fmt: skip
    summary = prepare_corpus(corpus, out, config, update=update, retry_rejected=retry_rejected)
    emit(summary, as_json, _lines(summary, update))


def _config(**settings: Any) -> PrepareConfig:
    from govor.config import recipe_from

    return recipe_from({"prepare": settings}, where="govor prepare").prepare


def _lines(summary: Mapping[str, Any], update: bool) -> list[str]:
    from govor.findings import count_of
    from govor.store import readable_bytes, readable_seconds

    lines = [
        f"{summary['kept']:,} of {summary['read']:,} utterances, {summary['hours']:.2f} hours, "
        f"{readable_bytes(summary['bytes'])} in {count_of(summary['shards'], 'shard')}: {summary['out']}",
        f"{count_of(len(summary['written']), 'shard')} written in {readable_seconds(summary['wall_s'])}"
        if summary["written"]
        else "all shards were there already",
    ]
    if summary["rejected"]:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary["reasons"].items())
        lines.append(f"{summary['rejected']:,} set aside ({reasons}): see rejected.parquet")
    if update:
        lines += [f"replaced since: {audio}" for audio in summary["replaced"]]
        lines += [f"rewritten: {name}" for name in summary["written"]]
    return lines
