"""DevEvaluation while training: a fixed part of dev, decoded for real, on all processes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from govor.config import TrainConfig
from govor.console import progress
from govor.errors import DatasetError, RecipeError
from govor.load.seeds import fixed_rows
from govor.train.alarm import disagreement, forced_error
from govor.train.feed import Feed
from govor.train.reduce import Ranks
from govor.train.summary import DevScores
from govor.train.windows import WindowsVerdict, compare_windows

if TYPE_CHECKING:
    from govor.evaluate import Grouping
    from govor.models.base import DecodeOptions, Family, PromptFacts

FORCED_CLIPS = 16
_WORDS = re.compile(r"[a-z]+")
_TEST_WORDS = {"test", "tests", "testing", "devtest"}


class BrokenOffError(Exception):
    """A process was asked to stop while dev was being decoded."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class DevEvaluation:
    """What an evaluation found.

    Attributes:
        wer: normalised, corpus level.
        cer: likewise for characters.
        forced: teacher-forced error on a few of the clips.
        utterances: how many were decoded.
        seconds: it took.
        samples: (id, reference, hypothesis) of a fixed few.
        warning: when `forced` and `wer` contradict each other.
        texts: hypotheses by id.
        prompt: that they were decoded with; None for models without one.
        errors: word errors by id.
    """

    wer: float
    cer: float
    forced: float
    utterances: int
    seconds: float
    samples: tuple[tuple[str, str, str], ...]
    warning: str | None
    texts: Mapping[str, str] = field(default_factory=dict)
    prompt: PromptFacts | None = None
    errors: Mapping[str, int] = field(default_factory=dict)

    def scores(self) -> DevScores:
        """As ``metrics.jsonl`` holds it."""
        found: DevScores = {
            "wer": self.wer,
            "cer": self.cer,
            "forced_error": round(self.forced, 5),
            "utterances": self.utterances,
            "seconds": round(self.seconds, 3),
        }
        return {"prompt": self.prompt, **found} if self.prompt else found


def check_splits(config: TrainConfig, splits: dict[str, int]) -> None:
    """Refuses to choose a model on test data, and splits that are not there.

    Raises:
        RecipeError: dev is a test split, or the same as train.
        DatasetError: the data set lacks a split.
    """
    if config.dev_split == config.train_split:
        raise RecipeError(
            f"train.dev_split is {config.dev_split!r}, which is also learned from: choose another split"
        )
    for key, split in (("train_split", config.train_split), ("dev_split", config.dev_split)):
        if _TEST_WORDS & set(_WORDS.findall(split.lower())):
            raise RecipeError(
                f"train.{key} is {split!r}: test data is never trained on or used to choose a model; "
                "make a dev split with govor select --dev N"
            )
        if not splits.get(split):
            raise DatasetError(
                f"the data set has no {split} split (it has {_counts_in_words(splits)}): "
                f"govor select --dev N makes one, or name another with train.{key}"
            )


def _counts_in_words(splits: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in splits.items()) or "none"


