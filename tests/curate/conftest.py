"""Corpora whose answers are known."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.records import Rejection

MakeCorpus = Callable[..., Path]


def _complete(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": f"u{number}",
        "recording": f"r{number}",
        "audio": f"r{number}.wav",
        "text": f"sentence number {number} of many",
        "duration": 2.0,
        **row,
    }


@pytest.fixture
def make_corpus(tmp_path: Path) -> MakeCorpus:
    """Writes a corpus of rows; what a row leaves out is filled in."""

    def make(
        rows: Sequence[Mapping[str, Any]],
        name: str = "corpus",
        *,
        root: str = "",
        notes: Mapping[str, Any] = {},
    ) -> Path:
        complete = [_complete(number, row) for number, row in enumerate(rows)]
        info = CorpusInfo("test", "memory", root or str(tmp_path), notes=dict(notes))
        with CorpusWriter(tmp_path / name, info) as writer:
            writer.write(pl.DataFrame(complete, infer_schema_length=None))
            writer.reject([Rejection("gone", "import", "empty_text", "line 7")])
        return tmp_path / name

    return make


@pytest.fixture
def table() -> Callable[[Path], pl.DataFrame]:
    """Reads the utterances of a corpus."""
    return lambda corpus: Corpus.open(corpus).scan().collect()


@pytest.fixture
def rejected() -> Callable[[Path], dict[str, str]]:
    """Reads the reasons of a corpus's rejections by id."""
    return lambda corpus: dict(Corpus.open(corpus).rejected().collect().select("id", "reason").iter_rows())
