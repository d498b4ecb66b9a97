"""The space: what it may hold, and how values get into a recipe."""

from __future__ import annotations

from typing import Any

import pytest

from govor.config import Recipe, TuneConfig, recipe_from
from govor.errors import RecipeError
from govor.tune.space import grid_size, is_grid, read_space, require_fitting, space_of, with_values


def test_ranges_lists_and_nested_tables() -> None:
    space = {
        "train.lr": {"low": 1e-5, "high": 1e-3, "log": True},
        "train": {"accumulate": [1, 2], "augment": {"time_masks": {"low": 0, "high": 4}}},
    }
    found = {parameter.name: parameter for parameter in read_space(TuneConfig(space=space))}
    assert found["train.lr"].log and not found["train.lr"].whole
    assert found["train.accumulate"].values == (1, 2)
    assert found["train.augment.time_masks"].whole
    assert not is_grid(list(found.values()))


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({}, "space is empty"),
        ({"train.learning_rate": [1.0]}, "did you mean"),
        ({"corpus.source": ["a"]}, "is not a setting"),
        ({"train.lr": []}, "empty list"),
        ({"train.lr": {"low": 1.0, "high": 0.1}}, "not a range"),
        ({"train.lr": {"low": 0.0, "high": 0.1, "log": True}}, "not a range for log"),
        ({"train.lr": 3}, "write a list"),
        ({"train.lr": {"low": "a", "high": 1}}, "finite numbers"),
        ({"train.lr": {"low": 1e-4, "high": float("inf")}}, "finite numbers"),
        ({"train.lr": {"low": 1e-4, "high": 1e-2, "log": True, "step": 1e-4}}, "not with log"),
        ({"train.max_batch": {"low": 1, "high": 4, "step": 0.5}}, "a whole number above 0"),
    ],
)
def test_what_is_refused(space: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        read_space(TuneConfig(space=space))


def test_values_reach_the_recipe() -> None:
    recipe = with_values(Recipe(), {"train.lr": 0.01, "train.augment.speed": [0.9, 1.1]}, out="x")
    assert recipe.train.lr == 0.01 and recipe.train.augment.speed == (0.9, 1.1) and recipe.train.out == "x"
    with pytest.raises(RecipeError, match="must be a"):
        with_values(Recipe(), {"train.lr": "fast"})


@pytest.mark.parametrize(
    "space", [{"train.lr": [0.1, "fast"]}, {"train.lr": {"low": -1.0, "high": 0.1}}, {"train.epochs": [1, 0]}]
)
def test_what_a_later_trial_could_not_run_with_is_refused_at_once(space: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=r"\[tune\]"):
        require_fitting(Recipe(), read_space(TuneConfig(space=space)))


def test_a_grid_has_every_combination() -> None:
    space = read_space(TuneConfig(space={"train.hours": [1, 5, 20], "train.seed": [0, 1]}))
    assert is_grid(space) and grid_size(space) == 6


def test_without_a_space_the_learning_rate_is_searched_around_the_usual_one() -> None:
    recipe = recipe_from({"model": {"from_scratch": {"hidden_size": 64, "num_attention_heads": 2}}})
    (found,) = space_of(recipe, 600.0)
    assert (found.name, found.low, found.high, found.log) == ("train.lr", 5e-4, 8e-3, True)
    named = recipe_from({"tune": {"space": {"train.seed": [0, 1]}}})
    assert [parameter.name for parameter in space_of(named, 0.0)] == ["train.seed"]
