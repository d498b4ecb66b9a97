"""``govor recipes``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from govor.commands.flags import AsJson
from govor.console import emit


def command(
    name: Annotated[
        str | None, typer.Argument(help="The recipe to copy; without it they are listed.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write (default: NAME.toml here).")
    ] = None,
    json: AsJson = False,
) -> None:
    """List the bundled recipes, or copy one to begin with.

    Example: govor recipes whisper-small-common-voice-sv --out swedish.toml
    """
    from govor.config.bundled import bundled_recipes, copy_recipe

    if name is None:
        recipes = bundled_recipes()
        lines = [f"{recipe.name}\n    {recipe.purpose}" for recipe in recipes]
        emit({"recipes": {recipe.name: recipe.purpose for recipe in recipes}}, json, lines)
        return
    path = copy_recipe(name, out)
    lines = [f"{path} is yours to change; then: govor run {path} --dry-run"]
    emit({"recipe": path.stem if out is None else name, "out": str(path)}, json, lines)
