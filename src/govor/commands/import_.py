"""``govor import``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from govor.commands.flags import AsJson, Flag, Overrides, flags, items, pairs
from govor.config import CorpusConfig
from govor.console import emit, emit_made
from govor.errors import UsageError
from govor.store import readable_hours

if TYPE_CHECKING:
    from govor.corpora.importing import ImportSummary


def command(
    source: Annotated[str, typer.Argument(help="Folder, file or Hub id.")],
    given: Annotated[
        Overrides[CorpusConfig],
        flags(
            CorpusConfig,
            *("format", "language", "audio_root", "text", "status", "speaker_from", "word_times", "quoting"),
            *("encoding", "max_rejected"),
            columns=Flag(
                type=list[str] | None,
                read=lambda typed: pairs(items(typed), "--columns", "ours=theirs, such as text=sentence"),
                help="our column = the source's: text=sentence,speaker=who; without a header 1=audio",
            ),
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The corpus folder to write (with --list: none).")
    ] = None,
    listing: Annotated[
        bool, typer.Option("--list", help="Show files, columns, tiers and five rows; write nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read a corpus in any of the usual formats; the audio stays where it is.

    Example: govor import cv-corpus-17.0/cy --out corpora/cy

    Example: govor import recordings.csv --out corpora/mine --columns text=sentence --language hr

    Example: govor import interviews --list
    """
    config = dataclasses.replace(given.settings(), source=source)
    if listing:
        _list(config, as_json)
    elif out is None:
        raise UsageError("name the corpus folder to write with --out, or look at the source with --list")
    else:
        _import(config, out, as_json)


def _list(config: CorpusConfig, as_json: bool) -> None:
    from govor.corpora.listing import list_source, listing_lines

    summary = list_source(config)
    emit(summary, as_json, listing_lines(summary))


def _import(config: CorpusConfig, out: Path, as_json: bool) -> None:
    from govor.corpora import import_corpus

    emit_made(lambda: import_corpus(config, out), as_json, _lines)


def _lines(summary: ImportSummary) -> list[str]:
    shown = {"none": "no split"}
    splits = ", ".join(f"{shown.get(name, name)} {count:,}" for name, count in summary.splits.items())
    length = readable_hours(summary.hours)
    lines = [
        f"{summary.kept:,} of {summary.read:,} utterances kept, {length} ({splits})",
        *[f"  {count:,} set aside: {reason}" for reason, count in summary.reasons.items()],
    ]
    if summary.repaired:
        names = "file name" if summary.repaired == 1 else "file names"
        lines.append(f"  {summary.repaired:,} {names} repaired, listed in {summary.out}/corpus.json")
    return [*lines, f"next: govor check {quote(summary.out)}"]
