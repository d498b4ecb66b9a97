"""``govor select``."""

from __future__ import annotations

import operator
from dataclasses import fields
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Flag, Overrides, flags
from govor.config import SelectConfig
from govor.console import emit
from govor.store import readable_hours

if TYPE_CHECKING:
    from govor.curate.select import SelectSummary


def command(
    corpus: Annotated[Path, typer.Argument(help="Corpus folder.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new corpus.")],
    given: Annotated[
        Overrides[SelectConfig],
        flags(
            SelectConfig,
            *(field.name for field in fields(SelectConfig) if field.name != "bytes_per_s"),
            hold_out=Flag(metavar="SPEAKER,…"),
            group_by=Flag(metavar="KEY,…"),
            official_splits=Flag(
                "--resplit", help="forget the splits that the corpus came with", type=bool, read=operator.not_
            ),
            keep_splits=Flag(metavar="CORPUS"),
            exclude=Flag(metavar="FILE", commas=False),
            exclude_speakers=Flag(metavar="FILE", commas=False),
            exclude_recordings=Flag(metavar="FILE", commas=False),
            codes=Flag(metavar="CODE,…"),
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Makes a new corpus with filters, budgets and leak-free, seeded splits; the old one stays.

    Writes nothing if splits cannot be free of leaks (status 3), or if groups do not add up to the numbers
    asked for (status 1): it says which numbers are possible, and what weaker groupings would cost.

    Example: govor select corpus --out selected --min-similarity 0.8 --max-duration 20 --dev 500 --test 500

    Example: govor select corpus --out clean --exclude check/findings.parquet --codes silent_audio,overlap
    """
    from govor.curate import select_corpus

    summary = select_corpus(corpus, out, given.settings())
    emit(summary, as_json, _lines(summary))


def _lines(summary: SelectSummary) -> list[str]:
    splits = ", ".join(f"{name} {count:,}" for name, count in summary.splits.items())
    length = readable_hours(summary.hours)
    lines = [
        f"kept {summary.kept:,} of {summary.read:,} utterances, {length} ({splits})",
        *(f"  set aside: {reason} {count:,}" for reason, count in summary.reasons.items()),
    ]
    if summary.cut.utterances:
        lines.append(f"  cut: {summary.cut.utterances:,} utterances into {summary.cut.pieces:,} pieces")
    return [*lines, f"corpus: {summary.out}", f"next: govor prepare {quote(summary.out)} --out dataset"]
