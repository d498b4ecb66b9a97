"""From a planned epoch to collated batches, one list per optimiser step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from govor.errors import AudioError
from govor.models.base import Example
from govor.train.augment import Augmenter
from govor.train.epoch import EpochPlan, Rows

if TYPE_CHECKING:
    from govor.models.base import Batch, Family


@dataclass(frozen=True)
class Skipped:
    """A clip that could not be used.

    Attributes:
        id: of the utterance.
        reason: stable snake_case code.
        detail: for people.
    """

    id: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class FedBatch:
    """A batch as the loop takes it.

    Attributes:
        batch: collated; empty when no clip could be used.
        ids: of its utterances.
        seconds: of audio.
        padded_seconds: clips times the longest one.
        skipped: clips left out.
    """

    batch: Batch
    ids: tuple[str, ...]
    seconds: float
    padded_seconds: float
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Maker:
    """Makes examples and batches of rows; a pure function of (row, epoch).

    Attributes:
        dataset: where the clips are.
        split: of the data set.
        used: rows of the split that are used; batches hold indices into it.
        family: features, labels and padding.
        augmenter: what is done to clips, or None.
    """

    dataset: Any
    split: str
    used: Rows
    family: Family
    augmenter: Augmenter | None

    def batch(self, rows: Rows, epoch: int) -> FedBatch:
        """Decodes, augments, featurises and collates rows; clips that cannot be used are left out."""
        examples, skipped = self.examples(rows, epoch)
        seconds = [example.seconds for example in examples]
        return FedBatch(
            self.family.collate(examples) if examples else {},
            tuple(example.id for example in examples),
            sum(seconds),
            len(seconds) * max(seconds, default=0.0),
            tuple(skipped),
        )

    def examples(self, rows: Rows, epoch: int) -> tuple[list[Example], list[Skipped]]:
        """(examples, clips that cannot be used) of rows."""
        examples: list[Example] = []
        skipped: list[Skipped] = []
        table = self.dataset.table(self.split)
        for row in self.used[rows]:
            made = self._example(int(row), epoch, table)
            examples.append(made) if isinstance(made, Example) else skipped.append(made)
        return examples, skipped

    def _example(self, row: int, epoch: int, table: Any) -> Example | Skipped:
        utterance, text, language = table["id"][row], table["text"][row], None
        if "language" in table.columns:
            language = table["language"][row]
        labels = tuple(self.family.encode_text(self.family.normaliser(text, language), language))
        most = self.family.max_labels
        if most is not None and len(labels) > most:
            return Skipped(utterance, "too_many_labels", f"{len(labels)} labels, the model takes {most}")
        try:
            wave = self.dataset.wave(self.split, row)
        except AudioError as error:
            return Skipped(utterance, error.code, str(error))
        if self.augmenter:
            wave = self.augmenter.wave(wave, epoch, utterance)
        features = self.family.extractor(wave)
        if self.augmenter:
            features = self.augmenter.features(features, epoch, utterance)
        return Example(utterance, features, labels, len(wave) / self.family.sample_rate, language)


def feed(maker: Maker, plan: EpochPlan, rank: int, workers: int) -> Iterator[list[FedBatch]]:
    """What is left of an epoch for one process: a list of batches per optimiser step."""
    for group in plan.groups():
        yield [maker.batch(ranks[rank], plan.epoch) for ranks in group]
