"""``govor status``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govor.commands.flags import AsJson
from govor.console import emit


def command(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    json: AsJson = False,
) -> None:
    """How far a training run is: steps, WER so far, checkpoints, the last samples.

    Example: govor status swedish/run
    """
    from govor.train.status import status, status_lines

    found = status(run)
    emit(found, json, status_lines(found))
