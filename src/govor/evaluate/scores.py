"""Scores of hypotheses against references, joined by id, every row counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from govor.errors import InputError
from govor.evaluate.edits import char_edits, word_edits
from govor.evaluate.intervals import Grouping, grouping, rate_interval
from govor.records import EditCounts, Interval
from govor.text.spacing import is_mostly_unspaced


class TextNormaliser(Protocol):
    """What scoring needs of a normaliser; `govor.text.Normaliser` has it."""

    @property
    def name(self) -> str:
        """Name with version, as reports show it."""

    @property
    def language(self) -> str | None:
        """BCP 47 tag of texts that name none."""

    def __call__(self, text: str, language: str | None = None) -> str:
        """`text` normalised."""

    def as_dict(self) -> dict[str, object]:
        """Plain data."""


BY_SPACE = "white space"
BY_CHARACTER = "characters with their marks; white space in scripts that write it"

EditTable = NDArray[np.int32]
"""``[N, 4]``: hits, substitutions, deletions and insertions of N utterances."""

HITS, SUBSTITUTIONS, DELETIONS, INSERTIONS = range(4)


@dataclass(frozen=True)
class Level:
    """Edits of all utterances in one unit.

    Attributes:
        edits: hits, substitutions, deletions, insertions ``[N, 4]``.
        groups: what its interval resamples.
        seed: of the bootstrap.
    """

    edits: EditTable
    groups: Grouping
    seed: int = 0

    @cached_property
    def errors(self) -> NDArray[np.int64]:
        """Errors of every utterance ``[N]``."""
        return np.asarray(self.edits[:, SUBSTITUTIONS:].sum(axis=1), np.int64)

    @cached_property
    def units(self) -> NDArray[np.int64]:
        """Reference units of every utterance ``[N]``."""
        return np.asarray(self.edits[:, :INSERTIONS].sum(axis=1), np.int64)

    @property
    def counts(self) -> EditCounts:
        """Totals."""
        return EditCounts(*(int(n) for n in self.edits.sum(axis=0, dtype=np.int64)))

    @cached_property
    def rates(self) -> NDArray[np.float64]:
        """Rate of every utterance ``[N]``; infinity for insertions against an empty reference."""
        errors, units = self.errors, self.units
        empty = np.where(errors > 0, np.inf, 0.0)
        return np.divide(errors, units, out=empty, where=units > 0)

    @cached_property
    def interval(self) -> Interval:
        """The corpus rate with its interval."""
        return rate_interval(self.errors, self.units, self.groups, self.seed)


@dataclass(frozen=True)
class Texts:
    """What was compared: references and hypotheses in one order.

    Attributes:
        references: source texts ``[N]``.
        hypotheses: texts of the model ``[N]``; a missing one is empty.
        normal_references: references after the normaliser ``[N]``.
        normal_hypotheses: hypotheses after the normaliser ``[N]``.
    """

    references: Sequence[str]
    hypotheses: Sequence[str]
    normal_references: Sequence[str]
    normal_hypotheses: Sequence[str]


@dataclass(frozen=True)
class Scores:
    """Everything counted about one system on one set of references.

    Attributes:
        ids: of the utterances, in the order of every array here.
        texts: what was compared.
        words: normalised word edits.
        chars: normalised character edits.
        raw_words: word edits of the texts as they are.
        raw_chars: character edits of the texts as they are.
        missing: ids without a hypothesis; all their words count as deleted.
        normaliser: name and version of the normaliser.
    """

    ids: Sequence[str]
    texts: Texts
    words: Level
    chars: Level
    raw_words: Level
    raw_chars: Level
    missing: Sequence[str]
    normaliser: str

    @property
    def wer(self) -> Interval:
        """Normalised word error rate."""
        return self.words.interval

    @property
    def cer(self) -> Interval:
        """Normalised character error rate."""
        return self.chars.interval

    @cached_property
    def headline(self) -> str:
        """``cer`` where most letters of the references are of scripts without spaces, else ``wer``."""
        return "cer" if is_mostly_unspaced(self.texts.normal_references) else "wer"

    @property
    def segmentation(self) -> str:
        """What the WER takes for words."""
        return BY_CHARACTER if self.headline == "cer" else BY_SPACE

    @property
    def raw(self) -> dict[str, Interval]:
        """Word and character error rates of the texts as they are."""
        return {"wer": self.raw_words.interval, "cer": self.raw_chars.interval}

    @property
    def groups(self) -> Grouping:
        """What the intervals resample."""
        return self.words.groups

    @property
    def empty_references(self) -> list[int]:
        """Rows whose normalised reference has no word; what the model says there counts as insertions."""
        return [int(row) for row in np.flatnonzero(self.words.units == 0)]

    def utterances(self) -> dict[str, object]:
        """Columns of ``scores.parquet`` that come from scoring, in the order of `ids`."""
        return {
            "id": list(self.ids),
            "reference": list(self.texts.references),
            "hypothesis": list(self.texts.hypotheses),
            "normal_reference": list(self.texts.normal_references),
            "normal_hypothesis": list(self.texts.normal_hypotheses),
            **_columns("", self.words, "wer"),
            **_columns("char_", self.chars, "cer"),
            "raw_wer": self.raw_words.rates,
            "raw_cer": self.raw_chars.rates,
        }


def _columns(prefix: str, level: Level, rate: str) -> dict[str, object]:
    names = ("hits", "substitutions", "deletions", "insertions")
    return {**{prefix + name: level.edits[:, i] for i, name in enumerate(names)}, rate: level.rates}


def score(
    references: Mapping[str, str],
    hypotheses: Mapping[str, str],
    normaliser: TextNormaliser | None = None,
    groups: Mapping[str, str | None] | Grouping | None = None,
    seed: int = 0,
    *,
    unit: str = "speaker",
    languages: Mapping[str, str | None] | None = None,
) -> Scores:
    """Scores hypotheses against references by id.

    Args:
        references: source text by id; their order is the order of every result.
        hypotheses: text by id; an id without one counts all its words as deleted.
        normaliser: applied to both sides for the normalised rates; None leaves texts as they are.
        groups: speaker (or recording) by id, or a ready grouping in the order of `references`; None resamples
            utterances.
        seed: of the bootstrap.
        unit: what a group is called.
        languages: BCP 47 tag by id, for the normaliser.

    Raises:
        InputError: a hypothesis has an id that no reference has.
    """
    _require_known(hypotheses, references)
    ids = list(references)
    texts = _texts(ids, references, hypotheses, normaliser, languages or {})
    if not isinstance(groups, Grouping):
        groups = grouping(len(ids), [groups.get(i) for i in ids] if groups else None, unit)
    raw_words, raw_chars = _edits(texts.references, texts.hypotheses)
    words, chars = (raw_words, raw_chars)
    if normaliser is not None:
        words, chars = _edits(texts.normal_references, texts.normal_hypotheses)
    missing = [i for i in ids if i not in hypotheses]
    return Scores(
        ids,
        texts,
        words=Level(words, groups, seed),
        chars=Level(chars, groups, seed),
        raw_words=Level(raw_words, groups, seed),
        raw_chars=Level(raw_chars, groups, seed),
        missing=missing,
        normaliser=normaliser.name if normaliser else "none",
    )


def _require_known(hypotheses: Mapping[str, str], references: Mapping[str, str]) -> None:
    unknown = [i for i in hypotheses if i not in references]
    if unknown:
        raise InputError(
            f"{len(unknown)} of {len(hypotheses)} hypotheses have an id that no reference has, such as "
            f"{unknown[0]!r}: give the hypotheses of this split, under the ids of the data set"
        )


def _texts(
    ids: Sequence[str],
    references: Mapping[str, str],
    hypotheses: Mapping[str, str],
    normaliser: TextNormaliser | None,
    languages: Mapping[str, str | None],
) -> Texts:
    ours, theirs = [references[i] for i in ids], [hypotheses.get(i, "") for i in ids]
    if normaliser is None:
        return Texts(ours, theirs, ours, theirs)
    tags = [languages.get(i) for i in ids]
    return Texts(ours, theirs, _normal(normaliser, ours, tags), _normal(normaliser, theirs, tags))


def _normal(normaliser: TextNormaliser, texts: Sequence[str], tags: Sequence[str | None]) -> list[str]:
    return [normaliser(text, tag) for text, tag in zip(texts, tags, strict=True)]


def _edits(references: Sequence[str], hypotheses: Sequence[str]) -> tuple[EditTable, EditTable]:
    words, chars = np.zeros((2, len(references), 4), np.int32)
    for row, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True)):
        words[row] = _row(word_edits(reference, hypothesis))
        chars[row] = _row(char_edits(reference, hypothesis))
    return words, chars


def _row(edits: EditCounts) -> tuple[int, int, int, int]:
    return edits.hits, edits.substitutions, edits.deletions, edits.insertions
