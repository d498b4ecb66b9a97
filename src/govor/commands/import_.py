"""``govor import``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

import typer

from govor.config import CorpusConfig
from govor.console import emit
from govor.errors import LimitError, UsageError
from govor.store import readable_hours


def command(
    source: str = typer.Argument(..., help="Folder, file or Hub id."),
    out: Path | None = typer.Option(None, "--out", help="The corpus folder to write (with --list: none)."),
    format: str = typer.Option("auto", "--format", help="The source's format; auto looks at it."),
    language: str | None = typer.Option(None, "--language", help="BCP 47 tag for rows that name none."),
    audio_root: str | None = typer.Option(
        None, "--audio-root", help="Folder that audio paths are relative to."
    ),
    columns: list[str] = typer.Option(
        [],
        "--columns",
        help="Our column = the source's: text=sentence,speaker=who; without a header 1=audio.",
    ),
    text: str | None = typer.Option(
        None, "--text", help="Which transcript or tier becomes text, where there are several."
    ),
    status: list[str] = typer.Option([], "--status", help="Common Voice: validated, other, invalidated."),
    speaker_from: str | None = typer.Option(
        None, "--speaker-from", help="Speaker where none is named: folder, name (of the file) or a column."
    ),
    word_times: str | None = typer.Option(
        None, "--word-times", help="What word times count from: absolute (recording) or relative (utterance)."
    ),
    quoting: str | None = typer.Option(
        None, "--quoting", help="Quotes of tables: csv takes them off, none leaves them."
    ),
    encoding: str | None = typer.Option(
        None, "--encoding", help="Encoding of the text files, such as cp1250; unset: UTF-8."
    ),
    max_rejected: float = typer.Option(
        CorpusConfig.max_rejected, "--max-rejected", help="Largest share of rows that may be set aside."
    ),
    listing: bool = typer.Option(
        False, "--list", help="Show files, columns, tiers and five rows; write nothing."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the summary as one JSON object."),
) -> None:
    """Read a corpus in any of the usual formats; the audio stays where it is.

    Example: govor import cv-corpus-17.0/cy --out corpora/cy

    Example: govor import recordings.csv --out corpora/mine --columns text=sentence --language hr

    Example: govor import interviews --list
    """
    config = _config(
        source=source, format=format, language=language, audio_root=audio_root, columns=_pairs(columns),
        text=text, status=tuple(_items(status)), speaker_from=speaker_from, word_times=word_times,
        quoting=quoting, encoding=encoding, max_rejected=max_rejected,
    )  # fmt: skip
    if listing:
        _list(config, as_json)
    elif out is None:
        raise UsageError("name the corpus folder to write with --out, or look at the source with --list")
    else:
        _import(config, out, as_json)


def _config(**settings: Any) -> CorpusConfig:
    try:
        return CorpusConfig(**settings)
    except ValueError as error:
        raise UsageError(f"{error}") from error


def _list(config: CorpusConfig, as_json: bool) -> None:
    from govor.corpora.listing import list_source, listing_lines

    summary = list_source(config)
    emit(summary, as_json, listing_lines(summary))


def _import(config: CorpusConfig, out: Path, as_json: bool) -> None:
    from govor.corpora import import_corpus

    try:
        summary = import_corpus(config, out)
    except LimitError as error:  # too much was set aside; the corpus is there and shown all the same
        if not as_json:
            emit(error.summary, False, _lines(error.summary))
        raise
    emit(summary, as_json, _lines(summary))


def _items(values: list[str]) -> list[str]:
    return [item.strip() for value in values for item in value.split(",") if item.strip()]


def _pairs(values: list[str]) -> dict[str, str]:
    pairs = {}
    for item in _items(values):
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
