"""Fault 8: saved and opened again in a fresh process, the model is another one, or none."""

from __future__ import annotations

import types

import pytest
from preflight_parts import edit_json, recipe_with, save_base

from govor.preflight.checks.keeping import saved_models_are_the_same

LORA = {"lora": {"r": 8, "targets": ["q_proj", "v_proj", "o_proj", "linear1", "linear2"]}}


def reloaded(made):
    return list(
        saved_models_are_the_same(
            made.family,
            made.practice_clips,
            made.saved_model,
            "cpu",
            made.scratch,
            made.budget,
            made.facts,
        )
    )


def saving_otherwise(family, damage):
    save = family.save

    def damaged(self, folder):
        save(folder)
        damage(self, folder)

    family.save = types.MethodType(damaged, family)


def lose_tokenizer(family, folder):
    for name in ("vocab.json", "tokenizer_config.json", "tokenizer.json"):
        (folder / name).unlink(missing_ok=True)


def lose_features(family, folder):
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").unlink()


def other_weights(family, folder):
    """Stores the weights as they were before training, as a lost adapter would."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    save_file({k: v * 0.5 for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})


def halve(family, folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    halved = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
    save_file(halved, folder / "model.safetensors", {"format": "pt"})
    edit_json(folder / "config.json", lambda d: d.update(dtype="float16"))


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        pytest.param(lose_tokenizer, {"reload_failed"}, id="no tokenizer", marks=pytest.mark.slow),
        pytest.param(lose_features, {"reload_failed"}, id="no feature extractor", marks=pytest.mark.slow),
        pytest.param(other_weights, {"reload_differs"}, id="adapter lost"),
    ],
)
def test_a_saved_model_that_is_not_the_same_is_found(materials_of, damage, code):
    made = materials_of()
    saving_otherwise(made.family, damage)
    found = reloaded(made)
    assert len(found) == 1 and found[0].code in code and found[0].severity == "error"


@pytest.mark.slow
def test_a_model_saved_in_half_precision_opens_in_float32_and_says_the_same(materials_of):
    made = materials_of()
    saving_otherwise(made.family, halve)
    assert not reloaded(made)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["from scratch", "fine-tuned", "adapter merged"])
def test_a_saved_model_that_is_the_same_gives_no_finding(tmp_path, materials_of, kind):
    recipe = recipe_with()
    if kind != "from scratch":
        base = save_base(tmp_path / "base", ["abcčćdđefghijklmnoprsštuvzž"])
        more = LORA if kind == "adapter merged" else {}
        recipe = recipe_with(model={"base": str(base), "from_scratch": {}, "vocabulary": "build", **more})
    made = materials_of(recipe)
    assert not reloaded(made)
    assert "WER 0.0000 before" in made.facts["save_and_reload"] or kind == "adapter merged"
