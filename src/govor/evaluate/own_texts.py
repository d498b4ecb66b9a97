"""Texts that the measured model wrote itself before people checked them."""

from __future__ import annotations

import polars as pl

from govor.corpora.text_source import TEXT_MODEL, checked_texts_of
from govor.evaluate.summary import System


def own_texts(system: System, table: pl.DataFrame) -> int:
    """Clips of a split whose first text the system, or a model that it came from, wrote.

    Args:
        system: what is measured; hypotheses from outside have no model that is known.
        table: the split.
    """
    if not system.facts or TEXT_MODEL not in table.columns:
        return 0
    from govor.models.identity import lineage

    return checked_texts_of(table, lineage(system.name))
