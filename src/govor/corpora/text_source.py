"""Who wrote a text: the columns that say so, in one place, and what must follow from them.

A corpus without the column was written by people. A model's text must never be scored: `machine` rows belong
into train alone. A person who keeps or corrects one makes it `machine_checked`; it may be scored, but the
model that wrote its first text, and those fine-tuned from it, have an advantage there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import polars as pl

TEXT_SOURCE = "text_source"
"""Column: `HUMAN`, `MACHINE` or `MACHINE_CHECKED`; where it is missing or empty: `HUMAN`."""
TEXT_MODEL = "text_model"
"""Column: fingerprint of the model that wrote the first text; empty for texts that people wrote."""
HUMAN, MACHINE, MACHINE_CHECKED = "human", "machine", "machine_checked"
SOURCES = (HUMAN, MACHINE, MACHINE_CHECKED)
SCORED = ("dev", "test")
"""Splits that machine texts must not be in."""
KEPT_VERDICTS = ("keep", "correct")
"""What a person says who stands for the text."""


def source_of(frame: pl.DataFrame | pl.LazyFrame) -> pl.Expr:
    """Who wrote each text of a corpus, data set or piece of one."""
    named = TEXT_SOURCE in frame.collect_schema().names()
    return (pl.col(TEXT_SOURCE).fill_null(HUMAN) if named else pl.lit(HUMAN)).alias(TEXT_SOURCE)


def with_sources(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the column filled in where it has one."""
    return frame.with_columns(source_of(frame)) if TEXT_SOURCE in frame.columns else frame


def reviewed(frame: pl.DataFrame, verdicts: pl.Series, from_nothing: pl.Series) -> pl.DataFrame:
    """`frame` with what a review says of who wrote its texts.

    A machine text that a person kept or corrected is checked. What a person wrote without seeing any text is
    a person's, and no model has a part in it.

    Args:
        frame: utterances.
        verdicts: of each, null where there is none.
        from_nothing: whether the text of each was written so.
    """
    if TEXT_SOURCE not in frame.columns:
        return frame
    stood_for = pl.lit(verdicts.is_in(KEPT_VERDICTS).fill_null(False))
    own, source = pl.lit(from_nothing), pl.col(TEXT_SOURCE)
    now = pl.when(own).then(pl.lit(HUMAN)).when(stood_for & (source == MACHINE)).then(pl.lit(MACHINE_CHECKED))
    models = [pl.when(~own).then(TEXT_MODEL).alias(TEXT_MODEL)] if TEXT_MODEL in frame.columns else []
    return frame.with_columns(now.otherwise(source).alias(TEXT_SOURCE), *models)


def machine_in_scored(frame: pl.LazyFrame) -> dict[str, int]:
    """Machine texts in dev and test, counted by split; splits without any are left out."""
    found = frame.filter((source_of(frame) == MACHINE) & pl.col("split").is_in(SCORED))
    counts = found.group_by("split").len().collect(engine="streaming")
    return dict(sorted(counts.iter_rows()))


def counted_sources(tables: Iterable[pl.LazyFrame]) -> dict[str, int]:
    """Rows of some tables by who wrote their texts; empty where none of the tables says."""
    counts: Counter[str] = Counter()
    told = False
    for table in tables:
        told |= TEXT_SOURCE in table.collect_schema().names()
        found = table.select(source_of(table)).group_by(TEXT_SOURCE).len().collect(engine="streaming")
        counts.update(dict(found.iter_rows()))
    return {name: counts[name] for name in SOURCES if counts[name]} if told else {}


def checked_texts_of(table: pl.DataFrame, models: Iterable[str]) -> int:
    """Checked texts whose first text one of some models wrote.

    Args:
        table: utterances or clips.
        models: fingerprints.
    """
    if not {TEXT_SOURCE, TEXT_MODEL} <= set(table.columns):
        return 0
    by_them = (pl.col(TEXT_SOURCE) == MACHINE_CHECKED) & pl.col(TEXT_MODEL).is_in(list(models))
    return int(table.select(by_them.sum()).item() or 0)
