"""``--accept`` adds to what a recipe accepts, in `run`, `train` and `preflight` alike."""

import pytest

from govor.cli import load_command
from govor.commands.accepted import accepting
from govor.config.recipe import recipe_from


def test_codes_are_added_to_those_of_the_recipe_each_once():
    recipe = recipe_from({"name": "hr", "preflight": {"accept": ["no_dev_split"]}})
    accepted = accepting(recipe, ["leak_sentence", "no_dev_split"]).preflight.accept
    assert accepted == ("no_dev_split", "leak_sentence")
    assert accepting(recipe, []) is recipe


@pytest.mark.parametrize(
    ("name", "entry"), [("run", "govor.pipeline.run.run_recipe"), ("train", "govor.preflight.ensure")]
)
def test_the_command_that_the_message_names_takes_it(name, entry, monkeypatch, tmp_path):
    seen = []

    def stop(recipe, **more):
        seen.append(recipe.preflight.accept)
        raise KeyError("far enough")

    monkeypatch.setattr(entry, stop)
    path = tmp_path / "recipe.toml"
    path.write_text('name = "hr"\n[preflight]\naccept = ["no_dev_split"]\n')
    with pytest.raises(KeyError, match="far enough"):
        load_command(name).main([str(path), "--accept", "leak_sentence"], standalone_mode=False)
    assert seen == [("no_dev_split", "leak_sentence")]
