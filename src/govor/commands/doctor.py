"""``govor doctor``."""

from __future__ import annotations

from pathlib import Path

import typer

from govor.commands.flags import AsJson
from govor.console import emit


def command(
    place: Path = typer.Option(Path(), "--place", help="Folder whose disk would be used."),
    as_json: AsJson = False,
) -> None:
    """Tries what this machine can do: decoders, devices, disk, memory, versions.

    Ends with status 1 if the main job could not run; it shows what is missing, each with its remedy.

    Example: govor doctor
    """
    from govor.doctor import examine
    from govor.doctor.examine import lines

    summary = examine(place)
    emit(summary, as_json, lines(summary))
    if summary["errors"]:
        raise typer.Exit(1)
