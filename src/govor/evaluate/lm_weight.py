"""The weight of a language model and the bonus for a word, chosen where it is fair to: on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.console import progress, say
from govor.errors import AudioError, DatasetError, ModelError, UsageError
from govor.evaluate.decode import at_rate, plan_for
from govor.lm.entry import LmSummary, make_lm
from govor.lm.settings import settings_path
from govor.memory import in_halves
from govor.models.base import DecodeOptions, Recogniser, Searched
from govor.store import read_json, write_json

WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.7, 1.0, 1.4)
BONUSES = (0.0, 0.7, 1.5, 2.5)
MOST_UTTERANCES = 300


@dataclass(frozen=True)
class WeightChoice:
    """What was chosen for a language model, and on what.

    Attributes:
        lm_weight: of the language model.
        word_bonus: for each word.
        wer: with both.
        wer_without: of beam search without a language model.
        utterances: that they were chosen on.
        chosen_on: data set and split.
    """

    lm_weight: float
    word_bonus: float
    wer: float
    wer_without: float
    utterances: int
    chosen_on: str


@dataclass(frozen=True)
class ModelLmSummary(WeightChoice, LmSummary):
    """What `make_lm_for` returns: what `make_lm` does, and the choice."""


def make_lm_for(
    model: str, source: str, out: Path, order: int, *, dataset: str | None, split: str, device: str
) -> ModelLmSummary:
    """A language model for one CTC model: its normaliser, and weights chosen with it.

    Args:
        model: whatever `open_model` takes.
        source: train text, as `govor.lm.entry.make_lm` takes it.
        out: the ARPA file; weight and bonus stand beside it as JSON.
        order: words of the longest n-gram.
        dataset: whose `split` chooses the weight; default: `source`.
        split: such as ``dev``.
        device: for the model.

    Raises:
        UsageError: the weight would be chosen on test.
    """
    from govor.models import open_model

    if split == "test":
        raise UsageError("--split test: a weight chosen on test makes its score worthless; use dev")
    recogniser = open_model(model, device=device)
    summary = make_lm(source, out, order, recogniser.normaliser)
    chosen = asdict(choose_weight(recogniser, out, dataset or source, split))
    write_json(settings_path(out), {**read_json(settings_path(out)), **chosen})
    return ModelLmSummary(**vars(summary), **chosen)


def choose_weight(recogniser: Recogniser, arpa: Path, dataset: str, split: str) -> WeightChoice:
    """Tries a grid of weights and bonuses on one split; the acoustic model runs once.

    Args:
        recogniser: a CTC model.
        arpa: the language model.
        dataset: data set with the split.
        split: such as ``dev``; at most 300 utterances of it, evenly spread.

    Returns:
        The best; among equals the smallest weight wins.

    Raises:
        ModelError: the model is not a CTC model.
        DatasetError: the split is missing or empty.
    """
    scores, references = _outputs(recogniser, dataset, split)
    base = DecodeOptions(lm=str(arpa))
    tried: dict[tuple[float, float], float] = {}
    with progress("weights", len(WEIGHTS) * len(BONUSES), "settings") as bar:
        for weight, bonus in product(WEIGHTS, BONUSES):
            options = replace(base, lm_weight=weight, word_bonus=bonus)
            tried[weight, bonus] = _wer(recogniser, options, scores, references)
            bar.advance(note=f"WER {min(tried.values()):.4f}")
    best = min(tried, key=lambda setting: (tried[setting], setting))
    without = _wer(recogniser, DecodeOptions(beam_size=32), scores, references)
    return WeightChoice(*best, tried[best], without, len(references), f"{dataset}:{split}")


def _outputs(recogniser: Recogniser, dataset: str, split: str) -> tuple[list[NDArray[np.float32]], list[str]]:
    from govor.load import Dataset

    if not isinstance(recogniser, Searched):
        raise ModelError(f"{recogniser.name} is not a CTC model: n-gram fusion needs frame probabilities")
    data = Dataset.open(dataset)
    count = data.splits.get(split, 0)
    if not count:
        raise DatasetError(f"{dataset} has no {split} split to choose the weight on: name one with --split")
    rows = np.unique(np.linspace(0, count - 1, min(count, MOST_UTTERANCES)).round().astype(np.int64)).tolist()
    texts, scores, references = data.table(split)["text"].to_list(), [], []
    for batch in plan_for(recogniser, data.durations(split), rows, None, DecodeOptions()):
        waves = [at_rate(data.wave(split, row), data.sample_rate, recogniser.sample_rate) for row in batch]
        found = in_halves(recogniser.log_probs, waves)
        for row, frames in zip(batch, found, strict=True):
            if isinstance(frames, AudioError):
                say(f"{split} row {row} is left out: {frames}")
                continue
            scores.append(frames)
            references.append(recogniser.normaliser(texts[row]))
    return scores, references


def _wer(
    recogniser: Recogniser,
    options: DecodeOptions,
    scores: Sequence[NDArray[np.float32]],
    references: Sequence[str],
) -> float:
    from govor.evaluate import word_edits
    from govor.records import EditCounts

    assert isinstance(recogniser, Searched)  # `_outputs` has refused others
    total = EditCounts()
    for text, reference in zip(recogniser.searched_texts(scores, options), references, strict=True):
        total += word_edits(reference, recogniser.normaliser(text))
    return round(total.rate, 5) if total.reference_length else 0.0
