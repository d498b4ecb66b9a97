"""A flag that mirrors a setting has that setting's unit, bounds and default; a command stays readable."""

import ast
import dataclasses
import inspect
import typing
from pathlib import Path

import pytest

from govor.cli import COMMANDS, MODULES, load_command
from govor.commands.flags import Flags, described, flags, items, pairs
from govor.config import EvaluateConfig, PublishConfig, SelectConfig, TranscribeConfig, recipe_from
from govor.config.setting import declaration
from govor.errors import UsageError

FOLDER = Path(inspect.getfile(described)).parent
FILES = sorted(FOLDER.glob("*.py"))


def groups(name):
    """(group of flags, click's parameters by name) of a command."""
    import importlib

    module = importlib.import_module(f"govor.commands.{MODULES.get(name, name)}")
    shown = {parameter.name: parameter for parameter in load_command(name).params}
    for hint in typing.get_type_hints(module.command, include_extras=True).values():
        for one in getattr(hint, "__metadata__", ()):
            if isinstance(one, Flags):
                yield one, shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_flag_has_its_settings_unit_bounds_and_default(name):
    for group, shown in groups(name):
        declared = {field.name: (declaration(field), field) for field in dataclasses.fields(group.section)}
        for setting, way in group.ways.items():
            one, field = declared[setting]
            said = shown[setting].help
            assert not one.unit or f"in {one.unit}" in said
            assert one.bounds in said
            plain = isinstance(field.default, (int, float, str)) and not isinstance(field.default, bool)
            if plain and field.default != "" and not way.help:
                assert f"default: {field.default}" in said
            assert shown[setting].default in (None, False)  # what is not said is the setting's own default


def test_the_flags_of_a_section_are_not_written_by_hand():
    """A command whose parameter is called as a setting of its section takes it from the declaration."""
    sections = {"select": SelectConfig, "transcribe": TranscribeConfig, "evaluate": EvaluateConfig}
    for name, section in sections.items():
        mirrored = {setting for group, _ in groups(name) for setting in group.ways}
        typed = {parameter.name for parameter in load_command(name).params}
        settings = {field.name for field in dataclasses.fields(section)}
        assert typed & settings <= mirrored


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commands_have_eight_arguments_and_sixty_lines_at_most(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            assert len(node.args.args) + len(node.args.kwonlyargs) <= 8, node.name
            assert node.end_lineno - node.lineno < 60, node.name


def taken(section, ways, **typed):
    group = flags(section, **ways) if ways else flags(section)
    everything = dict.fromkeys(group.ways) | typed
    return group.take(everything)


def test_what_is_not_said_is_left_to_the_recipe():
    recipe = recipe_from({"publish": {"license": "cc0-1.0", "public": True, "model": "lab/m"}}).publish
    given = taken(PublishConfig, {}, public=False, dataset="lab/d")
    assert given.values == {"dataset": "lab/d"}
    assert given.over(recipe) == dataclasses.replace(recipe, dataset="lab/d")
    assert taken(SelectConfig, {}).settings() == SelectConfig()


def test_lists_take_commas_and_may_be_repeated():
    given = taken(SelectConfig, {}, hold_out=["Ana, Iva", "Ivo"], codes=[""])
    assert given.settings().hold_out == ("Ana", "Iva", "Ivo")
    assert given.values["codes"] == ()  # said, and empty
    assert items(["a,,b ", "c"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("section", "typed", "words"),
    [
        (EvaluateConfig, {"beam_size": 0}, "--beam-size is 0; it is 1 or more"),
        (SelectConfig, {"compare": "words"}, "--compare is 'words'; it is one of source, letters"),
        (TranscribeConfig, {"format": ["txt,doc"]}, "--format has 'doc'; it is one of txt, srt"),
        (TranscribeConfig, {"stride": 1.0}, "stride needs chunk"),
    ],
)
def test_a_wrong_value_is_named_with_its_flag(section, typed, words):
    with pytest.raises(UsageError, match=words):
        taken(section, {}, **typed).settings()


def test_pairs():
    assert pairs(["a=b", "c = d"], "--x", "a=b") == {"a": "b", "c": "d"}
    with pytest.raises(UsageError, match="--x a: write a=b"):
        pairs(["a"], "--x", "a=b")
    with pytest.raises(UsageError, match="a is given twice"):
        pairs(["a=1", "a=2"], "--x", "a=b")
