"""From a planned epoch to collated batches, one list per optimiser step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from govor.models.base import FULL, EncoderWindows, Example
from govor.train.augment import Augmenter
from govor.train.epoch import EpochPlan, Rows
from govor.train.seeds import derived_seed

if TYPE_CHECKING:
    from govor.load import LoadedClip
    from govor.models.base import Batch, Family

NEEDED = ("recording", "start", "end")
LONGEST_GAP_S = 30.0
"""What ended earlier is no longer in the window before: Whisper's windows are 30 s."""


IMPOSSIBLE = "the model gives fewer frames than its labels need"


def previous_rows(table: pl.DataFrame) -> Rows:
    """Row of the utterance before, of every row of a split ``[N]``; -1 where there is none.

    Args:
        table: rows of one split; where recordings or times are unknown, nothing is before anything.
    """
    if any(name not in table.columns for name in NEEDED):
        return np.full(table.height, -1, np.int64)
    rows = pl.int_range(table.height, dtype=pl.Int64).alias("row")
    ordered = table.select(*NEEDED, rows).sort("recording", "start", "row")
    ends, begins = pl.col("end").shift(1).over("recording"), pl.col("start").shift(1).over("recording")
    known = pl.col("recording").is_not_null() & pl.col("start").is_not_null()
    follows = known & (begins < pl.col("start")) & (pl.col("start") - ends <= LONGEST_GAP_S)
    before = pl.when(follows).then(pl.col("row").shift(1).over("recording")).otherwise(-1)
    found = ordered.with_columns(before.fill_null(-1).alias("before")).sort("row")
    return found["before"].to_numpy()


@dataclass(frozen=True)
class SkippedClip:
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
        batch: collated; None when no clip could be used.
        ids: of its utterances.
        seconds: of audio.
        padded_seconds: clips times the longest one.
        skipped: clips left out.
    """

    batch: Batch | None
    ids: tuple[str, ...]
    seconds: float
    padded_seconds: float
    skipped: tuple[SkippedClip, ...] = ()

    @property
    def computed_seconds(self) -> float:
        """Seconds that the model computes: the padded ones, or whole windows where the batch has such."""
        window_s = self.batch.window_s if self.batch else 0.0
        return len(self.ids) * window_s or self.padded_seconds


class Feed:
    """Turns planned rows into collated batches: workers decode, augment and featurise, this process labels.

    Args:
        dataset: where the clips are.
        split: of the data set.
        used: rows of the split that are used; plans hold indices into it.
        family: labels, padding, and the extractor that the workers get.
        augmenter: what is done to clips, or None.
        seed: of the run.
        workers: processes; 0 works in this one.
        mixed: label as training mixes prompts, drawn for every example; else as the model decodes.
        windows: encoder windows.
    """

    def __init__(
        self,
        dataset: Any,
        split: str,
        used: Rows,
        family: Family,
        *,
        augmenter: Augmenter | None = None,
        seed: int = 0,
        workers: int = 0,
        mixed: bool = False,
        windows: EncoderWindows = FULL,
    ) -> None:
        from govor.load import ClipWork, Loader

        table = dataset.table(split)
        self._ids, self._texts = table["id"].to_list(), table["text"].to_list()
        has_language = "language" in table.columns
        self._languages = table["language"].to_list() if has_language else [None] * len(self._ids)
        self.family, self.used, self.seed, self.mixed = family, used, seed, mixed
        self.windows = windows
        self._before = previous_rows(table) if mixed and family.previous_share else None
        work = ClipWork(dataset, split, family.extractor, augmenter)
        self._loader = Loader(work, self._ids, workers=workers)

    def steps(self, plan: EpochPlan, rank: int) -> Iterator[list[FedBatch]]:
        """What is left of an epoch for one process: a list of batches per optimiser step."""
        groups = plan.groups()
        rows = (self.used[ranks[rank]] for group in groups for ranks in group)
        loaded = self._loader.load(rows, plan.epoch)
        for group in groups:
            yield [self._batch(next(loaded), plan.epoch) for _ in group]

    def examples(self, rows: Sequence[int], epoch: int = 0) -> list[Example]:
        """Examples of rows of the split; those that cannot be used are left out."""
        (clips,) = self._loader.load([np.asarray(rows, np.int64)], epoch)
        return [made for clip in clips if isinstance(made := self._example(clip, epoch), Example)]

    def close(self) -> None:
        """Ends the workers."""
        self._loader.close()

    def _batch(self, clips: Sequence[LoadedClip], epoch: int) -> FedBatch:
        made = [self._example(clip, epoch) for clip in clips]
        examples = [one for one in made if isinstance(one, Example)]
        skipped = [one for one in made if isinstance(one, SkippedClip)]
        batch = self.family.collate(examples, self.windows) if examples else None
        skipped += [SkippedClip(i, "too_few_frames", IMPOSSIBLE) for i in (batch.impossible if batch else ())]
        seconds = [example.seconds for example in examples]
        return FedBatch(
            batch,
            tuple(example.id for example in examples),
            sum(seconds),
            len(seconds) * max(seconds, default=0.0),
            tuple(skipped),
        )

    def _example(self, clip: LoadedClip, epoch: int) -> Example | SkippedClip:
        utterance, language = self._ids[clip.row], self._languages[clip.row]
        if clip.features is None:
            return SkippedClip(utterance, clip.reason, clip.detail)
        longest_s = self.family.max_window_s
        if longest_s is not None and clip.seconds > longest_s:
            return SkippedClip(
                utterance, "too_long", f"{clip.seconds:.2f} s, the model hears {longest_s:g} s"
            )
        text = self.family.normaliser(self._texts[clip.row], language)
        draw = derived_seed("example", self.seed, epoch, utterance)
        labels = self.family.label(
            text,
            language,
            clip.seconds,
            draw=draw if self.mixed else None,
            previous=self._previous(clip.row),
        )
        tokens, most = labels.tokens, self.family.max_labels
        if most is not None and len(tokens) > most:
            return SkippedClip(utterance, "too_many_labels", f"{len(tokens)} labels, the model takes {most}")
        return Example(
            utterance, clip.features, tokens, clip.seconds, language, clip.padding, draw, labels.context
        )

    def _previous(self, row: int) -> str | None:
        """Normalised text of the utterance before in the same recording, where it is shown at all."""
        before = -1 if self._before is None else int(self._before[row])
        return self.family.normaliser(self._texts[before], self._languages[before]) if before >= 0 else None
