"""Settings are listed from their declarations, recipes are copied, names of other tools are understood."""

import subprocess
import sys

import pytest

from govor.config import Recipe, load_recipe
from govor.config.bundled import bundled_recipes, copy_recipe
from govor.config.listing import listed_settings, matching, setting_lines
from govor.config.recipe import all_keys, recipe_from
from govor.config.synonyms import SYNONYMS
from govor.errors import InputError, RecipeError


def test_every_setting_is_listed_with_a_meaning():
    rows = {row.key: row for row in listed_settings()}
    assert set(all_keys()) - set(rows) == {"train.augment"}  # a section of its own
    assert "train.augment.gain_db" in rows
    assert all(row.meaning for row in rows.values())
    assert (rows["train.batch_s"].default, rows["train.batch_s"].unit) == ("120.0", "s")


def test_defaults_are_written_as_a_recipe_holds_them():
    text = "\n".join(
        f"{row.key} = {row.default}" for row in listed_settings() if row.default and "." not in row.section
    )
    import tomllib

    assert recipe_from(tomllib.loads(text)) == Recipe()


def test_a_section_a_part_of_a_name_and_a_foreign_name_are_found():
    rows = list(listed_settings())
    assert {row.section for row in matching(rows, "train")} == {"train"}
    assert [row.key for row in matching(rows, "learning_rate")] == ["train.lr"]
    assert "prepare.sample_rate" in {row.key for row in matching(rows, "sample_rate")}
    assert matching(rows, "") == rows
    assert any("batch_s = 120.0 s" in line for line in setting_lines(matching(rows, "train")))
    with pytest.raises(InputError, match="govor config"):
        matching(rows, "zebra")


def test_foreign_names_lead_to_settings_that_exist():
    assert set(SYNONYMS.values()) <= set(all_keys())


@pytest.mark.parametrize("typed", ["train.learning_rate", "train.per_device_train_batch_size", "output_dir"])
def test_an_unknown_key_is_answered_by_its_meaning(typed):
    section, _, name = typed.rpartition(".")
    data = {section: {name: 1}} if section else {name: 1}
    with pytest.raises(RecipeError, match=f"did you mean {SYNONYMS[name]}"):
        recipe_from(data)


def test_a_recipe_is_copied_once(tmp_path):
    first = bundled_recipes()[0]
    path = copy_recipe(first.name, tmp_path / "mine.toml")
    assert path.read_bytes() == first.path.read_bytes() and load_recipe(path)
    with pytest.raises(InputError, match="exists already"):
        copy_recipe(first.name, path)
    with pytest.raises(InputError, match="there is no recipe whisper; did you mean"):
        copy_recipe("whisper")
    assert all(recipe.purpose for recipe in bundled_recipes())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("trian", "train"),
        ("finetune", "train"),
        ("fine-tune", "train"),
        ("evalute", "evaluate"),
        ("wer", "evaluate"),
        ("transcripe", "transcribe"),
        ("convert", "export"),
    ],
)
def test_a_command_that_does_not_exist_is_answered_by_its_meaning(typed, meant):
    ran = subprocess.run([sys.executable, "-m", "govor", typed], capture_output=True, text=True)
    assert ran.returncode == 2 and f"Did you mean govor {meant}?" in ran.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["train", "--learning-rate", "1"], "--set train.lr=…"),
        (["evaluate", "m", "d", "--num-beams", "5"], "--beam-size"),
        (["prepare", "c", "--output-dir", "d"], "--out"),
        (["transcribe", "m", "a.wav", "--langauge", "hr"], "--language"),
    ],
)
def test_an_option_that_does_not_exist_is_answered_by_its_meaning(typed, meant):
    ran = subprocess.run([sys.executable, "-m", "govor", *typed], capture_output=True, text=True)
    assert ran.returncode == 2 and "No such option" in ran.stderr and meant in ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_commands_and_flags(shell):
    import os

    def asked(words, place):
        instruction = {"_GOVOR_COMPLETE": f"complete_{shell}", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        instruction |= {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        script = "import sys; sys.argv = ['govor']; from govor.cli import main; main()"
        command = [sys.executable, "-c", script]
        return subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **instruction}
        ).stdout

    assert "transcribe" in asked("govor tr", 1) and "train" in asked("govor tr", 1)
    assert "--language" in asked("govor transcribe --lan", 2)
