"""Who was sent to people for review: remembered beside the corpus, so that it can stay out of training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from govor.corpora.folder import SAMPLED
from govor.errors import CorpusError
from govor.parquet import read_table
from govor.store import atomic_path

SCHEMA: dict[str, type[pl.DataType]] = {"id": pl.String, "sheet": pl.String, "seed": pl.Int64}


@dataclass(frozen=True)
class SheetUtterances:
    """Utterances that went into sheets: columns id, sheet (its file name) and seed."""

    table: pl.DataFrame

    @classmethod
    def read(cls, corpus: Path) -> SheetUtterances:
        """What was sampled from a corpus, or from the corpora that it was made of."""
        path = corpus / SAMPLED
        if not path.exists():
            return cls(pl.DataFrame(schema=SCHEMA))
        return cls(read_table(path, SCHEMA, kind=CorpusError).select(list(SCHEMA)))

    def ids(self) -> list[str]:
        """All ids."""
        return self.table["id"].unique(maintain_order=True).to_list()

    def without_sheet(self, sheet: str) -> SheetUtterances:
        """What other sheets hold."""
        return SheetUtterances(self.table.filter(pl.col("sheet") != sheet))

    def plus(self, ids: list[str], sheet: str, seed: int) -> SheetUtterances:
        """With another sheet."""
        more = pl.DataFrame({"id": ids}, schema={"id": pl.String}).with_columns(
            pl.lit(sheet).alias("sheet"), pl.lit(seed, pl.Int64).alias("seed")
        )
        return SheetUtterances(pl.concat([self.table, more]))

    def write(self, corpus: Path) -> None:
        """Writes it beside a corpus; where nothing was sampled, what an earlier corpus there had goes."""
        if not self.table.height:
            (corpus / SAMPLED).unlink(missing_ok=True)
        else:
            with atomic_path(corpus / SAMPLED) as partial:
                self.table.write_parquet(partial)
