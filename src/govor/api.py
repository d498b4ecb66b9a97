"""govor from Python: one function for each command, with one style of argument.

Folders and files are strings or paths. Settings are keywords with the names that recipes use (`govor config`
lists them), or one settings object as `config`, or both: keywords then change what the object says. What
comes back is the summary that the command prints with ``--json``. What goes wrong is a `govor.GovorError`
whose text is one sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.config import (
    AlignConfig,
    CorpusConfig,
    EvaluateConfig,
    LabelConfig,
    MergeConfig,
    PrepareConfig,
    Recipe,
    SelectConfig,
    TextConfig,
    TranscribeConfig,
    recipe_from,
)
from govor.config.recipe import apply_overrides
from govor.config.training import beside, place_overrides
from govor.errors import RecipeError

if TYPE_CHECKING:
    from govor.align.entry import AlignSummary
    from govor.corpora.folder import Corpus
    from govor.corpora.importing import ImportSummary
    from govor.curate.check import CheckSummary
    from govor.curate.merge import MergeSummary
    from govor.curate.move import MoveSummary
    from govor.curate.review import ReviewSummary
    from govor.curate.sample import SampleSummary
    from govor.curate.select import SelectSummary
    from govor.evaluate.comparing import ComparisonSummary
    from govor.evaluate.summary import EvaluationSummary
    from govor.export.entry import ExportSummary
    from govor.label.entry import LabelSummary
    from govor.lm.entry import LmSummary
    from govor.load import Dataset
    from govor.models.base import Recogniser
    from govor.pipeline.run import RecipeSummary
    from govor.preflight.summary import PreflightSummary
    from govor.prepare.run import PrepareSummary
    from govor.publish.upload import PublishSummary
    from govor.train.summary import TrainSummary
    from govor.transcribe.files import FilesSummary
    from govor.tune.study import TuneSummary

Place = str | Path


def _configured(section: str, config: Any, settings: Mapping[str, object]) -> Any:
    """The section of a recipe that an object and keywords describe.

    Raises:
        RecipeError: a keyword is not a setting of the section; the nearest one is named.
    """
    given = {} if config is None else dataclasses.asdict(config)
    return getattr(recipe_from({section: {**given, **settings}}, where=section), section)


def load_recipe(path: Place, **settings: Any) -> Recipe:
    """Reads a recipe.

    Args:
        path: the TOML file.
        settings: a section each, such as ``train={"lr": 1e-5}``; they win over the file.

    Raises:
        RecipeError: it is missing, or a setting is wrong; the message names it.
    """
    from govor import config

    recipe = config.load_recipe(Path(path))
    return _changed(recipe, settings) if settings else recipe


def _changed(recipe: Recipe, sections: Mapping[str, object]) -> Recipe:
    data = recipe.to_dict()
    for name, value in sections.items():
        before = data.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            value = {**before, **value}
        data[name] = value
    return recipe_from(data, where="settings")


def _recipe(recipe: Recipe | Place) -> Recipe:
    return recipe if isinstance(recipe, Recipe) else load_recipe(recipe)


def run_recipe(
    recipe: Recipe | Place, *, first: str | None = None, last: str | None = None, device: str = "auto"
) -> RecipeSummary:
    """Runs the stages of a recipe; one whose inputs did not change is not run again. As ``govor run``.

    Args:
        recipe: the recipe, or its file.
        first: run from this stage, whatever changed.
        last: stop after this stage.
        device: ``auto``, ``cpu`` or ``cuda:N``.
    """
    from govor.pipeline.run import run_recipe as run

    return run(_recipe(recipe), first=first, last=last, device=device)


def import_corpus(
    source: Place, out: Place, config: CorpusConfig | None = None, **settings: Any
) -> ImportSummary:
    """Reads a corpus in any of the usual formats. As ``govor import``; settings of ``[corpus]``.

    Raises:
        CorpusError: the source cannot be read as any format, or two readings are possible.
    """
    from govor.corpora import import_corpus as run

    return run(_configured("corpus", config, {**settings, "source": str(source)}), Path(out))


def align_recordings(
    model: Place,
    recordings: Sequence[Place],
    texts: Sequence[Place],
    out: Place,
    config: AlignConfig | None = None,
    *,
    device: str = "auto",
    **settings: Any,
) -> AlignSummary:
    """Finds where texts are spoken in long recordings. As ``govor align``, with its flags as settings.

    Args:
        model: whatever `open_model` takes.
        recordings: files, or folders of them.
        texts: files, or folders of them.
        out: the corpus folder.
        config: pairs, limits, boundaries.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        settings: such as ``language="hr"``; they win over `config`.

    Raises:
        InputError: nothing can be read, pairs are not clear, or nothing of any text was heard.
    """
    from govor.pipeline.second_round import align_in_rounds as run

    try:
        chosen = dataclasses.replace(config or AlignConfig(), **settings)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"align: {error}") from error
    return run(model, recordings, texts, Path(out), chosen, device)


def label_recordings(
    model: Place,
    recordings: Sequence[Place],
    out: Place,
    config: LabelConfig | None = None,
    *,
    device: str = "auto",
    **settings: Any,
) -> LabelSummary:
    """A model writes texts for recordings without any. As ``govor label``; settings of ``[label]``.

    Args:
        model: whatever `open_model` takes.
        recordings: files, or folders of them.
        out: the corpus folder.
        config: segments, second model, limits.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        settings: such as ``language="sv"``; they win over `config`.

    Raises:
        InputError: a recording does not exist, or is an address.
        CorpusError: not one segment can be kept.
    """
    from govor.label import label_recordings as run

    return run(model, recordings, Path(out), _configured("label", config, settings), device)


def open_corpus(corpus: Place) -> Corpus:
    """An existing corpus: ``scan()`` gives its utterances as a lazy polars frame.

    Raises:
        CorpusError: there is none.
    """
    from govor.corpora.folder import Corpus

    return Corpus.open(Path(corpus))


def check_corpus(
    corpus: Place,
    out: Place,
    config: TextConfig | None = None,
    *,
    fail_on: Sequence[str] = (),
    audio: bool = True,
    workers: int = 0,
    **settings: Any,
) -> CheckSummary:
    """Probes all audio, text and splits. As ``govor check``; settings of ``[text]``.

    Args:
        corpus: corpus folder.
        out: folder of the findings and the report.
        config: how texts are normalised before they are compared.
        fail_on: codes or severities of findings that raise.
        audio: whether recordings are opened.
        workers: processes; 0: one for each core.
        settings: of ``[text]``.

    Raises:
        LimitError: a finding of `fail_on` was made.
    """
    from govor.curate import check_corpus as run

    text = _configured("text", config, settings)
    return run(Path(corpus), Path(out), text=text, fail_on=fail_on, audio=audio, workers=workers)


def select_corpus(
    corpus: Place, out: Place, config: SelectConfig | None = None, **settings: Any
) -> SelectSummary:
    """Filters, budgets and leak-free splits. As ``govor select``; settings of ``[select]``."""
    from govor.curate import select_corpus as run

    return run(Path(corpus), Path(out), _configured("select", config, settings))


def sample_corpus(
    corpus: Place, out: Place, n: int, *, seed: int = 0, split: str | None = None, blank: bool = False
) -> SampleSummary:
    """A random sample as a spreadsheet for people to review. As ``govor sample``.

    Args:
        corpus: corpus folder.
        out: the sheet, ``.xlsx`` or ``.csv``.
        n: utterances.
        seed: of the draw.
        split: draw from this split alone.
        blank: show no text: people write from nothing.
    """
    from govor.curate import sample_corpus as run

    return run(Path(corpus), Path(out), n, seed=seed, split=split, blank=blank)


def review_corpus(corpus: Place, sheet: Place, out: Place) -> ReviewSummary:
    """Brings people's verdicts back. As ``govor review``."""
    from govor.curate import review_corpus as run

    return run(Path(corpus), Path(sheet), Path(out))


