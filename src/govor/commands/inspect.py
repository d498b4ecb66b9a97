"""``govor inspect``."""

from __future__ import annotations

from pathlib import Path

import typer

from govor.commands.flags import AsJson, Device
from govor.console import emit


def command(
    place: str = typer.Argument(..., help="Audio file, corpus folder, or data set (folder or URL)."),
    name: str | None = typer.Argument(None, metavar="ID", help="Id of the utterance."),
    model: str | None = typer.Option(None, "--model", help="Model (folder, run or Hub id) to show it to."),
    out: Path = typer.Option(Path("inspection"), "--out", help="Folder for the page."),
    language: str | None = typer.Option(
        None, "--language", help="BCP 47 language tag, if the data have none."
    ),
    start: float | None = typer.Option(None, "--start", help="Seconds into an audio file."),
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Shows one utterance, or any recording, at every stage: sound, log-mel, text, tokens, output of a model.

    Example: govor inspect work/dataset utt-0042 --model work/run

    Example: govor inspect my-recording.m4a --model work/run
    """
    from govor.inspection import find_subject, inspect_utterance
    from govor.inspection.show import lines, summary_of, write_page

    subject = find_subject(place, name, start=start)
    recogniser = None
    if model is not None:
        from govor.models import open_model

        recogniser = open_model(model, device=device)
    shown = inspect_utterance(subject, recogniser, language)
    page = write_page(shown, out)
    emit(summary_of(shown, page), as_json, lines(shown, page))
