"""A finished evaluation read back: ``summary.json`` and ``scores.parquet``, checked before use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict, cast

import polars as pl

from govor.errors import InputError
from govor.evaluate.intervals import Groups
from govor.evaluate.slices import SliceGroups
from govor.models.base import PromptFacts
from govor.models.saved import DevVerdict
from govor.parquet import read_table
from govor.records import Easing, Rate
from govor.store import read_record

SUMMARY, SCORES = "summary.json", "scores.parquet"
AGAIN = "run govor evaluate again"
COLUMNS: dict[str, type[pl.DataType]] = {"id": pl.String, "reference": pl.String, "hypothesis": pl.String}
OTHERS: dict[str, type[pl.DataType]] = {
    **dict.fromkeys(("language", "speaker", "recording", "heard_language", "baseline_hypothesis"), pl.String),
    **dict.fromkeys(("confidence", "level_db", "duration"), pl.Float64),
}


class StoredEdits(TypedDict):
    """Edits of all utterances together."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int


class StoredDataset(TypedDict):
    """What was decoded."""

    path: str
    fingerprint: str


class StoredDecoding(TypedDict, total=False):
    """The model and its settings; only the prompt is read."""

    prompt: PromptFacts | None


class StoredRates(TypedDict):
    """What is there of a system and of its baseline."""

    model: str
    split: str
    utterances: int
    hours: float
    wer: Rate
    cer: Rate
    headline: NotRequired[str]
    segmentation: NotRequired[str]
    raw: dict[str, Rate]
    counts: dict[str, StoredEdits]
    groups: Groups
    detectable_difference: float | None
    missing: int
    undecodable: int
    empty_references: dict[str, int]
    rtf: float | None
    decoding: StoredDecoding


class StoredComparison(TypedDict):
    """The system against its baseline."""

    wer_difference: Rate
    verdict: str
    groups: NotRequired[Groups]
    wins: NotRequired[int]
    losses: NotRequired[int]
    ties: NotRequired[int]


class StoredLong(TypedDict):
    """Whole recordings."""

    wer: Rate
    difference: Rate
    recordings: int
    kind: str
    baseline: NotRequired[StoredLong]


class StoredSlice(TypedDict):
    """The utterances of one value of a column."""

    utterances: int
    hours: float | None
    wer: Rate
    cer: Rate
    groups: NotRequired[SliceGroups | None]


class StoredKind(TypedDict):
    """A kind of error."""

    title: str
    meaning: str
    utterances: int
    word_errors: int


class StoredPair(TypedDict):
    """What stands in the reference, and what was heard."""

    reference: str
    hypothesis: str
    count: int


class StoredWord(TypedDict):
    """A word that was left out or added."""

    word: str
    count: int


class StoredPairs(TypedDict):
    """How many in all, and the most frequent."""

    count: int
    most: list[StoredPair]


class StoredDiagnosis(TypedDict):
    """What the errors are like."""

    kinds: dict[str, StoredKind]
    confusions: list[StoredPair]
    split_or_joined: list[StoredPair]
    character_confusions: list[StoredPair]
    deleted_words: list[StoredWord]
    inserted_words: list[StoredWord]
    casing: StoredPairs
    punctuation: StoredPairs


class StoredNormaliser(TypedDict):
    """What was done to both sides; further keys are its settings."""

    name: str


class StoredSummary(StoredRates):
    """``summary.json``."""

    normaliser: StoredNormaliser
    dataset: StoredDataset
    seed: NotRequired[int]
    slices: dict[str, dict[str, StoredSlice]]
    diagnosis: StoredDiagnosis
    confidence_auc: NotRequired[float | None]
    baseline: NotRequired[StoredRates | None]
    comparison: NotRequired[StoredComparison | None]
    better_than_base: NotRequired[bool | None]
    base_on_dev: NotRequired[DevVerdict | None]
    long_form: NotRequired[StoredLong | None]
    test_looks: NotRequired[int | None]
    own_texts: NotRequired[int]
    own_limits: NotRequired[Easing | None]
    sets: NotRequired[Mapping[str, StoredSummary]]
    out: NotRequired[str]


def as_stored(summary: Mapping[str, object]) -> StoredSummary:
    """A summary by the keys of ``summary.json``: a new one, or that of a limit that was passed."""
    return cast(StoredSummary, summary)


def is_finished(folder: Path) -> bool:
    """Whether summary and scores stand there."""
    return (folder / SUMMARY).exists() and (folder / SCORES).exists()


class RatesOnCard(TypedDict):
    """What a model card needs of a system or its baseline; earlier versions wrote no more."""

    model: NotRequired[str]
    utterances: int
    hours: NotRequired[float]
    wer: Rate
    cer: NotRequired[Rate]
    raw: NotRequired[Mapping[str, Rate]]


class ComparisonOnCard(TypedDict):
    """The model against its baseline."""

    wer_difference: NotRequired[Rate]
    groups: NotRequired[Mapping[str, object]]


class ShownOnCard(RatesOnCard):
    """What a model card needs of ``summary.json``."""

    split: str
    headline: NotRequired[str]
    dataset: NotRequired[Mapping[str, object]]
    baseline: NotRequired[RatesOnCard | None]
    comparison: NotRequired[ComparisonOnCard | None]
    better_than_base: NotRequired[bool | None]
    normaliser: NotRequired[Mapping[str, object]]
    groups: NotRequired[Mapping[str, object]]
    slices: NotRequired[dict[str, dict[str, Mapping[str, object]]]]


def read_for_card(folder: Path) -> ShownOnCard:
    """``summary.json`` as far as a card shows it.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_record(folder / SUMMARY, ShownOnCard)


def read_summary(folder: Path) -> StoredSummary:
    """``summary.json`` of an evaluation.

    Raises:
        InputError: it is missing or damaged.
    """
    return read_record(folder / SUMMARY, StoredSummary)


def read_scores(folder: Path) -> pl.DataFrame:
    """``scores.parquet`` of an evaluation: a row an utterance.

    Raises:
        InputError: it is missing or damaged, or an utterance has no id or text, or stands there twice.
    """
    path = folder / SCORES
    table = read_table(path, COLUMNS, then=AGAIN)
    for name, kind in OTHERS.items():
        if name in table.columns and table[name].dtype not in (kind, pl.Null):
            raise InputError(f"{path}: the column {name} is {table[name].dtype} instead of {kind}: {AGAIN}")
    if not table.height or table.select(pl.col("id", "reference").null_count()).sum_horizontal().item():
        raise InputError(f"{path} is damaged (utterances without id or reference, or none at all): {AGAIN}")
    if table["id"].n_unique() < table.height:
        raise InputError(f"{path} is damaged (an utterance is there twice): {AGAIN}")
    return table