class Judge:
    """Decodes dev and counts errors; leaves the model in the state it found it.

    Args:
        family: what is judged.
        dataset: with the dev split.
        config: settings.
        options: how hypotheses are made.
        ranks: processes among which the rows are shared out.
        language: of all clips; None: each clip's own.
    """

    def __init__(
        self,
        family: Family,
        dataset: Any,
        config: TrainConfig,
        options: DecodeOptions,
        ranks: Ranks,
        language: str | None = None,
    ) -> None:
        self.family, self.dataset, self.config = family, dataset, config
        self.options, self.ranks, self.language = options, ranks, language
        table = dataset.table(config.dev_split)
        self._ids, self._texts = table["id"].to_list(), table["text"].to_list()
        languages = table["language"].to_list() if "language" in table.columns else [None] * len(self._ids)
        self._references = {
            i: family.normaliser(text, lang)
            for i, text, lang in zip(self._ids, self._texts, languages, strict=True)
        }
        self._languages = dict(zip(self._ids, languages, strict=True))
        self.rows = fixed_rows(len(self._ids), config.eval_utterances, config.seed)

    @property
    def size(self) -> int:
        """Utterances in the whole split."""
        return len(self._ids)

    def units_and_groups(self, ids: Sequence[str]) -> tuple[dict[str, int], Grouping]:
        """Reference words by id, and what intervals over these utterances resample."""
        from govor.evaluate.edits import words
        from govor.evaluate.results import groups_of

        places = {name: row for row, name in enumerate(self._ids)}
        known = [name for name in ids if name in places]
        table = self.dataset.table(self.config.dev_split)[[places[name] for name in known]]
        return {name: len(words(self._references[name])) for name in known}, groups_of(table)

    def of(self, family: Family) -> Judge:
        """The same judge for another model."""
        return Judge(family, self.dataset, self.config, self.options, self.ranks, self.language)

    def judge(
        self,
        whole: bool = False,
        stopped: Callable[[], bool] = _never,
        known: Mapping[str, str] | None = None,
    ) -> DevEvaluation:
        """Decodes the fixed subset, or all of dev.

        Args:
            whole: all of dev.
            stopped: whether to break off.
            known: hypotheses by id that this very model gave these clips; they are not decoded again.

        Raises:
            BrokenOffError: `stopped` was true on some process before all was decoded.
        """
        import torch

        start_s = time.monotonic()
        self.ranks.share_buffers(self.family.model)
        self.family.model.eval()
        rows = list(range(len(self._ids))) if whole else self.rows
        with torch.no_grad():
            hypotheses = self._decode(rows, self.options, stopped, known or {})
        pairs = [(self._references[i], self.family.normaliser(h, self._languages[i])) for i, h in hypotheses]
        return self._judgement(pairs, hypotheses, self._forced(), time.monotonic() - start_s)

    def compare_windows(self, full: Mapping[str, str]) -> WindowsVerdict | None:
        """The model over full windows against short ones, on the fixed subset; None where it knows full ones.

        Args:
            full: hypotheses over full windows by id, of the fixed subset or more.
        """
        if self.config.windows in ("full", "thinned") or self.family.max_window_s is None:
            return None
        from govor.evaluate.results import groups_of

        short = dict(self._decode(self.rows, replace(self.options, windows="short")))
        ids = [self._ids[row] for row in self.rows]
        return compare_windows(
            {i: self._texts[row] for i, row in zip(ids, self.rows, strict=True)},
            {i: full[i] for i in ids if i in full},
            short,
            self.family.normaliser,
            groups_of(self.dataset.table(self.config.dev_split)[self.rows]),
            self._languages,
        )

    def _decode(
        self,
        rows: list[int],
        options: DecodeOptions,
        stopped: Callable[[], bool] = _never,
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> list[tuple[str, str]]:
        mine = self._decode_mine(rows[self.ranks.rank :: self.ranks.size], options, stopped, known)
        parts = self.ranks.gather(mine)
        if any(part is None for part in parts):
            raise BrokenOffError
        order = {self._ids[row]: number for number, row in enumerate(rows)}
        return sorted((pair for part in parts for pair in part), key=lambda pair: order[pair[0]])

    def _decode_mine(
        self, rows: list[int], options: DecodeOptions, stopped: Callable[[], bool], known: Mapping[str, str]
    ) -> list[tuple[str, str]] | None:
        """(id, text) of this process's rows, or None where it was asked to stop on the way."""
        from govor.evaluate import decode_rows

        split = self.config.dev_split
        found = [(self._ids[row], known[self._ids[row]]) for row in rows if self._ids[row] in known]
        left = [row for row in rows if self._ids[row] not in known]
        with (
            progress(f"decode {split}", len(left), "utterances")
            if self._shows(left)
            else nullcontext() as bar
        ):
            for i, hypothesis in decode_rows(
                self.family, self.dataset, split, left, options, language=self.language
            ):
                if stopped():
                    return None
                found.append((i, hypothesis.text))
                bar.advance() if bar else None
        return found

    def _shows(self, rows: list[int]) -> bool:
        return self.ranks.main and bool(rows)

    def _forced(self) -> float:
        """Teacher-forced error on a few clips."""
        feed = Feed(self.dataset, self.config.dev_split, np.asarray(self.rows), self.family)
        examples = feed.examples(self.rows[:FORCED_CLIPS])
        return forced_error(self.family, examples) if examples else 1.0

    def _judgement(
        self,
        pairs: list[tuple[str, str]],
        hypotheses: list[tuple[str, str]],
        forced: float,
        seconds: float,
    ) -> DevEvaluation:
        from govor.evaluate import corpus_rate, word_edits
        from govor.models.base import prompt_of

        wer = corpus_rate(pairs)
        errors = [word_edits(reference, hypothesis).errors for reference, hypothesis in pairs]
        samples = [
            (i, reference, hypothesis)
            for (i, _), (reference, hypothesis) in zip(hypotheses, pairs, strict=True)
        ][: self.config.samples]
        return DevEvaluation(
            wer,
            corpus_rate(pairs, characters=True),
            forced,
            len(pairs),
            seconds,
            tuple(samples),
            disagreement(forced, wer, pairs),
            dict(hypotheses),
            prompt_of(self.family, self.options, self.language),
            {i: count for (i, _), count in zip(hypotheses, errors, strict=True)},
        )
