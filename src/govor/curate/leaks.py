"""What must not cross splits: one rule for select, check and preflight, as pure functions.

Rows leak where they share a value of a key with a row of another split. A value that says nothing shares
nothing: no name, a placeholder such as ``unknown``, and a sentence of fewer than four words
(`govor.curate.sentences`). Sound leaks where half of one utterance lies in another (`govor.curate.spans`), or
where the samples are equal.

Legend: N rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.curate.groups import Codes, sharing
from govor.curate.sentences import SENTENCE
from govor.curate.spans import Spans
from govor.curate.splits import DEV, TEST, TRAIN

NO_NAMES = ("", "unknown", "none", "null", "nan", "n/a", "na", "-", "?")
"""What sources write where they do not know a name."""
Pair = tuple[int, int]
Pairs = tuple[Pair, ...]
PAIRS: Pairs = ((TRAIN, TEST), (TRAIN, DEV), (DEV, TEST))

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class LeakRule:
    """One thing that must not cross splits.

    Attributes:
        code: of the finding.
        key: name of the key; of a prepared data set, and of a corpus where it has such a column.
        noun: what is shared, for people.
        why: what it does to the score.
        pairs: splits between which it counts.
    """

    code: str
    key: str
    noun: str
    why: str
    pairs: Pairs = PAIRS[:2]

    @property
    def always_wrong(self) -> bool:
        """Whether no split, a source's own included, may have it: the same clip is learnt and scored."""
        return self.pairs == PAIRS


_SCORED = "is learnt and scored, the WER is much too low"
SAME_ID = LeakRule("duplicate_id", "id", "ids", f"the same utterance {_SCORED}", PAIRS)
SAME_SOUND = LeakRule(
    "leak_audio", "audio_sha256", "recordings of the same samples", f"the same sound {_SCORED}", PAIRS
)
GROUPS = (
    LeakRule(
        "leak_recording",
        "recording",
        "recordings",
        "voice, room and topic of the scored clips are known from training, the WER is too good",
    ),
    LeakRule(
        "leak_speaker",
        "speaker",
        "speakers",
        "the WER holds for voices heard in training, not for new ones",
    ),
    LeakRule(
        "leak_sentence",
        "sentence",
        "sentences",
        "the model can answer from memory, the WER is too good",
    ),
)
"""Leaks that a split may be made without: ``govor select --group-by``."""


def family() -> pl.Expr:
    """The utterance of the source, as ``id``: the parts of one that was split stay in its split."""
    return pl.coalesce("parent", "id").alias("id")


def leak_value(key: str) -> pl.Expr:
    """The value of a key by which rows leak, null where it says nothing.

    For ``sentence`` the frame must have gone through `govor.curate.sentences.with_sentence`.
    """
    if key == "sentence":
        return pl.col(SENTENCE)
    value = pl.col(key).cast(pl.String)
    if key in (SAME_ID.key, SAME_SOUND.key):
        return value
    return pl.when(~value.str.strip_chars().str.to_lowercase().is_in(NO_NAMES)).then(value)


def value_hash(value: pl.Expr) -> pl.Expr:
    """A number for a value, 0 for null (collisions of 64 bits are left aside)."""
    return pl.when(value.is_not_null()).then(value.hash(seed=1)).otherwise(pl.lit(0, pl.UInt64))


def codes_of_hashes(hashes: NDArray[np.uint64]) -> Codes:
    """Small group numbers of `value_hash`es in their order, -1 for the hash 0 ``[N]``."""
    values, codes = np.unique(hashes, return_inverse=True)
    shift = 1 if len(values) and values[0] == 0 else 0
    numbers: Codes = codes.astype(np.int64) - shift
    return numbers


def crossings(codes: Codes, splits: NDArray[np.int8], pairs: Pairs = PAIRS[:2]) -> Mapping[Pair, Rows]:
    """Rows of the second split of a pair that share a value with the first; pairs without any are left out.

    Args:
        codes: group numbers of a key ``[N]``.
        splits: of the rows ``[N]``.
        pairs: splits that are held apart.
    """
    found = {(one, other): sharing(codes, splits == one) & (splits == other) for one, other in pairs}
    return {pair: rows for pair, rows in found.items() if rows.any()}


def sound_crossings(spans: Spans, splits: NDArray[np.int8]) -> Mapping[Pair, Rows]:
    """As `crossings`, of utterances that hold the same sound."""
    found = {(one, other): spans.touching(splits == other, splits == one) for one, other in SAME_SOUND.pairs}
    return {pair: rows for pair, rows in found.items() if rows.any()}


def leaking(found: Mapping[Pair, Rows], count: int) -> Rows:
    """All rows of some crossings, ``[N]`` with N = `count`."""
    rows = np.zeros(count, np.bool_)
    for one in found.values():
        rows |= one
    return rows
