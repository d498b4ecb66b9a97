"""``govor move``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from govor.console import emit
from govor.errors import LimitError


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder, changed in its place."),
    audio_root: Path = typer.Option(..., "--audio-root", help="Folder where the recordings stand now."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Points a corpus at recordings that were moved; utterances, verdicts, splits and ids stay.

    Ends with status 1 where none of them is found there (nothing is changed), with 3 where some are not.

    Example: govor move corpora/mine --audio-root /data/recordings
    """
    from govor.curate import move_corpus

    try:
        summary = move_corpus(corpus, audio_root)
    except LimitError as error:
        if not as_json:
            emit(error.summary, False, _lines(error.summary))
        raise
    emit(summary, as_json, _lines(summary))


def _lines(summary: Mapping[str, Any]) -> list[str]:
    return [f"{summary['found']:,} of {summary['recordings']:,} recordings found: {summary['out']}"]
