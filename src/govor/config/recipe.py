"""A recipe: one TOML file, every section a frozen dataclass, unknown keys refused.

The folders of a recipe stand in one place, its work folder, unless a section names another: ``corpora/``
(where there are several), ``corpus/``, ``check/``, ``selected/``, ``dataset/``, ``run/``, ``evaluation/``,
``rounds/``, ``transcripts/``.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from govor.config.corpus import CorpusConfig
from govor.config.evaluate import EvaluateConfig
from govor.config.label import LabelConfig
from govor.config.merge import MergeConfig
from govor.config.model import ModelConfig
from govor.config.preflight import PreflightConfig
from govor.config.prepare import PrepareConfig
from govor.config.publish import PublishConfig
from govor.config.repeated import require_once
from govor.config.select import SelectConfig
from govor.config.setting import DATA, NOTHING, declaration, setting
from govor.config.synonyms import SYNONYMS
from govor.config.text import TextConfig
from govor.config.toml import dumps
from govor.config.train import TrainConfig
from govor.config.transcribe import TranscribeConfig
from govor.config.tune import TuneConfig
from govor.errors import RecipeError
from govor.store import given_path, is_there

PATHS = (
    "work",
    "corpus.audio_root",
    "select.exclude",
    "select.keep_splits",
    "prepare.out",
    "train.out",
    "train.mirror",
    "evaluate.lm",
    "transcribe.files",
    "transcribe.lm",
    "label.recordings",
)
"""Settings that are paths or URLs: in a recipe file, relative ones start at the file's folder."""

PATHS_OR_IDS = ("corpus.source", "model.base", "evaluate.baseline", "label.second")
"""Settings that may also be Hub ids: taken as a path where there is one."""


@dataclass(frozen=True)
class Recipe:
    """All settings of a run, every default filled in.

    Where a file writes ``[[corpus]]`` several times, `corpora` holds them, and `corpus` what they share.
    """

    name: str = setting("run", "what the run is called", NOTHING)
    work: str = setting(
        "", "folder for everything that is made (default: the recipe's name beside it)", NOTHING
    )
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    corpora: tuple[CorpusConfig, ...] = setting((), "the [[corpus]] sections, if a recipe has several", DATA)
    merge: MergeConfig = field(default_factory=MergeConfig)
    select: SelectConfig = field(default_factory=SelectConfig)
    text: TextConfig = field(default_factory=TextConfig)
    prepare: PrepareConfig = field(default_factory=PrepareConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    preflight: PreflightConfig = field(default_factory=PreflightConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    evaluate: EvaluateConfig = field(default_factory=EvaluateConfig)
    transcribe: TranscribeConfig = field(default_factory=TranscribeConfig)
    label: LabelConfig = field(default_factory=LabelConfig)
    tune: TuneConfig = field(default_factory=TuneConfig)
    publish: PublishConfig = field(default_factory=PublishConfig)

    def to_dict(self) -> dict[str, object]:
        """Plain nested data, as TOML and JSON hold it."""
        data = dataclasses.asdict(self)
        several = data.pop("corpora")
        return data | ({"corpus": [dict(corpus) for corpus in several]} if several else {})

    def to_toml(self) -> str:
        """The recipe with every default written out; settings that are None are left out."""
        return dumps(self.to_dict())


def load_recipe(path: str | Path, overrides: Iterable[str] = ()) -> Recipe:
    """Reads a recipe; relative paths in it are taken from its own folder.

    Args:
        path: the TOML file.
        overrides: ``section.key=value`` with a TOML value (a bare word is a string).

    Raises:
        RecipeError: missing, unreadable, unknown key (the nearest known one is named), wrong type.
        UsageError: an override is given twice.
    """
    path = Path(path)
    data = _read_toml(path)
    apply_overrides(data, overrides)
    recipe = recipe_from(data, where=str(path))
    data = recipe.to_dict()
    data["work"] = recipe.work or path.stem
    for key in (*PATHS, *PATHS_OR_IDS):
        _resolve(data, key, path)
    return recipe_from(data, where=str(path))


def recipe_from(data: Mapping[str, object], where: str = "recipe") -> Recipe:
    """Builds a recipe from plain data, such as a stored ``recipe.toml`` or a trial's settings.

    Raises:
        RecipeError: as `load_recipe`.
    """
    return typing.cast(Recipe, _build(Recipe, _with_corpora(data, where), where, ""))


def _with_corpora(data: Mapping[str, object], where: str) -> Mapping[str, object]:
    """Several ``[[corpus]]`` under their own key; one of them is as ``[corpus]``."""
    several = data.get("corpus")
    if not isinstance(several, (list, tuple)):
        return data
    if len(several) < 2 or not all(isinstance(corpus, Mapping) for corpus in several):
        return {**data, "corpus": several[0] if several else {}}
    corpora = tuple(_build(CorpusConfig, corpus, where, "corpus.") for corpus in several)
    names = [corpus_name(corpus) for corpus in corpora]
    for name in names:
        if names.count(name) > 1 or not name or "/" in name:
            raise RecipeError(f"{where}: several [[corpus]] are called {name!r}: give each a name of its own")
    languages = {corpus.language for corpus in corpora}
    common = {"language": languages.pop()} if len(languages) == 1 else {}
    return {**data, "corpus": common, "corpora": corpora}


def corpus_name(corpus: CorpusConfig) -> str:
    """What one of several corpora is called: its name, else the last part of its source."""
    return corpus.name or Path(corpus.source.rstrip("/")).name


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"{path} does not exist: give the path of a recipe (*.toml)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} cannot be read ({error}): give the path of a recipe (*.toml)") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, lists of lists of lists
        raise RecipeError(f"{path} is not valid TOML: {error}") from error


def _resolve(data: dict[str, object], key: str, recipe: Path) -> None:
    *sections, last = key.split(".")
    place: Any = data
    for section in sections:
        place = place[section]
    for one in place if isinstance(place, list) else [place]:
        _resolve_in(one, last, key, recipe)


def _resolve_in(data: dict[str, object], last: str, key: str, recipe: Path) -> None:
    value, maybe_id = data[last], key in PATHS_OR_IDS
    if isinstance(value, (list, tuple)):
        data[last] = [_from_folder(item, recipe, maybe_id) for item in value]
    elif isinstance(value, str) and value:
        data[last] = _from_folder(value, recipe, maybe_id)


def _from_folder(value: str, recipe: Path, maybe_id: bool) -> str:
    if "://" in value:
        return value
    if "\0" in value:
        raise RecipeError(f"{recipe}: {value!r} holds a NUL character, which no name of a file can")
    path = (recipe.parent / given_path(value)).absolute()
    return value if maybe_id and not is_there(path) else str(path)


def apply_overrides(data: dict[str, object], overrides: Iterable[str]) -> None:
    """Puts several ``section.key=value`` into plain recipe data.

    Raises:
        UsageError: a setting is given twice.
        RecipeError: as `apply_override`.
    """
    given = list(overrides)
    require_once((override.partition("=")[0].strip() for override in given), "--set and the flags like it")
    for override in given:
        apply_override(data, override)


def apply_override(data: dict[str, object], override: str) -> None:
    """Puts one ``section.key=value`` into plain recipe data.

    Raises:
        RecipeError: it is not of that form.
    """
    key, equals, raw = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: write section.key=value, such as train.lr=1e-4")
    put(data, key.strip(), _toml_value(raw.strip()), f"--set {override}")


def put(data: dict[str, object], key: str, value: object, what: str) -> None:
    """Puts a value under ``section.key`` into plain recipe data; `what` names it in messages.

    Raises:
        RecipeError: its section is a value, or stands several times in the recipe.
    """
    *sections, last = key.split(".")
    for section in sections:
        inner = data.setdefault(section, {})
        if isinstance(inner, list):
            raise RecipeError(f"{what}: the recipe has several [[{section}]]; set it in the file")
        if not isinstance(inner, dict):
            raise RecipeError(f"{what}: {section} is a value, not a section")
        data = inner
    data[last] = value


def _toml_value(raw: str) -> Any:
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except (ValueError, RecursionError):
        return raw


def _build(cls: type, data: Mapping[str, object], where: str, prefix: str) -> Any:
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}
    values: dict[str, object] = {}
    for key, value in data.items():
        if key == "corpora" and isinstance(value, tuple):
            values[key] = value
            continue
        if key not in known or key == "corpora":
            raise RecipeError(f"{where}: unknown key {prefix}{key}{_nearest(key, prefix, known)}")
        what = f"{where}: {prefix}{key}"
        values[key] = _convert(value, hints[key], what, prefix + key)
        _require_declared(known[key], what, values[key])
    try:
        return cls(**values)
    except ValueError as error:
        raise RecipeError(f"{where}: [{prefix.rstrip('.')}] {error}") from error


