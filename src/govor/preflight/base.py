"""What the base model says of dev: decoded once, for preflight's figure and for step 0 of training."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from govor import store
from govor.config import Recipe, TrainConfig
from govor.errors import GovorError
from govor.load.seeds import fixed_rows, generator
from govor.models.base import DecodeOptions, Family
from govor.preflight.budget import Budget, OutOfTimeError

FILE = "base-dev.json"
SHARE_OF_BUDGET = 0.4
FIRST_CLIPS, CHUNK_CLIPS = 1, 16
"""Clips decoded before the first look at the clock, and most between two looks; fewer where time is short."""


@dataclass(frozen=True)
class BaseSaid:
    """Hypotheses of a model before training.

    Attributes:
        fingerprint: of everything that decides them; see `fingerprint_of_decoding`.
        texts: hypotheses by id, as decoded; of some of the rows where time ran out.
        rows: how many step 0 of training decodes.
        seconds_each: that decoding one took.
    """

    fingerprint: str
    texts: dict[str, str]
    rows: int
    seconds_each: float

    def save(self, folder: Path) -> None:
        """Writes it beside preflight's report."""
        folder.mkdir(parents=True, exist_ok=True)
        store.write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path, fingerprint: str) -> BaseSaid | None:
        """What `save` wrote, where it is of the same fingerprint; None where it is not, or damaged."""
        try:
            stored = cls(**store.read_json(folder / FILE))
        except (GovorError, OSError, TypeError):
            return None
        return stored if stored.fingerprint == fingerprint else None


def dev_options(recipe: Recipe) -> DecodeOptions:
    """How dev is decoded while training, and so before it."""
    return DecodeOptions(task=recipe.model.task)


def base_said(
    folder: Path, family: Any, dataset: Any, split: str, options: DecodeOptions, language: str | None
) -> BaseSaid | None:
    """What preflight decoded, where it did so with this very model, data and settings."""
    if not (folder / FILE).exists():
        return None
    return BaseSaid.load(folder, fingerprint_of_decoding(family, dataset, split, options, language))


def fingerprint_of_decoding(
    family: Any, dataset: Any, split: str, options: DecodeOptions, language: str | None
) -> str:
    """Of model (every weight, its settings, its precision), data and decoding settings."""
    generation = getattr(family.model, "generation_config", None)
    facts = {
        "weights": weights_digest(family.model),
        "settings": dict(family.as_dict()),
        "generation": generation.to_dict() if generation is not None else {},
        "precision": family.describe().get("precision"),
        "device": next(family.model.parameters()).device.type,
        "data": dataset.fingerprint,
        "split": split,
        "options": {"language": language, **asdict(options)},
    }
    return store.fingerprint(facts)


def weights_digest(model: Any) -> str:
    """Hash of names, types and bytes of all weights and buffers."""
    import torch

    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in model.state_dict().items():
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def decode_base(
    family: Family,
    dataset: Any,
    config: TrainConfig,
    options: DecodeOptions,
    language: str | None,
    budget: Budget,
) -> BaseSaid:
    """Decodes the dev rows that step 0 of training judges, in a seeded order, while its share of time lasts.

    Args:
        family: the model, untrained.
        dataset: with the dev split.
        config: ``[train]``.
        options: how hypotheses are made.
        language: of all clips; None: each clip's own.
        budget: of preflight.

    Raises:
        OutOfTimeError: there was no time for any.
    """
    ids = dataset.table(config.dev_split)["id"].to_list()
    rows = fixed_rows(len(ids), config.eval_utterances, config.seed)
    order = [rows[i] for i in generator("base", config.seed).permutation(len(rows))]
    start_s = time.monotonic()
    until_s = start_s + budget.share_s(SHARE_OF_BUDGET)
    texts = _decode(family, dataset, config.dev_split, order, options, language, until_s)
    if not texts:
        raise OutOfTimeError
    each_s = (time.monotonic() - start_s) / len(texts)
    identity = fingerprint_of_decoding(family, dataset, config.dev_split, options, language)
    return BaseSaid(identity, texts, len(rows), round(each_s, 4))


def _decode(
    family: Family,
    dataset: Any,
    split: str,
    rows: list[int],
    options: DecodeOptions,
    language: str | None,
    until_s: float,
) -> dict[str, str]:
    from govor.evaluate import decode_rows

    texts: dict[str, str] = {}
    begun_s = time.monotonic()
    size = FIRST_CLIPS if begun_s < until_s else 0
    while len(texts) < len(rows) and size:
        part = rows[len(texts) : len(texts) + size]
        decoded = decode_rows(family, dataset, split, part, options, language=language)
        texts |= {name: said.text for name, said in decoded}
        now_s = time.monotonic()
        each_s = (now_s - begun_s) / len(texts)
        size = min(CHUNK_CLIPS, int(max(0.0, until_s - now_s) / max(each_s, 1e-6)))
    return texts
