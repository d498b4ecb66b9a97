"""Whatever is wrong in a source of any format: rows and rejections that add up, or one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import further_seconds
import mutations
import polars as pl
import pytest
import ten_seconds

from govor.corpora.mailabs import _chunk
from govor.corpora.reader import Chunk

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


def test_a_speakers_folder_that_is_not_utf8_is_read_or_set_aside(tmp_path: Path) -> None:
    """M-AILABS takes speaker and book from names of folders."""
    book = tmp_path / "by_book" / "female" / os.fsdecode(b"an\xe8") / "book"
    chunk = Chunk(pl.DataFrame({"id": ["a"], "raw": ["x"]}), book / "metadata.csv", [])
    frame = _chunk(chunk, tmp_path, "raw").frame
    assert frame["speaker"].to_list() == ["an\\xe8"] and frame["audio"][0].endswith("/wavs/a.wav")
