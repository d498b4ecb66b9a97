"""A trained model as others open it: weights, tokenizer, extractor, settings, card; nothing else."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

from govor.console import say
from govor.errors import ModelError
from govor.export.entry import REPORT
from govor.findings import some
from govor.publish.exports import KINDS, TRANSFORMERS, exported, kind_of, published_proof, side_by_side
from govor.publish.files import CARD, UploadPlan
from govor.publish.licenses import License
from govor.publish.model_card import model_card
from govor.publish.model_facts import Facts, gather
from govor.publish.model_files import is_configuration, model_files, without_paths
from govor.store import atomic_path, read_json, write_json, write_text

MANIFEST = "govor.json"
OWN_ENDINGS = (".safetensors", ".bin", ".onnx", ".gguf")


@dataclass(frozen=True)
class ModelOrder:
    """What is to be published.

    Attributes:
        model: run or model folder.
        repo: where it goes; the card's code names it.
        license: of the weights.
        evaluations: folders whose figures the card shows; empty: those that stand beside a run.
        dataset: the data set's repository, if it is published.
        base_license: licence of the base model, as its card says.
        exports: exported folders of the same model, published beside it.
        base_model: repository of the base, where training began with a folder.
        benchmark: registered benchmark of the Hub whose rows were evaluated.
    """

    model: Path
    repo: str
    license: str | License
    evaluations: tuple[Path, ...] = field(default=())
    dataset: str | None = None
    base_license: str | None = None
    exports: tuple[Path, ...] = field(default=())
    base_model: str | None = None
    benchmark: str | None = None


def plan_model(order: ModelOrder, staging: Path) -> UploadPlan:
    """Puts what is published into `staging` and plans its upload.

    Raises:
        ModelError: there is no model, or it has no safetensors.
    """
    license, source = License.of(order.license), model_folder(order.model)
    exports = side_by_side(order.exports)
    lone = kind_of(source) not in (None, TRANSFORMERS)
    if staging.exists():
        shutil.rmtree(staging)
    names = _stage_folder(source, staging, "")
    for one in exports:
        names += _stage_folder(one.folder, staging, one.place)
    beside = [*([exported(source)] if lone else []), *exports]
    facts = gather(
        order.model, order.repo, license, order.evaluations, order.dataset, beside, order.base_model
    )
    for text in facts.warnings:
        say(text)
    write_text(staging / CARD, model_card(facts, order.base_license))
    names += _write_results(facts, order.benchmark, staging)
    last = [name for name in (MANIFEST, CARD) if (staging / name).exists()]
    owned = (*OWN_ENDINGS, *(f"{one.place}/" for one in exports))
    plan = UploadPlan.of_folder("model", staging, names, last, owned)
    foreign = (".safetensors",) if lone else ()
    return replace(plan, foreign=foreign, parts=tuple(f"{kind.folder}/" for kind in KINDS.values()))


def _stage_folder(source: Path, staging: Path, place: str) -> list[str]:
    """Puts the files of a model or export where they go; returns their names in the repository."""
    files = model_files(source)
    if files.left:
        say(f"not published, since no model needs it: {some(files.left)}")
    for name in files.published:
        _stage(source / name, staging / place / name)
    return [f"{place}/{name}" if place else name for name in files.published]


def model_folder(place: Path) -> Path:
    """The folder with the weights: a run's ``model/``, or the folder itself.

    Raises:
        ModelError: there is none.
    """
    for folder in (place / "model", place):
        if (folder / "config.json").exists() or kind_of(folder):
            return folder
    raise ModelError(
        f"{place} holds no model (no config.json there or in model/): name a run, a model folder or an export"
    )


def _stage(source: Path, target: Path) -> None:
    """Copies a file; JSON without paths of this machine, large files as links where the disk allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_configuration(source.name):
        content = read_json(source)
        content = published_proof(content) if source.name == REPORT else content
        write_json(target, without_paths(content))
        return
    try:
        os.link(source, target)
    except OSError:
        with atomic_path(target) as partial:
            shutil.copyfile(source, partial)


def _write_results(facts: Facts, benchmark: str | None, staging: Path) -> list[str]:
    """Evaluation results for the leaderboard of a registered benchmark, where one is named."""
    if not (benchmark and facts.evaluations):
        return []
    import yaml

    name = ".eval_results/govor.yaml"
    write_text(staging / name, yaml.safe_dump(facts.results(benchmark), allow_unicode=True, sort_keys=False))
    return [name]
