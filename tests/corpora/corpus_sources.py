"""Small sources that the tests of the readers are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile

from govor.corpora import Corpus


def touch_audio(*paths: Path, seconds: float = 0.1) -> None:
    """Writes short silent files (as WAV, whatever they are called)."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(int(16_000 * seconds), np.int16), 16_000, format="WAV")


def write_text(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    return write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


class Imported:
    """A corpus just imported: its summary, rows and rejections."""

    def __init__(self, out: Path, summary: dict[str, Any]) -> None:
        self.summary = summary
        self.corpus = Corpus.open(out)
        self.rows: pl.DataFrame = self.corpus.scan().collect()
        self.rejected: pl.DataFrame = self.corpus.rejected().collect()

    def row(self, id: str) -> dict[str, Any]:
        return self.rows.row(by_predicate=pl.col("id") == id, named=True)

    @property
    def reasons(self) -> dict[str, str]:
        """Reason by id of the rejections."""
        return dict(self.rejected.select("id", "reason").iter_rows())

    @property
    def details(self) -> str:
        return "\n".join(self.rejected["detail"])
