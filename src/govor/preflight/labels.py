"""Every transcript as the model's labels and back again: text is walked in full, equal texts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from govor.preflight.budget import Budget
from govor.text import Normaliser

SPEND_EVERY_TEXTS = 256


class Tokeniser(Protocol):
    """What labelling needs of a `govor.models.base.Family`."""

    def encode_text(self, text: str, language: str | None = None, seconds: float | None = None) -> list[int]:
        """Label ids."""

    def decode_text(self, tokens: Sequence[int]) -> str:
        """Their text."""

    def frames_needed(self, labels: Sequence[int]) -> int:
        """Frames that carry them, 0 where that does not matter."""


@dataclass(frozen=True)
class LabelledText:
    """One normalised text as labels.

    Attributes:
        tokens: how many label ids, special ones included.
        frames: output frames that they need.
        back: normalised text of the decoded labels.
    """

    tokens: int
    frames: int
    back: str


def label(
    family: Tokeniser, text: str, language: str | None, seconds: float, normaliser: Normaliser
) -> LabelledText:
    """Encodes a normalised text as training does, times of its clip included, and decodes it again."""
    ids = family.encode_text(text, language, seconds)
    return LabelledText(len(ids), family.frames_needed(ids), normaliser(family.decode_text(ids), language))


def label_all(
    family: Tokeniser, tables: dict[str, pl.DataFrame], normaliser: Normaliser, budget: Budget
) -> dict[str, pl.DataFrame]:
    """Rows of every split with ``id``, ``normal``, ``duration``, ``tokens``, ``frames`` and ``back``.

    Raises:
        OutOfTimeError: the budget ended before all text was seen.
    """
    seen: dict[tuple[str, str | None], LabelledText] = {}
    return {split: _label_split(family, table, normaliser, budget, seen) for split, table in tables.items()}


def _label_split(
    family: Tokeniser,
    table: pl.DataFrame,
    normaliser: Normaliser,
    budget: Budget,
    seen: dict[tuple[str, str | None], LabelledText],
) -> pl.DataFrame:
    languages = table["language"].to_list() if "language" in table.columns else [None] * table.height
    rows = []
    durations = table["duration"].to_list()
    for number, key in enumerate(zip(table["normal"].to_list(), languages, strict=True)):
        if number % SPEND_EVERY_TEXTS == 0:
            budget.spend()
        if key not in seen:
            seen[key] = label(family, *key, durations[number] or 0.0, normaliser)
        rows.append(seen[key])
    return table.select("id", "normal", "duration").with_columns(
        pl.Series("tokens", [row.tokens for row in rows], dtype=pl.Int64),
        pl.Series("frames", [row.frames for row in rows], dtype=pl.Int64),
        pl.Series("back", [row.back for row in rows], dtype=pl.String),
    )