def _require_declared(field: dataclasses.Field[Any], what: str, value: Any) -> None:
    declared = declaration(field)
    if declared is None or value is None:
        return
    try:
        declared.require(what, value)
    except ValueError as error:
        raise RecipeError(str(error)) from error


def _nearest(key: str, prefix: str, known: Iterable[str]) -> str:
    if meant := SYNONYMS.get(key.lower()):
        return f"; did you mean {meant}?"
    here = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    if here:
        return f"; did you mean {prefix}{here[0]}?"
    everywhere = difflib.get_close_matches(f"{prefix}{key}", all_keys(), n=1, cutoff=0.5)
    return f"; did you mean {everywhere[0]}?" if everywhere else f"; known are {', '.join(known)}"


def all_keys() -> list[str]:
    """Every ``section.key`` a recipe may hold."""
    keys = []
    for name, hint in typing.get_type_hints(Recipe).items():
        if name == "corpora":
            continue
        if dataclasses.is_dataclass(hint):
            keys += [f"{name}.{f.name}" for f in dataclasses.fields(hint)]
        else:
            keys.append(name)
    return keys


def _convert(value: Any, hint: Any, what: str, path: str) -> Any:
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise RecipeError(f"{what} is a section, write [{path}] above its settings")
        return _build(hint, value, what.split(": ")[0], path + ".")
    if isinstance(hint, types.UnionType):
        if value is None:
            return None
        hint = next(arm for arm in typing.get_args(hint) if arm is not type(None))
    return _convert_plain(value, hint, what)


def _convert_plain(value: Any, hint: Any, what: str) -> Any:
    origin = typing.get_origin(hint) or hint
    if origin is tuple:
        items = value if isinstance(value, (list, tuple)) else [value]
        args = typing.get_args(hint)
        fixed = len(args) > 1 and args[1] is not Ellipsis
        if fixed and len(items) != len(args):
            raise RecipeError(f"{what} takes {len(args)} values, not {len(items)}")
        return tuple(_convert_plain(item, args[0], what) for item in items)
    if origin is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if origin is dict and isinstance(value, Mapping):
        return dict(value)
    if origin is Any or (isinstance(value, origin) and not (origin is int and isinstance(value, bool))):
        return value
    raise RecipeError(f"{what} is {value!r}, a {_noun(type(value))}; it must be a {_noun(origin)}")


def _noun(kind: type) -> str:
    nouns: dict[type, str] = {
        str: "string",
        int: "whole number",
        float: "number",
        bool: "true or false",
        dict: "table",
        list: "list",
        tuple: "list",
    }
    return nouns.get(kind, kind.__name__)
