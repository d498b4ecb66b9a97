"""The table of stages: what each depends on, what it makes, and the entry that does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from govor.config import Recipe, SelectConfig, Workspace
from govor.config.recipe import corpus_name
from govor.console import say
from govor.curate.listing import LISTING
from govor.errors import RecipeError
from govor.findings import spoken
from govor.pipeline.record import Settings, as_stored
from govor.pipeline.several import import_several
from govor.pipeline.snapshot import place_fingerprint, source_fingerprints
from govor.store import fingerprint, read_json

Inputs = dict[str, str]


@dataclass(frozen=True)
class Stage:
    """One stage of a recipe.

    Attributes:
        name: as ``--from`` and ``--to`` take it.
        settings: sections of the recipe that it depends on.
        inputs: fingerprints of what it reads.
        out: what it makes, where that is a local path.
        work: does it; takes the device.
        wanted: whether the recipe asks for it at all.
        watch: whether a change of `out` by hand is a fault (a run's folder may be looked at and added to).
        amended_by: a later stage that adds to `out` (check fills durations in): its changes are not a fault.
        packages: what it cannot do without, of the extra ``train``.
    """

    name: str
    settings: tuple[str, ...]
    inputs: Callable[[Recipe], Inputs]
    out: Callable[[Recipe], Path | None]
    work: Callable[[Recipe, str], Mapping[str, object]]
    wanted: Callable[[Recipe], bool] = lambda recipe: True
    watch: bool = True
    amended_by: str | None = None
    packages: tuple[str, ...] = ()

    def settings_of(self, recipe: Recipe) -> Settings:
        """The settings that decide what this stage makes, flat, by dotted name, as a record stores them."""
        sections = ((name, getattr(recipe, name).deciding()) for name in self.settings)
        flat = {f"{name}.{key}": value for name, values in sections for key, value in values.items()}
        if recipe.corpora and "corpus" in self.settings:
            flat |= {f"corpus.{corpus_name(c)}": c.deciding() for c in recipe.corpora}
            flat |= {"merge": recipe.merge.deciding()}
        return as_stored(flat)

    def free_settings_of(self, recipe: Recipe) -> Settings:
        """The other settings of its sections: they change nothing but how it runs."""
        sections = ((name, getattr(recipe, name)) for name in self.settings)
        return as_stored(
            {f"{name}.{key}": getattr(values, key) for name, values in sections for key in values.free()}
        )


def _import(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.corpora import import_corpus

    if recipe.corpora:
        return import_several(recipe)
    if not recipe.corpus.source:
        raise RecipeError("the recipe names no corpus: set [corpus] source = '…' to a folder, file or Hub id")
    return import_corpus(recipe.corpus, Workspace.of(recipe).corpus)


def _check(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.curate import check_corpus

    place = Workspace.of(recipe)
    summary = check_corpus(place.corpus, place.check, text=recipe.text)
    for line in spoken(summary.findings):
        say(f"check: {line}")
    return summary


def _select(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.curate import select_corpus

    place = Workspace.of(recipe)
    return select_corpus(place.corpus, place.selected, _with_findings(recipe))


def _with_findings(recipe: Recipe) -> SelectConfig:
    """The settings of select; ``codes`` without a list means what this recipe's check found."""
    select = recipe.select
    if not select.codes or any(path.endswith(".parquet") for path in select.exclude):
        return select
    return dataclasses.replace(select, exclude=(*select.exclude, str(Workspace.of(recipe).check / LISTING)))


def _prepare(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.prepare import prepare_corpus

    place = Workspace.of(recipe)
    return prepare_corpus(place.selected, place.dataset, recipe.prepare, update=_has_dataset(recipe))


def _has_dataset(recipe: Recipe) -> bool:
    return (Path(Workspace.of(recipe).dataset) / "dataset.json").exists()


def _preflight(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.preflight import preflight_aloud

    return preflight_aloud(recipe, out=Workspace.of(recipe).run / "preflight", device=device)


def _train(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.train import train

    return train(recipe, device=device)


def _evaluate(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.evaluate import evaluate

    place = Workspace.of(recipe)
    return evaluate(str(place.run), place.dataset, place.evaluation, recipe.evaluate, device=device) or {}


def _label(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.pipeline.rounds import self_train

    return self_train(recipe, device)


def _transcribe(recipe: Recipe, device: str) -> Mapping[str, object]:
    from govor.transcribe import transcribe_files

    place = Workspace.of(recipe)
    files = [str(path) for path in recipe.transcribe.files]
    return transcribe_files(str(place.run), files, place.transcripts, recipe.transcribe, device=device)


def _source(recipe: Recipe) -> Inputs:
    if not recipe.corpora:
        return source_fingerprints(recipe.corpus)
    named = ((corpus_name(corpus), source_fingerprints(corpus)) for corpus in recipe.corpora)
    return {f"{what} of {name}": value for name, found in named for what, value in found.items()}


def _corpus(recipe: Recipe) -> Inputs:
    return {"the corpus": _stored_text(Workspace.of(recipe).corpus / "corpus.json")}


def _corpus_and_lists(recipe: Recipe) -> Inputs:
    lists = {path: place_fingerprint(path) for path in _with_findings(recipe).exclude}
    kept = (
        {"the earlier corpus": place_fingerprint(recipe.select.keep_splits)}
        if recipe.select.keep_splits
        else {}
    )
    return {**_corpus(recipe), **lists, **kept}


def _selected(recipe: Recipe) -> Inputs:
    return {"the selected corpus": _stored_text(Workspace.of(recipe).selected / "corpus.json")}


def _dataset(recipe: Recipe) -> Inputs:
    return {"the data set": _stored_text(Path(Workspace.of(recipe).dataset) / "dataset.json")}


def _dataset_and_base(recipe: Recipe) -> Inputs:
    base = {"the base model": place_fingerprint(recipe.model.base)} if recipe.model.base else {}
    return {**_dataset(recipe), **base}


def _dataset_and_model(recipe: Recipe) -> Inputs:
    return {**_dataset(recipe), **_model(recipe)}


def _model(recipe: Recipe) -> Inputs:
    return {"the model": place_fingerprint(str(Workspace.of(recipe).run / "model"))}


def _model_and_files(recipe: Recipe) -> Inputs:
    return {**_model(recipe), **{path: place_fingerprint(path) for path in recipe.transcribe.files}}


def _model_and_recordings(recipe: Recipe) -> Inputs:
    recordings = {path: place_fingerprint(path) for path in recipe.label.recordings}
    return {**_selected(recipe), **_dataset_and_base(recipe), **_model(recipe), **recordings}


def _stored_text(path: Path) -> str:
    if not path.exists():
        return "absent"
    data = read_json(path)
    return str(data.get("fingerprint") or fingerprint(data))


def _local_dataset(recipe: Recipe) -> Path | None:
    dataset = Workspace.of(recipe).dataset
    return None if "://" in dataset else Path(dataset)


MODELS = ("torch", "transformers")
"""What a stage needs that opens a model (preflight looks at what it can without them, and says so)."""
STAGES = (
    Stage("import", ("corpus",), _source, lambda r: Workspace.of(r).corpus, _import, amended_by="check"),
    Stage("check", ("text",), _corpus, lambda r: Workspace.of(r).check, _check, watch=False),
    Stage("select", ("select",), _corpus_and_lists, lambda r: Workspace.of(r).selected, _select),
    Stage("prepare", ("prepare",), _selected, _local_dataset, _prepare),
    Stage(
        "preflight",
        ("text", "model", "train", "preflight"),
        _dataset_and_base,
        lambda r: Workspace.of(r).run / "preflight",
        _preflight,
        watch=False,
    ),
    Stage(
        "train",
        ("text", "model", "train"),
        _dataset_and_base,
        lambda r: Workspace.of(r).run / "model",
        _train,
        packages=MODELS,
    ),
    Stage(
        "evaluate",
        ("evaluate",),
        _dataset_and_model,
        lambda r: Workspace.of(r).evaluation,
        _evaluate,
        watch=False,
        packages=MODELS,
    ),
    Stage(
        "label",
        ("label", "text", "prepare", "model", "train", "evaluate"),
        _model_and_recordings,
        lambda r: Workspace.of(r).rounds,
        _label,
        wanted=lambda r: bool(r.label.recordings),
        watch=False,
        packages=MODELS,
    ),
    Stage(
        "transcribe",
        ("transcribe",),
        _model_and_files,
        lambda r: Workspace.of(r).transcripts,
        _transcribe,
        wanted=lambda r: bool(r.transcribe.files),
        watch=False,
        packages=MODELS,
    ),
)
STAGE_NAMES = tuple(stage.name for stage in STAGES)
