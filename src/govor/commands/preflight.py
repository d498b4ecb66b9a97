"""``govor preflight``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import typer

from govor.config import PreflightConfig, Workspace, load_recipe
from govor.console import emit
from govor.errors import LimitError


def command(
    recipe: Path = typer.Argument(..., help="Recipe (TOML) of the run."),
    accept: list[str] = typer.Option([], "--accept", help="Code of an error to let through; repeatable."),
    quota_disk: int | None = typer.Option(None, "--quota-disk", help="Bytes that the run may use."),
    quota_hours: float | None = typer.Option(None, "--quota-hours", help="Hours that the run may take."),
    minutes: float | None = typer.Option(None, "--minutes", help="Time budget of preflight itself."),
    out: Path | None = typer.Option(None, "--out", help="Folder (default: preflight/ in the run's folder)."),
    overrides: list[str] = typer.Option([], "--set", help="section.key=value, overrides the recipe."),
    device: str = typer.Option("auto", "--device", help="auto, cpu or cuda:N."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Checks data and model together, in minutes, before anything long.

    Errors end with status 3; --accept lets one through and records it.

    Example: govor preflight swedish.toml --quota-hours 8 --accept leak_sentence
    """
    from govor.preflight import preflight
    from govor.preflight.report import terminal_lines

    settings = load_recipe(recipe, overrides)
    settings = dataclasses.replace(
        settings, preflight=_with_flags(settings.preflight, accept, quota_disk, quota_hours, minutes)
    )
    where = out or Workspace.of(settings).run / "preflight"
    try:
        summary = preflight(settings, out=where, device=device)
    except LimitError as error:
        if not as_json:
            emit(error.summary, False, terminal_lines(error.summary))
        raise
    emit(summary, as_json, terminal_lines(summary))


def _with_flags(
    config: PreflightConfig,
    accept: list[str],
    quota_disk: int | None,
    quota_hours: float | None,
    minutes: float | None,
) -> PreflightConfig:
    given = {"quota_disk": quota_disk, "quota_hours": quota_hours, "minutes": minutes}
    changes = {key: value for key, value in given.items() if value is not None}
    return dataclasses.replace(config, accept=(*config.accept, *accept), **changes)  # type: ignore[arg-type]
