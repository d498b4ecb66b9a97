"""``govor move``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from govor.commands.flags import AsJson
from govor.console import emit_made

if TYPE_CHECKING:
    from govor.curate.move import MoveSummary


def command(
    corpus: Path = typer.Argument(..., help="Corpus folder, changed in its place."),
    audio_root: Path = typer.Option(..., "--audio-root", help="Folder where the recordings are now."),
    as_json: AsJson = False,
) -> None:
    """Points a corpus at recordings that were moved; utterances, verdicts, splits and ids stay.

    Ends with status 1 if none of them is found there (it changes nothing), with 3 if some are not.

    Example: govor move corpora/mine --audio-root /data/recordings
    """
    from govor.curate import move_corpus

    emit_made(lambda: move_corpus(corpus, audio_root), as_json, _lines)


def _lines(summary: MoveSummary) -> list[str]:
    return [f"{summary.found:,} of {summary.recordings:,} recordings found: {summary.out}"]
