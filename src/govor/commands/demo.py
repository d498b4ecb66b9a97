"""``govor demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govor.commands.flags import AsJson, Device
from govor.console import emit


def command(
    dir: Annotated[Path, typer.Option("--dir", help="Where everything goes.")] = Path("govor-demo"),
    device: Device = "auto",
    json: AsJson = False,
) -> None:
    """Runs the whole path, offline, in a few minutes, on speech that it synthesises itself.

    Makes an hour of Croatian recordings with an alignment, then imports, checks, selects, prepares,
    preflights, trains a small CTC model from scratch, evaluates, and transcribes a held-out recording to
    subtitles. It leaves the recipe. You can kill it at any moment: the same command continues.

    Example: govor demo --dir govor-demo
    """
    from govor.demo.showcase import closing_lines, run_demo

    summary = run_demo(dir, device=device)
    emit(summary, json, closing_lines(summary))
