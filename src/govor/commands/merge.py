"""``govor merge``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Flag, Overrides, flags, pairs
from govor.config import MergeConfig
from govor.console import emit
from govor.store import readable_hours

if TYPE_CHECKING:
    from govor.curate.merge import MergeSummary


def command(
    corpora: Annotated[list[Path], typer.Argument(metavar="CORPUS…", help="Corpus folders, two or more.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the new corpus.")],
    given: Annotated[
        Overrides[MergeConfig],
        flags(
            MergeConfig,
            "speakers",
            licenses=Flag(
                "--license",
                metavar="NAME=LICENCE",
                type=list[str] | None,
                read=lambda typed: pairs(typed, "--license", "NAME=LICENCE, such as cv=cc0-1.0"),
                help="licence of a corpus's rows without one",
            ),
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Makes one corpus of several; the old ones stay. A corpus has the name of its folder.

    The column corpus says where a row comes from; languages, splits and licences stay with the rows. Ids and
    recordings of the same name are kept apart; the same file in two corpora is one recording.

    Example: govor merge corpora/cv corpora/parliament --out corpora/both --speakers apart
    """
    from govor.curate import merge_corpora
    from govor.curate.merge import named_apart

    config = given.settings()
    summary = merge_corpora(named_apart(corpora), out, config)
    emit(summary, as_json, _lines(summary))


def _lines(summary: MergeSummary) -> list[str]:
    parts = ", ".join(f"{name} {count:,}" for name, count in summary.corpora.items())
    splits = ", ".join(f"{name} {count:,}" for name, count in summary.splits.items())
    return [
        f"{summary.kept:,} utterances ({parts}), {readable_hours(summary.hours)} ({splits})",
        f"corpus: {summary.out}",
        f"next: govor check {quote(summary.out)}",
    ]
