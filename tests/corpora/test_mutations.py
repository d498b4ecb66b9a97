"""Whatever is wrong in a source of any format: rows and rejections that add up, or one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import further_seconds
import mutations
import pytest
import ten_seconds

SEEDS = range(60)


@pytest.fixture(scope="module", params=[ten_seconds, further_seconds], ids=lambda made: made.__name__)
def sources(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Path]]:
    place = tmp_path_factory.mktemp("sources")
    yield {name: request.param.source(name, place / name) for name in request.param.WRITERS}


def test_a_mutated_source_ends_in_rows_or_in_a_sentence(sources: dict[str, Path], tmp_path: Path) -> None:
    failed = []
    for seed in SEEDS:
        try:
            mutations.one(seed, sources, tmp_path)
        except Exception as error:
            failed.append(f"seed {seed}: {type(error).__name__}: {error}")
    assert not failed, "\n".join(failed)
