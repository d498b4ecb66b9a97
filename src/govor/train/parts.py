"""The parts of a run, built from a recipe: processes, precision, data, family."""

from __future__ import annotations

import dataclasses
import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor import store
from govor.config import ModelConfig, Recipe, TrainConfig
from govor.errors import MachineError, RecipeError
from govor.shown import first_line
from govor.text import Normaliser
from govor.train.checkpoint import Checkpoint
from govor.train.epoch import Rows
from govor.train.reduce import Ranks
from govor.train.seeds import generator

if TYPE_CHECKING:
    from govor.models.base import Family

LONGEST_WAIT_H = 24
"""Of processes for one another. When one ends, its launcher ends the others at once."""


ADDED_LATER = ("plain_share", "previous_share", "generation")
"""Settings of [model] that older checkpoints do not know."""


def start_processes(device: str) -> Ranks:
    """This process among those that ``torchrun`` or ``accelerate launch`` started (or alone).

    The others wait here while the first one runs preflight or fetches a mirror's copy: hours, not the ten or
    thirty minutes that torch would give it.

    Raises:
        MachineError: a device was asked for that this machine does not have, or the processes do not find
            each other.
        UsageError: the word is not a device.
    """
    import torch
    from transformers.utils import logging

    from govor.models.device import choose_device

    logging.disable_progress_bar()
    asked = choose_device(device)
    state = _joined(asked.type == "cpu")
    place = state.device if device in ("auto", "cpu") else asked
    if place.type == "cuda":
        torch.cuda.set_device(place)
    return Ranks(state.process_index, state.num_processes, place)


def _joined(on_cpu: bool) -> Any:
    """accelerate's state of this process, with as many others as were started.

    Raises:
        MachineError: they do not find each other.
    """
    from accelerate import PartialState

    try:
        state = PartialState(cpu=on_cpu, timeout=timedelta(hours=LONGEST_WAIT_H))
    except (RuntimeError, ValueError) as error:
        raise MachineError(
            f"the processes of this run cannot find each other ({first_line(error)}): look at the "
            "first one's message, and start them again with one torchrun"
        ) from error
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != state.num_processes:
        raise MachineError(
            f"{started} processes were started, but this one counts {state.num_processes}: each would train "
            "alone; use torchrun --nproc-per-node N -m govor train"
        )
    return state


def set_threads(config: TrainConfig) -> int:
    """Sets torch's threads where the recipe says so; gives their number."""
    import torch

    if config.threads:
        torch.set_num_threads(config.threads)
    return torch.get_num_threads()


def language_of(recipe: Recipe, dataset: Any) -> str | None:
    """Language of the model, else the most frequent one of the train split, else the corpus's."""
    if recipe.model.language:
        return recipe.model.language
    table = dataset.table(recipe.train.train_split)
    if "language" in table.columns:
        common = table["language"].drop_nulls().mode().sort()
        if len(common):
            return str(common[0])
    return recipe.corpus.language


def chosen_rows(durations: NDArray[np.float64], hours: float | None, seed: int) -> Rows:
    """Rows of the train split that are used: all, or a seeded part of so many hours.

    Parts are nested: with the same seed, a larger part holds every row of a smaller one.

    Raises:
        RecipeError: the split holds less.
    """
    if hours is None:
        return np.arange(len(durations), dtype=np.int64)
    if hours * 3600 > durations.sum() * 1.005:
        raise RecipeError(
            f"train.hours is {hours:g}, the split holds {durations.sum() / 3600:.3g} h: ask for "
            "less, or leave it"
        )
    order = generator("hours", seed).permutation(len(durations))
    count = int(np.searchsorted(np.cumsum(durations[order]), hours * 3600)) + 1
    return np.sort(order[:count]).astype(np.int64)


def model_fingerprint(recipe: Recipe) -> str:
    """Of the settings that decide which model is trained on which text.

    Settings that came later count only where they are set: runs that began without them are continued.
    """
    return store.fingerprint({"model": model_settings(recipe.model), "text": recipe.text})


def model_settings(config: ModelConfig) -> dict[str, object]:
    """``[model]`` as fingerprints have it: without the settings that came later and that nobody set."""
    unset = dataclasses.asdict(ModelConfig())
    return {
        name: value
        for name, value in dataclasses.asdict(config).items()
        if name not in ADDED_LATER or value != unset[name]
    }


def data_fingerprint(recipe: Recipe, dataset: Any) -> str:
    """Of the data set and the part of it that is used."""
    part = (recipe.train.train_split, recipe.train.hours, recipe.train.seed if recipe.train.hours else None)
    return store.fingerprint({"data": dataset.fingerprint, "part": part})


def settings_behind(recipe: Recipe) -> dict[str, object]:
    """The settings that both fingerprints hang on, flat, as a checkpoint's manifest holds them."""
    parts = {"model": dataclasses.asdict(recipe.model), "text": dataclasses.asdict(recipe.text)}
    flat = {f"{part}.{key}": value for part, settings in parts.items() for key, value in settings.items()}
    config = recipe.train
    flat |= {"train.train_split": config.train_split, "train.hours": config.hours}
    if config.hours:
        flat["train.seed"] = config.seed
    plain: dict[str, object] = json.loads(store.canonical_json(flat))
    return plain


def make_family(recipe: Recipe, dataset: Any, rows: Rows, device: str, start: Checkpoint | None) -> Family:
    """The model to train: new, from its base, or as a checkpoint holds it."""
    from govor.models import new_model, resume_model

    config = recipe.train
    if start is not None:
        return resume_model(recipe.model, start.folder, device=device, precision=config.precision)
    language = language_of(recipe, dataset)
    normaliser = Normaliser.of(recipe.text, language)
    table = dataset.table(config.train_split)[rows]
    texts = table["text"].to_list()
    own = table["language"].to_list() if "language" in table.columns else [None] * len(texts)
    return new_model(
        recipe.model,
        normaliser=normaliser,
        train_texts=(normaliser(text, tag) for text, tag in zip(texts, own, strict=True)),
        language=language,
        device=device,
        precision=config.precision,
        seed=config.seed,
    )
