"""A run's folder: its paths, the content of ``run.json``, and which checkpoints stay."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from govor import store
from govor.config import Recipe, recipe_from
from govor.config.moments import Keep, KeptCheckpoint
from govor.errors import DatasetError, ModelError, RecipeError
from govor.train import checkpoint
from govor.train.checkpoint import Checkpoint, Manifest, Origin
from govor.train.summary import TrainSummary
from govor.train.usage import Hardware


class RunFacts(TypedDict, total=False):
    """What later sessions and commands look at in ``run.json``."""

    complete: bool
    asked: str
    baseline: bool
    run: str
    summary: TrainSummary | None
    total_steps: int
    resumed_from: int | None
    world_size: int
    threads: int
    precision: str
    lr: float | None
    hours: float
    batch_s: float
    versions: dict[str, str]
    hardware: Hardware
    fingerprints: dict[str, str]


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run and the facts kept in ``run.json``."""

    root: Path

    @property
    def checkpoints(self) -> Path:
        """One folder a checkpoint."""
        return self.root / "checkpoints"

    @property
    def model(self) -> Path:
        """The chosen checkpoint's model."""
        return self.root / "model"

    @property
    def facts_path(self) -> Path:
        """``run.json``."""
        return self.root / "run.json"

    def facts(self) -> RunFacts:
        """What ``run.json`` says; empty when there is none.

        Raises:
            ModelError: it is damaged.
        """
        if not self.facts_path.exists():
            return {}
        return store.read_record(self.facts_path, RunFacts, ModelError)

    def recipe(self) -> Recipe | None:
        """The settings of the last session; None where there was none, or no version now reads them."""
        path = self.root / "recipe.toml"
        try:
            return recipe_from(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
        except (RecipeError, ValueError, RecursionError):
            return None

    def note(self, **facts: Any) -> None:
        """Adds facts to ``run.json``."""
        store.write_json(self.facts_path, {**self.facts(), **facts})

    def checkpoint_of(self, step: int) -> Path:
        """Folder of a step's checkpoint."""
        return self.checkpoints / checkpoint.folder_name(step)

    def prune(self, keep: Keep, best_step: int | None) -> list[str]:
        """Removes checkpoints that `keep` does not keep; gives their names."""
        entries = [_kept(found, best_step) for found in checkpoint.listed(self.checkpoints)]
        _, pruned = keep.split(entries)
        for entry in pruned:
            shutil.rmtree(self.checkpoints / entry.name, ignore_errors=True)
        return [entry.name for entry in pruned]


def _kept(found: Checkpoint, best_step: int | None) -> KeptCheckpoint:
    protected = bool(found.manifest.get("named")) or found.step == best_step
    return KeptCheckpoint(found.folder.name, found.position, found.size_bytes, protected)


def check_belongs(manifest: Manifest, place: str, origin: Origin) -> None:
    """Refuses a checkpoint of another model or data set, and names the settings that differ.

    Args:
        manifest: of the checkpoint.
        place: where it lies, for the message.
        origin: of now.

    Raises:
        ModelError: other ``[model]`` or ``[text]`` settings.
        DatasetError: other data.
    """
    before, now = manifest.get("fingerprints", {}), origin["fingerprints"]
    if before.get("model") != now["model"]:
        raise ModelError(
            f"{place} was made with other [model] or [text] settings"
            f"{_differing(manifest, origin, ('model.', 'text.'))}: restore them, or choose another --out "
            "(and train.mirror) to start again"
        )
    if before.get("data") != now["data"]:
        raise DatasetError(
            f"{place} was trained on other data{_differing(manifest, origin, ('train.',))}: give the data "
            "set it was trained on, or choose another --out (and train.mirror) and start from its model with "
            "model.base"
        )


def _differing(manifest: Manifest, origin: Origin, beginnings: tuple[str, ...]) -> str:
    """In brackets: the settings of both that differ; empty where none is known to."""
    before, now = manifest.get("settings", {}), origin["settings"]
    keys = sorted(key for key in before.keys() & now.keys() if key.startswith(beginnings))
    found = [f"{k} was {before[k]!r} and is {now[k]!r}" for k in keys if before[k] != now[k]]
    return f" ({'; '.join(found)})" if found else ""
