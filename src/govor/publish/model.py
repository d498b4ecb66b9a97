"""A trained model as others open it: weights, tokenizer, extractor, settings, card; nothing else."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from govor.console import say
from govor.errors import InputError, ModelError
from govor.findings import some
from govor.publish.files import UploadPlan
from govor.publish.model_facts import Facts, gather
from govor.publish.model_files import is_configuration, model_files, without_paths
from govor.store import atomic_path, read_json, write_json, write_text

MANIFEST = "govor.json"


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
    """

    model: Path
    repo: str
    license: str
    evaluations: tuple[Path, ...] = field(default=())
    dataset: str | None = None
    base_license: str | None = None


def plan_model(order: ModelOrder, staging: Path) -> UploadPlan:
    """Puts what is published into `staging` and plans its upload.

    Raises:
        ModelError: there is no model, or it has no safetensors.
    """
    source = model_folder(order.model)
    files = model_files(source)
    names = list(files.published)
    if files.left:
        say(f"not published, since no model needs it: {some(files.left)}")
    if staging.exists():
        shutil.rmtree(staging)
    for name in names:
        _stage(source / name, staging / name)
    facts = gather(order.model, order.repo, order.license, order.evaluations, order.dataset)
    for text in facts.warnings:
        say(text)
    write_text(staging / "README.md", facts.card(order.base_license))
    names += _write_results(facts, staging)
    last = [name for name in (MANIFEST, "README.md") if (staging / name).exists()]
    return UploadPlan.of_folder("model", staging, names, last, (".safetensors", ".bin"))


def model_folder(place: Path) -> Path:
    """The folder with the weights: a run's ``model/``, or the folder itself.

    Raises:
        ModelError: there is none.
    """
    for folder in (place / "model", place):
        if (folder / "config.json").exists():
            return folder
    raise ModelError(
        f"{place} holds no model (no config.json there or in model/): name a run or a model folder"
    )


def _stage(source: Path, target: Path) -> None:
    """Copies a file; JSON without paths of this machine, large files as links where the disk allows."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if is_configuration(source.name):
        write_json(target, without_paths(read_json(source)))
        return
    try:
        os.link(source, target)
    except OSError:
        with atomic_path(target) as partial:
            shutil.copyfile(source, partial)


def _write_results(facts: Facts, staging: Path) -> list[str]:
    """Evaluation results in the form that the Hub reads, where the data set is on the Hub."""
    entries = facts.results()
    if not entries:
        return []
    import yaml

    name = ".eval_results/govor.yaml"
    write_text(staging / name, yaml.safe_dump(entries, allow_unicode=True, sort_keys=False))
    return [name]


def require_license(license: str | None) -> str:
    """The licence to publish under.

    Raises:
        InputError: there is none; nothing is published without one.
    """
    if not license:
        raise InputError("nothing is published without a licence: --license cc-by-4.0, or [publish] license")
    return license
