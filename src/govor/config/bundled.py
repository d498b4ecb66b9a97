"""The recipes that travel with the package."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from govor.errors import InputError
from govor.store import write_bytes

PACKAGE = Path(__file__).parents[1]
PLACES = (PACKAGE / "recipes", PACKAGE.parents[1] / "recipes")
"""In a wheel, and in a checkout."""


@dataclass(frozen=True)
class BundledRecipe:
    """One recipe.

    Attributes:
        name: as ``govor recipes NAME`` takes it.
        purpose: its own first sentence.
        path: the file in the package.
    """

    name: str
    purpose: str
    path: Path


def bundled_recipes() -> list[BundledRecipe]:
    """All of them, by name."""
    folder = next((place for place in PLACES if place.is_dir()), PLACES[0])
    return [BundledRecipe(path.stem, _purpose(path), path) for path in sorted(folder.glob("*.toml"))]


def _purpose(path: Path) -> str:
    """The first sentence of the comment under the recipe's command."""
    lines = [line.lstrip("# ").strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return next((line for line in lines[1:] if line), "")


def copy_recipe(name: str, out: Path | None = None) -> Path:
    """Writes a recipe to begin with; a file that is there already stays.

    Args:
        name: of the recipe.
        out: where to; ``NAME.toml`` here unless given.

    Raises:
        InputError: there is no such recipe, or the file exists.
    """
    recipes = {recipe.name: recipe for recipe in bundled_recipes()}
    wanted = name.removesuffix(".toml")
    if wanted not in recipes:
        near = difflib.get_close_matches(wanted, recipes, n=1, cutoff=0.3)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(recipes)}"
        raise InputError(f"there is no recipe {name}; {hint}")
    target = out or Path(f"{wanted}.toml")
    if target.exists():
        raise InputError(f"{target} exists already: name another file with --out")
    write_bytes(target, recipes[wanted].path.read_bytes())
    return target
