"""What the checks that only one kind of model needs are given, and the codes that they may give.

Preflight calls `govor.models.families.own_checks_of` and knows nothing else about families.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

OWN_CODES = (
    "head_size",
    "delimiter_mismatch",
    "special_ids_mixed",
    "vocabulary_from_test",
    "mask_longer_than_clip",
    "start_token",
    "language_token",
    "task_token",
    "end_token",
    "timestamps_mixed",
    "english_only_model",
    "decoding_settings",
)
"""Every code that the families' own checks may give."""


@dataclass(frozen=True)
class DataFacts:
    """The data that a model is going to meet.

    Attributes:
        texts: normalised texts by split.
        seconds: clip lengths by split, in the same order.
        ids: utterance ids by split, in the same order.
        language: of the model, else the most frequent one of the data.
        languages: every language that rows name.
        row_languages: language of each row by split; empty where rows name none.
        decode_language: language that decoding is told, or None.
        decode_task: task that decoding is told.
    """

    texts: Mapping[str, Sequence[str]]
    seconds: Mapping[str, Sequence[float]]
    ids: Mapping[str, Sequence[str]]
    language: str | None = None
    languages: frozenset[str] = frozenset()
    row_languages: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    decode_language: str | None = None
    decode_task: str = "transcribe"
