from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "corpus"))

from corpus_sources import Imported

from govor.config import CorpusConfig
from govor.corpora import import_corpus


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Imported]:
    """Imports a source into a fresh corpus folder."""

    def run(source: Path | str, **settings: Any) -> Imported:
        out = tmp_path / ".corpus-out"
        summary = import_corpus(CorpusConfig(source=str(source), **{"max_rejected": 1.0, **settings}), out)
        return Imported(out, summary)

    return run
