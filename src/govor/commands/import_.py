"""``govor import``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

import typer

from govor.config import CorpusConfig
from govor.config.repeated import require_once
from govor.console import emit
from govor.errors import UsageError
from govor.store import readable_hours


def command(
    source: str = typer.Argument(..., help="Folder, file or Hub id."),
    out: Path = typer.Option(..., "--out", help="The corpus folder to write."),
    format: str = typer.Option("auto", "--format", help="The source's format; auto looks at it."),
    language: str | None = typer.Option(None, "--language", help="BCP 47 tag for rows that name none."),
    audio_root: str | None = typer.Option(
        None, "--audio-root", help="Folder that audio paths are relative to."
    ),
    columns: list[str] = typer.Option(
        [], "--columns", help="Our column = the source's: text=sentence,speaker=who."
    ),
    text: str | None = typer.Option(
        None, "--text", help="Which transcript becomes text, where there are several."
    ),
    status: list[str] = typer.Option([], "--status", help="Common Voice: validated, other, invalidated."),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as one JSON object."),
) -> None:
    """Read a corpus in any of the usual formats; the audio stays where it is.

    Example: govor import cv-corpus-17.0/cy --out corpora/cy

    Example: govor import recordings.csv --out corpora/mine --columns text=sentence --language hr
    """
    from govor.corpora import import_corpus

    config = CorpusConfig(
        source=source,
        format=format,
        language=language,
        audio_root=audio_root,
        columns=_pairs(columns),
        text=text,
        status=tuple(_items(status)),
    )
    summary = import_corpus(config, out)
    emit(summary, as_json, _lines(summary))


def _items(values: list[str]) -> list[str]:
    return [item.strip() for value in values for item in value.split(",") if item.strip()]


def _pairs(values: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    items = _items(values)
    require_once((item.partition("=")[0].strip() for item in items), "--columns")
    for item in items:
        ours, equals, theirs = item.partition("=")
        if not equals or not ours.strip() or not theirs.strip():
            raise UsageError(f"--columns {item}: write ours=theirs, such as text=sentence")
        pairs[ours.strip()] = theirs.strip()
    return pairs


def _lines(summary: dict[str, Any]) -> list[str]:
    shown = {"none": "no split"}
    splits = ", ".join(f"{shown.get(name, name)} {count:,}" for name, count in summary["splits"].items())
    length = readable_hours(summary["hours"])
    lines = [
        f"{summary['kept']:,} of {summary['read']:,} utterances kept, {length} ({splits})",
        *[f"  {count:,} set aside: {reason}" for reason, count in summary["reasons"].items()],
    ]
    if summary["repaired"]:
        names = "file name" if summary["repaired"] == 1 else "file names"
        lines.append(f"  {summary['repaired']:,} {names} repaired, listed in {summary['out']}/corpus.json")
    return [*lines, f"next: govor check {quote(summary['out'])}"]