def merge_corpora(
    corpora: Sequence[Place] | Mapping[str, Place],
    out: Place,
    config: MergeConfig | None = None,
    **settings: Any,
) -> MergeSummary:
    """Several corpora as one. As ``govor merge``; settings of ``[merge]``.

    Args:
        corpora: their folders, or folders by the names they get.
        out: folder of the new corpus.
        config: settings of ``[merge]``.
        settings: of ``[merge]``.
    """
    from govor.curate import merge_corpora as run
    from govor.curate.merge import named_apart

    if isinstance(corpora, Mapping):
        named = {name: Path(folder) for name, folder in corpora.items()}
    else:
        named = named_apart([Path(folder) for folder in corpora])
    return run(named, Path(out), _configured("merge", config, settings))


def move_corpus(corpus: Place, audio_root: Place) -> MoveSummary:
    """Points a corpus at recordings that were moved. As ``govor move``.

    Raises:
        LimitError: some recordings are not found; the corpus is moved all the same.
    """
    from govor.curate import move_corpus as run

    return run(Path(corpus), Path(audio_root))


def prepare_corpus(
    corpus: Place,
    out: Place,
    config: PrepareConfig | None = None,
    *,
    update: bool = False,
    retry_rejected: bool = False,
    **settings: Any,
) -> PrepareSummary:
    """Recordings to clips in Parquet shards; run again to continue. As ``govor prepare``.

    Args:
        corpus: corpus folder.
        out: folder, or a URL that fsspec reaches.
        config: settings of ``[prepare]``.
        update: the corpus changed since: rewrite the shards concerned.
        retry_rejected: ask again about everything that was set aside.
        settings: of ``[prepare]``.

    Raises:
        LimitError: more was set aside than ``max_rejected`` allows; the data set is complete all the same.
    """
    from govor.prepare import prepare_corpus as run

    made = _configured("prepare", config, settings)
    return run(Path(corpus), str(out), made, update=update, retry_rejected=retry_rejected)


