"""``--accept``: errors of preflight that are let through, besides those that a recipe names."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from govor.config import Recipe


def accepting(recipe: Recipe, codes: Sequence[str]) -> Recipe:
    """`recipe` with further codes in ``[preflight] accept``."""
    if not codes:
        return recipe
    accept = tuple(dict.fromkeys((*recipe.preflight.accept, *codes)))
    return dataclasses.replace(recipe, preflight=dataclasses.replace(recipe.preflight, accept=accept))
