"""``govor merge``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any

import typer

from govor.config import MergeConfig
from govor.console import emit
from govor.errors import UsageError
from govor.store import readable_hours


def command(
    corpora: list[Path] = typer.Argument(..., metavar="CORPUS…", help="Corpus folders, two or more."),
    out: Path = typer.Option(..., "--out", help="Folder of the new corpus."),
    speakers: str | None = typer.Option(
        None, "--speakers", help="Speakers of the same name in several corpora: same (one person) or apart."
    ),
    license: list[str] = typer.Option(
        [], "--license", metavar="NAME=LICENCE", help="Licence of a corpus's rows that name none; repeatable."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Makes one corpus of several; the old ones stay. A corpus is called as its folder is.

    The column corpus says where a row comes from; languages, splits and licences stay with the rows. Ids and
    recordings of the same name are kept apart; the same file in two corpora is one recording.

    Example: govor merge corpora/cv corpora/parliament --out corpora/both --speakers apart
    """
    from govor.curate import merge_corpora
    from govor.curate.merge import named_apart

    if speakers not in (None, "same", "apart"):
        raise UsageError(f"--speakers {speakers}: write same or apart")
    config = MergeConfig(speakers, _pairs(license))
    summary = merge_corpora(named_apart(corpora), out, config)
    emit(summary, as_json, _lines(summary))


def _pairs(values: list[str]) -> dict[str, str]:
    pairs = {}
    for value in values:
        name, equals, licence = value.partition("=")
        if not equals or not name.strip() or not licence.strip():
            raise UsageError(f"--license {value}: write NAME=LICENCE, such as cv=cc0-1.0")
        pairs[name.strip()] = licence.strip()
    return pairs


def _lines(summary: Mapping[str, Any]) -> list[str]:
    parts = ", ".join(f"{name} {count:,}" for name, count in summary["corpora"].items())
    splits = ", ".join(f"{name} {count:,}" for name, count in summary["splits"].items())
    return [
        f"{summary['kept']:,} utterances ({parts}), {readable_hours(summary['hours'])} ({splits})",
        f"corpus: {summary['out']}",
        f"next: govor check {quote(summary['out'])}",
    ]
