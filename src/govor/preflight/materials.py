"""What checks may ask for, each made once, when the first check asks."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from govor.config import PreflightConfig, Recipe, TrainConfig, Workspace
from govor.corpora.folder import SPLITS, Corpus
from govor.models.base import Family
from govor.models.listening import Listening
from govor.models.rates import UsualRate, first_rate, seconds_used
from govor.preflight.base import BaseSaid, decode_base, dev_options
from govor.preflight.budget import Budget
from govor.preflight.clips import Clip, Tables, at_rate, sample_clips
from govor.preflight.hearing import ClipFit, SourceOrder, choose, hear
from govor.preflight.labels import label_all
from govor.preflight.lengths import Lengths, lengths_of, order_of, source_rows
from govor.preflight.practice import Practice, choose_clips, overfit, practice_windows
from govor.preflight.repeats import Repeat, find_repeats
from govor.preflight.sources import SourceFacts, read_sources
from govor.text import Normaliser

Facts = MutableMapping[str, Any]
"""What checks tell by name, for the report and for the checks behind them."""


class UnavailableError(Exception):
    """There is no such thing in this recipe; checks that need it are skipped with this reason."""


class Materials:
    """Everything a check may name as a parameter.

    Args:
        recipe: resolved recipe.
        device: where the model runs.
        scratch: folder for what checks write, removed afterwards.
    """

    def __init__(self, recipe: Recipe, device: str, scratch: Path) -> None:
        self.recipe, self.device, self.scratch = recipe, device, scratch
        self.facts: Facts = {}
        self.projection: dict[str, float] = {}
        self.budget = Budget(recipe.preflight.minutes)

    @property
    def settings(self) -> PreflightConfig:
        """``[preflight]``."""
        return self.recipe.preflight

    @property
    def training(self) -> TrainConfig:
        """``[train]``."""
        return self.recipe.train

    @cached_property
    def usual_rate(self) -> UsualRate:
        """The learning rate that a run without ``[train] lr`` begins with."""
        train, split = self.training, self.training.train_split
        seconds = float(self.dataset.durations(split).sum()) if split in self.dataset.splits else 0.0
        return first_rate(self.recipe.model, seconds_used(train, seconds))

    @property
    def peak_rate(self) -> float:
        """The learning rate that the run will have."""
        return self.usual_rate.rate if self.training.lr is None else self.training.lr

    @cached_property
    def workspace(self) -> Workspace:
        """Folders of the recipe."""
        return Workspace.of(self.recipe)

    @property
    def previews(self) -> Path:
        """Where clips are written as a remedy would make them, to be listened to first."""
        return self.workspace.run / "preflight" / "preview"

    @cached_property
    def dataset(self) -> Any:
        """The prepared data set."""
        from govor.load import Dataset

        return Dataset.open(self.workspace.dataset)

    @property
    def sample_rate(self) -> int:
        """Of the prepared clips, in Hz."""
        return int(self.dataset.sample_rate)

    @cached_property
    def corpus(self) -> Corpus:
        """The corpus that the data set was made from, where it still lies beside it."""
        for folder in (self.workspace.selected, self.workspace.corpus):
            if (folder / "corpus.json").exists():
                return Corpus.open(folder)
        raise UnavailableError(f"there is no corpus in {self.workspace.root}")

    @cached_property
    def language(self) -> str | None:
        """Language of the model, else the most frequent one of the data."""
        if self.recipe.model.language:
            return self.recipe.model.language
        for split in SPLITS:
            if split in self.dataset.splits:
                common = self.dataset.table(split)["language"].drop_nulls().mode().sort()
                if len(common):
                    return str(common[0])
        return self.recipe.corpus.language

    @cached_property
    def normaliser(self) -> Normaliser:
        """The normaliser of ``[text]``."""
        return Normaliser.of(self.recipe.text, self.language)

    @cached_property
    def tables(self) -> Tables:
        """Rows of every split, with the normalised text as ``normal``."""
        return {
            split: with_normal(self.dataset.table(split), self.normaliser) for split in self.dataset.splits
        }

    @cached_property
    def family(self) -> Family:
        """The model as training would begin with it."""
        from govor.models import new_model

        split = self.training.train_split
        if split not in self.tables:
            raise UnavailableError(f"there is no {split} split to build a model for")
        model = new_model(
            self.recipe.model,
            normaliser=self.normaliser,
            train_texts=self.tables[split]["normal"].to_list(),
            language=self.language,
            device=self.device,
            precision=self.training.precision,
            seed=self.training.seed,
        )
        return model

    @cached_property
    def base(self) -> BaseSaid:
        """What the model says of dev before anything is trained."""
        self._require_known("has no WER before training")
        if self.training.dev_split not in self.tables:
            raise UnavailableError("there is no dev split")
        return decode_base(
            self.family,
            self.dataset,
            self.training,
            dev_options(self.recipe),
            self.recipe.model.language,
            self.budget,
        )

    def _require_known(self, lacks: str) -> None:
        model = self.recipe.model
        if model.from_scratch or model.vocabulary == "build":
            raise UnavailableError(f"a new model, or one with a new head, {lacks}")

    @cached_property
    def source_rows(self) -> pl.DataFrame:
        """Texts and seconds of all rows in the order of the source; see `govor.preflight.lengths`."""
        imported = self.workspace.corpus
        try:
            corpus = Corpus.open(imported) if (imported / "corpus.json").exists() else self.corpus
        except UnavailableError:
            return source_rows(None, self.tables)
        return source_rows(corpus, self.tables)

    @cached_property
    def lengths(self) -> Lengths:
        """Letters and seconds of all rows."""
        return lengths_of(self.source_rows)

    @cached_property
    def order(self) -> SourceOrder:
        """Normalised texts of all rows in the order of the source."""
        return order_of(self.source_rows, self.normaliser)

    @cached_property
    def hearings(self) -> list[ClipFit]:
        """A few clips with their own and other texts scored on them; before anything is trained."""
        self._require_known("knows no speech yet")
        family = self.family
        if not isinstance(family, Listening):
            raise UnavailableError("this kind of model does not score texts")
        language = self.recipe.model.language
        clips = [at_rate(one, self.sample_rate, family.sample_rate) for one in self.clips]
        told = [replace(one, language=language or one.language) for one in clips]
        chosen = choose(told, family.sample_rate)
        return hear(family, chosen, self.order, practice_windows(family), self.settings.seed, self.budget)

    @cached_property
    def labels(self) -> Tables:
        """Every transcript as labels and back: columns of `govor.preflight.labels.label_all`."""
        return label_all(self.family, self.tables, self.normaliser, self.budget)

    @cached_property
    def clips(self) -> list[Clip]:
        """A seeded sample of decoded clips, spread over the splits."""
        return list(sample_clips(self.dataset, self.tables, self.settings))

    @cached_property
    def repeats(self) -> list[Repeat]:
        """Clips of two splits that say one sentence, compared by ear: see `govor.preflight.repeats`."""
        return find_repeats(self.dataset, self.tables, self.budget)

    @cached_property
    def practice_clips(self) -> list[Clip]:
        """The few train clips that are overfitted."""
        chosen = choose_clips(self.clips, self.family)
        if not chosen:
            raise UnavailableError("no sampled train clip is long enough for its text")
        return [at_rate(clip, self.sample_rate, self.family.sample_rate) for clip in chosen]

    @cached_property
    def practice(self) -> Practice:
        """One batch overfitted; the weights of `family` are changed by it."""
        return overfit(self.family, self.practice_clips, self.budget)

    @cached_property
    def saved_model(self) -> Path:
        """The overfitted model, saved as a checkpoint saves it."""
        _ = self.practice
        self.budget.spend()
        folder = self.scratch / "model"
        self.family.save(folder)
        return folder

    @cached_property
    def sources(self) -> list[SourceFacts]:
        """A seeded sample of the corpus's utterances, measured at their source."""
        return list(read_sources(self.corpus, self.settings.clips, self.settings.seed, self.budget))


def with_normal(table: pl.DataFrame, normaliser: Normaliser) -> pl.DataFrame:
    """`table` with the normalised text as ``normal``; equal texts are normalised once."""
    languages = table["language"] if "language" in table.columns else [None] * table.height
    pairs = list(zip(table["text"].to_list(), languages, strict=True))
    normal = {pair: normaliser(pair[0] or "", pair[1]) for pair in set(pairs)}
    return table.with_columns(pl.Series("normal", [normal[pair] for pair in pairs], dtype=pl.String))
