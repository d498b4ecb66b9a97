"""One setting of a recipe: default, unit and meaning, written once."""

from __future__ import annotations

import dataclasses
from typing import Any


def setting(default: Any, help: str, *, unit: str = "", choices: tuple[str, ...] = ()) -> Any:
    """A dataclass field that documents itself.

    Args:
        default: the only place where the default is written.
        help: one line for people.
        unit: unit of a number, such as ``s`` or ``bytes``.
        choices: the words allowed, where the setting is one of a few.
    """
    metadata = {"help": help, "unit": unit, "choices": choices}
    if isinstance(default, (dict, list)):
        made = default
        return dataclasses.field(default_factory=lambda: type(made)(made), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)
