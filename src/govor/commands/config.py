"""``govor config``."""

from __future__ import annotations

from typing import Annotated

import typer

from govor.commands.flags import AsJson
from govor.console import emit


def command(
    pattern: Annotated[
        str | None,
        typer.Argument(help="A section, or a part of a key or its meaning; without it, all settings."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Every setting of a recipe: key, default, unit, meaning, and what a change of it changes.

    Example: govor config train
    """
    from govor.config.listing import listed_settings, matching, setting_lines

    found = matching(list(listed_settings()), pattern or "")
    emit({"settings": [row.as_dict() for row in found]}, json, setting_lines(found))
