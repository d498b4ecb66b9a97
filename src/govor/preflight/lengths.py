"""Letters and seconds of all rows, in the order in which the source has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from govor.corpora.folder import Corpus, duration_column
from govor.curate.sentences import letters, spoken_letters
from govor.preflight.clips import Tables
from govor.preflight.hearing import SourceOrder
from govor.text import Normaliser


@dataclass(frozen=True)
class Lengths:
    """What texts and recordings take.

    Attributes:
        ids: of the utterances.
        letters: spoken letters of each text, NaN where digits stand for words ``[N]``.
        seconds: of each utterance, NaN where unknown ``[N]``.
    """

    ids: tuple[str, ...]
    letters: NDArray[np.float64]
    seconds: NDArray[np.float64]


COLUMNS = ("id", "text", "seconds", "language")


def source_rows(corpus: Corpus | None, tables: Tables) -> pl.DataFrame:
    """``id``, ``text``, ``seconds`` and ``language`` of all rows: of the corpus, else of the data set."""
    if corpus is not None:
        lazy = corpus.scan().with_columns(duration_column().alias("seconds"))
        return lazy.select(COLUMNS).collect()
    return pl.concat([_rows_of(table) for table in tables.values()])


def _rows_of(table: pl.DataFrame) -> pl.DataFrame:
    language = pl.col("language") if "language" in table.columns else pl.lit(None, pl.String)
    seconds = pl.col("duration").cast(pl.Float64)
    return table.select("id", "text", seconds.alias("seconds"), language.alias("language"))


def lengths_of(rows: pl.DataFrame) -> Lengths:
    """Letters and seconds of rows."""
    said = spoken_letters(letters(pl.col("text").fill_null("")))
    said = said.cast(pl.Float64).fill_null(float("nan"))
    found = rows.select(
        "id", said.alias("letters"), pl.col("seconds").cast(pl.Float64).fill_null(float("nan"))
    )
    return Lengths(tuple(found["id"]), found["letters"].to_numpy(), found["seconds"].to_numpy())


def order_of(rows: pl.DataFrame, normaliser: Normaliser) -> SourceOrder:
    """Normalised texts of rows, by place."""
    pairs = list(zip(rows["text"].to_list(), rows["language"].to_list(), strict=True))
    normal = {pair: normaliser(pair[0] or "", pair[1]) for pair in set(pairs)}
    ids = rows["id"].to_list()
    return SourceOrder([normal[pair] for pair in pairs], {name: row for row, name in enumerate(ids)})
