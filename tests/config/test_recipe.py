"""Recipes: every default once, every mistake named."""

import dataclasses
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govor.config import Recipe, load_recipe, recipe_from
from govor.config.recipe import all_keys
from govor.config.toml import dumps
from govor.errors import RecipeError


def test_a_written_recipe_reads_back_the_same():
    recipe = recipe_from({"name": "no", "train": {"lr": 2e-4, "betas": [0.9, 0.95]}, "select": {"hours": 3}})
    assert recipe_from(tomllib.loads(recipe.to_toml())) == recipe


def settings_below(kind, prefix=""):
    """Every setting of a section and of the sections inside it, by its dotted name."""
    for field in dataclasses.fields(kind):
        if dataclasses.is_dataclass(field.default_factory):
            yield from settings_below(field.default_factory, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field


def test_every_setting_says_what_it_means():
    silent = [name for name, field in settings_below(Recipe) if not field.metadata["setting"].help]
    assert not silent


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"train": {"lrr": 1}}, r"unknown key train\.lrr; did you mean train\.lr\?"),
        ({"trian": {"lr": 1}}, r"unknown key trian; did you mean train\?"),
        ({"train": {"lr": "fast"}}, r"train\.lr is 'fast', a string; it must be a number"),
        (
            {"train": {"max_batch": True}},
            r"train\.max_batch is True, a true or false; it must be a whole number",
        ),
        ({"train": 3}, r"train is a section, write \[train\]"),
        ({"train": {"betas": [1]}}, r"train\.betas takes 2 values, not 1"),
        ({"prepare": {"codec": "mp4"}}, r"prepare\.codec is 'mp4'; it must be one of flac, opus, wav"),
    ],
)
def test_mistakes_are_named_with_what_to_write(data, message):
    with pytest.raises(RecipeError, match=message):
        recipe_from(data)


def test_overrides_take_toml_values_and_bare_words(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text("[train]\nlr = 1e-3\n")
    recipe = load_recipe(path, ["train.lr=2e-4", "corpus.language=no", "select.group_by=['speaker']"])
    assert (recipe.train.lr, recipe.corpus.language, recipe.select.group_by) == (2e-4, "no", ("speaker",))
    assert recipe.work == str(tmp_path / "r")


def test_paths_in_a_recipe_start_at_its_folder_and_hub_ids_stay(tmp_path):
    (tmp_path / "talks").mkdir()
    path = tmp_path / "r.toml"
    path.write_text(
        "[corpus]\nsource = 'talks'\naudio_root = 'audio'\n[model]\nbase = 'openai/whisper-small'\n"
        "[prepare]\nout = 'hf://datasets/a/b'\n[transcribe]\nfiles = ['x.mp3', '/y.mp3']\n"
    )
    recipe = load_recipe(path)
    assert recipe.corpus.source == str(tmp_path / "talks")
    assert recipe.corpus.audio_root == str(tmp_path / "audio")
    assert recipe.model.base == "openai/whisper-small"
    assert recipe.prepare.out == "hf://datasets/a/b"
    assert recipe.transcribe.files == (str(tmp_path / "x.mp3"), "/y.mp3")


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), (b"\xff\xfe", "cannot be read"), (b"[train", "is not valid TOML")],
)
def test_an_unreadable_recipe_is_named(tmp_path, content, message):
    path = tmp_path / "r.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=rf"r\.toml {message}"):
        load_recipe(path)


@pytest.mark.parametrize("override", ["train.lr", "=3", "name.x=3"])
def test_a_malformed_override_is_named(tmp_path, override):
    path = tmp_path / "r.toml"
    path.write_text("name = 'x'\n")
    with pytest.raises(RecipeError, match="--set"):
        load_recipe(path, [override])


def test_keys_are_known_by_their_full_names():
    assert {"train.lr", "corpus.source", "preflight.minutes"} <= set(all_keys())


plain = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.text(max_size=20)
)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.one_of(plain, st.lists(st.text(max_size=5), max_size=3))
    )
)
def test_toml_written_is_toml_read(data):
    assert tomllib.loads(dumps({"section": data})) == {"section": data}


@pytest.mark.parametrize("name", ["n" * 5000, "~nobody-of-this-name/model"])
def test_a_name_that_no_file_can_have_is_a_name_all_the_same(tmp_path, name):
    """The system's errors for it, and for a home folder that nobody has, are not raised."""
    (tmp_path / "r.toml").write_text(f'model.base = "{name}"\ncorpus.source = "{name}"\n')
    recipe = load_recipe(tmp_path / "r.toml")
    assert recipe.model.base == name and recipe.corpus.source.endswith(name)


def test_a_path_that_holds_nul_is_refused(tmp_path):
    (tmp_path / "r.toml").write_text(r'work = "a\u0000b"')
    with pytest.raises(RecipeError, match="holds a NUL character"):
        load_recipe(tmp_path / "r.toml")
