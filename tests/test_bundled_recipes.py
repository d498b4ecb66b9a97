"""Every recipe that travels with the package is valid, and opens with its exact command."""

from pathlib import Path

import pytest

from govor.config import load_recipe
from govor.demo.script import plan_recordings
from govor.demo.showcase import recipe_text

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").rglob("*.toml"))


def test_there_are_recipes():
    assert len(RECIPES) >= 2


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_is_valid_and_says_how_to_run_it(path):
    recipe = load_recipe(path)
    assert recipe.corpus.source and recipe.model.base
    assert path.read_text().startswith(f"# govor run {path.name}\n")


def test_the_demos_recipe_is_valid(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_text(plan_recordings()))
    recipe = load_recipe(path)
    assert recipe.transcribe.files[0].startswith(str(tmp_path / "recordings"))
