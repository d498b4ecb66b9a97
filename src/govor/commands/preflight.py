"""``govor preflight``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from govor.commands.flags import AsJson, Device, Flag, Overrides, flags
from govor.config import PreflightConfig, Workspace, load_recipe
from govor.console import emit
from govor.errors import LimitError


def command(
    recipe: Annotated[Path, typer.Argument(help="Recipe (TOML) of the run.")],
    given: Annotated[
        Overrides[PreflightConfig],
        flags(
            PreflightConfig,
            *("quota_disk", "quota_hours", "minutes"),
            accept=Flag(metavar="CODE", help="code of an error to accept"),
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder (default: preflight/ in the run's folder).")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="CHECK", help="Run this check, or those that give this code, alone."),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, overrides the recipe.")
    ] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Checks data and model together, in minutes, before long training.

    Errors end with status 3; --accept accepts one and records it. --only runs what did not fit into
    --minutes. findings.parquet lists the utterances of every finding for govor select --exclude.

    Example: govor preflight swedish.toml --quota-hours 8 --accept leak_sentence
    """
    from govor.preflight import preflight
    from govor.preflight.report import terminal_lines
    from govor.preflight.summary import PreflightSummary

    settings = load_recipe(recipe, overrides or ())
    asked = given.over(settings.preflight)
    if "accept" in given.values:
        asked = dataclasses.replace(asked, accept=(*settings.preflight.accept, *asked.accept))
    settings = dataclasses.replace(settings, preflight=asked)
    where = out or Workspace.of(settings).run / ("preflight-only" if only else "preflight")
    try:
        summary = preflight(settings, out=where, device=device, only=only or ())
    except LimitError as error:
        if isinstance(error.summary, PreflightSummary) and not as_json:
            emit(error.summary, False, terminal_lines(error.summary))
        raise
    emit(summary, as_json, terminal_lines(summary))
