"""What the measured model had a part in: texts that people checked, and the choice of its test rows."""

from __future__ import annotations

import polars as pl

from govor.corpora.text_source import TEXT_MODEL, checked_texts_of
from govor.evaluate.summary import System
from govor.load import Dataset
from govor.records import Easing


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


def own_limits(system: System, data: Dataset) -> Easing | None:
    """What limits took by the figures of the system, or of a model that it came from."""
    found = data.info.get("easings") if system.facts else None
    if not found:
        return None
    from govor.models.identity import lineage

    own = set(lineage(system.name))
    return next((one for one in found if own & set(one["fingerprints"])), None)