def open_dataset(dataset: Place) -> Dataset:
    """A prepared data set: its splits, and clips as waves.

    Raises:
        DatasetError: there is none.
    """
    from govor.load import Dataset

    return Dataset.open(str(dataset))


def open_model(model: Place, *, device: str = "auto") -> Recogniser:
    """A recogniser: ``recognise([Sound(wave)], DecodeOptions())`` gives hypotheses.

    Args:
        model: run, checkpoint, model folder, export or Hub id.
        device: ``auto``, ``cpu`` or ``cuda:N``.

    Raises:
        ModelError: it cannot be opened.
    """
    from govor.models import open_model as run

    return run(str(model), device=device)


def run_preflight(recipe: Recipe | Place, out: Place, *, device: str = "auto") -> PreflightSummary:
    """Checks data and model together, before anything long. As ``govor preflight``.

    Raises:
        LimitError: something would spoil the training; the summary says what.
    """
    from govor.preflight import preflight

    return preflight(_recipe(recipe), out=Path(out), device=device)


def train_model(
    model: Place | None, dataset: Place, out: Place, *, recipe: Recipe | Place | None = None,
    device: str = "auto", **settings: Any,
) -> TrainSummary:  # fmt: skip
    """Preflight, then fine-tuning; run again to continue. As ``govor train``.

    Args:
        model: what is fine-tuned; None where the recipe says how to build one from scratch.
        dataset: folder or URL of a prepared data set.
        out: the run's folder.
        recipe: further settings.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        settings: of ``[train]``; other sections as dictionaries, such as ``text={"rules": []}``.

    Raises:
        LimitError: preflight found an error, or the training was stopped with a checkpoint.
    """
    from govor.preflight import ensure
    from govor.train import train

    start = _recipe(recipe) if recipe is not None else recipe_from(beside(out))
    sections = {key: settings.pop(key) for key in [*settings] if key in Recipe.__dataclass_fields__}
    data = _changed(start, {**sections, "train": settings}).to_dict()
    apply_overrides(data, place_overrides(None if model is None else str(model), str(dataset), out))
    chosen = recipe_from(data, where="settings")
    ensure(chosen, device=device)
    return train(chosen, device=device)


