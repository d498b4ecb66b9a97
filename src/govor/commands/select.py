"""``govor select``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from shlex import quote
from typing import Any

import typer

from govor.config import SelectConfig
from govor.console import emit
from govor.store import readable_hours

_HELP = {field.name: field.metadata["help"] for field in fields(SelectConfig)}


def _option(name: str, flag: str | None = None) -> Any:
    return typer.Option(None, flag or f"--{name.replace('_', '-')}", help=_HELP[name])


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder."),
    out: Path = typer.Option(..., "--out", help="Folder of the new corpus."),
    min_similarity: float | None = _option("min_similarity"),
    max_similarity: float | None = _option("max_similarity"),
    similarity_to: str | None = _option("similarity_to"),
    similarity_of: str | None = _option("similarity_of"),
    compare: str | None = _option("compare"),
    min_duration: float | None = _option("min_duration"),
    max_duration: float | None = _option("max_duration"),
    split_at_words: bool = typer.Option(False, "--split-at-words", help=_HELP["split_at_words"]),
    hours: float | None = _option("hours"),
    max_bytes: int | None = _option("max_bytes"),
    dev: int | None = _option("dev"),
    test: int | None = _option("test"),
    hold_out: str | None = typer.Option(None, "--hold-out", metavar="SPEAKER,…", help=_HELP["hold_out"]),
    seed: int | None = _option("seed"),
    group_by: str | None = typer.Option(None, "--group-by", metavar="KEY,…", help=_HELP["group_by"]),
    max_leak_loss: float | None = _option("max_leak_loss"),
    count_tolerance: float | None = _option("count_tolerance"),
    resplit: bool = typer.Option(False, "--resplit", help="Forget the splits that the corpus came with."),
    keep_splits: str | None = typer.Option(
        None, "--keep-splits", metavar="CORPUS", help=_HELP["keep_splits"]
    ),
    exclude: list[str] = typer.Option(
        [], "--exclude", metavar="FILE", help=_HELP["exclude"] + "; repeatable"
    ),
    codes: str | None = typer.Option(None, "--codes", metavar="CODE,…", help=_HELP["codes"]),
    exclude_sampled: bool = typer.Option(False, "--exclude-sampled", help=_HELP["exclude_sampled"]),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Filters, budgets and leak-free, seeded splits; makes a new corpus, the old one stays.

    Nothing is written where splits cannot be free of leaks (status 3), or where groups do not add up to the
    numbers asked for (status 1): it says which numbers can be met, and what weaker groupings would cost.

    Example: govor select corpus --out selected --min-similarity 0.8 --max-duration 20 --dev 500 --test 500

    Example: govor select corpus --out clean --exclude check/findings.parquet --codes silent_audio,overlap
    """
    from govor.curate import select_corpus

    given = {
        "min_similarity": min_similarity,
        "max_similarity": max_similarity,
        "similarity_to": similarity_to,
        "similarity_of": similarity_of,
        "compare": compare,
        "min_duration": min_duration,
        "max_duration": max_duration,
        "split_at_words": split_at_words or None,
        "hours": hours,
        "max_bytes": max_bytes,
        "dev": dev,
        "test": test,
        "hold_out": _words(hold_out),
        "seed": seed,
        "group_by": _words(group_by),
        "max_leak_loss": max_leak_loss,
        "count_tolerance": count_tolerance,
        "official_splits": False if resplit else None,
        "keep_splits": keep_splits,
        "exclude": tuple(exclude) or None,
        "codes": _words(codes),
        "exclude_sampled": exclude_sampled or None,
    }
    summary = select_corpus(corpus, out, _config(given))
    emit(summary, as_json, _lines(summary))


def _words(listed: str | None) -> tuple[str, ...] | None:
    return None if listed is None else tuple(word.strip() for word in listed.split(",") if word.strip())


def _config(given: dict[str, Any]) -> SelectConfig:
    """The settings as a recipe would read them, so that the same faults get the same messages."""
    from govor.config import recipe_from
    from govor.errors import RecipeError, UsageError

    try:
        values = {name: value for name, value in given.items() if value is not None}
        return recipe_from({"select": values}, where="govor select").select
    except RecipeError as error:
        raise UsageError(str(error)) from error


def _lines(summary: Mapping[str, Any]) -> list[str]:
    splits = ", ".join(f"{name} {count:,}" for name, count in summary["splits"].items())
    length = readable_hours(summary["hours"])
    lines = [
        f"kept {summary['kept']:,} of {summary['read']:,} utterances, {length} ({splits})",
        *(f"  set aside: {reason} {count:,}" for reason, count in summary["reasons"].items()),
    ]
    if summary["cut"]["utterances"]:
        lines.append(
            f"  cut: {summary['cut']['utterances']:,} utterances into {summary['cut']['pieces']:,} pieces"
        )
    return [*lines, f"corpus: {summary['out']}", f"next: govor prepare {quote(summary['out'])} --out dataset"]