def tune_recipe(recipe: Recipe | Place, *, trials: int | None = None, device: str = "auto") -> TuneSummary:
    """Searches the recipe's ``[tune]`` space; run again to continue. As ``govor tune``."""
    from govor.tune import tune

    return tune(_recipe(recipe), trials=trials, device=device)


def evaluate_model(
    model: Place, dataset: Place, out: Place, config: EvaluateConfig | None = None, *, device: str = "auto",
    **settings: Any,
) -> EvaluationSummary | None:  # fmt: skip
    """Scores with intervals, slices and a report. As ``govor evaluate``; settings of ``[evaluate]``.

    Returns:
        The summary; None in all but the first process of a launcher such as torchrun.

    Raises:
        LimitError: a metric passed the bound of ``require``; the evaluation is complete all the same.
    """
    from govor.evaluate import evaluate

    chosen = _configured("evaluate", config, settings)
    return evaluate(str(model), str(dataset), Path(out), chosen, device=device)


def compare_evaluations(evaluations: Sequence[Place], out: Place) -> ComparisonSummary:
    """Compares finished evaluations of the same rows in pairs. As ``govor compare``."""
    from govor.evaluate.comparing import compare

    return compare([Path(one) for one in evaluations], Path(out))


def transcribe_files(
    model: Place, files: Sequence[Place], out: Place | None = None, config: TranscribeConfig | None = None, *,
    device: str = "auto", **settings: Any,
) -> FilesSummary:  # fmt: skip
    """Recordings of any length to text with times. As ``govor transcribe``; settings of ``[transcribe]``."""
    from govor.transcribe import transcribe_files as run

    chosen = _configured("transcribe", config, settings)
    return run(str(model), [str(file) for file in files], Path(out) if out else None, chosen, device)


def export_model(
    model: Place, format: str, out: Place, *, device: str = "auto", **options: Any
) -> ExportSummary:
    """Converts a model and proves that it says the same. As ``govor export``.

    Args:
        model: run, checkpoint or model folder.
        format: ``ctranslate2`` or ``onnx``.
        out: folder of the converted model.
        device: where the proof is made.
        options: as `govor.export.export_model` takes them, such as ``quantization="int8"``.
    """
    from govor.export import export_model as run

    return run(str(model), format, Path(out), device=device, **options)


def estimate_lm(source: Place, out: Place, order: int = 4) -> LmSummary:
    """A word n-gram model of the train text. As ``govor lm``.

    Args:
        source: corpus or data set.
        out: the ARPA file.
        order: longest n-gram, in words.
    """
    from govor.lm.entry import make_lm

    return make_lm(str(source), Path(out), order)


def publish_model(
    model: Place,
    repo: str,
    license: str,
    *,
    dataset: str | None = None,
    public: bool = False,
    dry_run: bool = False,
) -> PublishSummary:
    """A model to the Hub, private unless told otherwise, verified afterwards. As ``govor publish model``.

    Args:
        model: run or model folder.
        repo: ``owner/name``.
        license: identifier, such as ``apache-2.0``.
        dataset: repository of the data set, if it is published.
        public: visible to everybody.
        dry_run: plan only.
    """
    from govor.publish import publish_model as run
    from govor.publish.model import ModelOrder

    order = ModelOrder(Path(model), repo, license, dataset=dataset)
    return run(order, public=public, dry_run=dry_run)


def publish_dataset(
    dataset: Place, repo: str, license: str, *, public: bool = False, dry_run: bool = False
) -> PublishSummary:
    """A data set to the Hub under pseudonyms, private unless told otherwise. As ``govor publish dataset``.

    Args:
        dataset: prepared data set.
        repo: ``owner/name``.
        license: identifier, such as ``cc0-1.0``.
        public: visible to everybody.
        dry_run: plan only.
    """
    from govor.publish import publish_dataset as run

    return run(Path(dataset), repo, license, public=public, dry_run=dry_run)
