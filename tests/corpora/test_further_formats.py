"""The same ten seconds in the formats of single files, archives and public corpora."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import further_seconds
import numpy as np
import pytest
import ten_seconds
from corpus_sources import Imported
from further_seconds import LOSSY, NO_SPEAKER, NO_SPLIT, WITH_WORDS, WRITERS
from test_every_format import by_text, span

from govor.corpora.registry import READERS
from govor.corpora.text_files import NAME as LAST

NEW = {format for format, _ in WRITERS.values()} - {"table"}


@pytest.mark.parametrize("name", WRITERS)
def test_auto_recognises_it_and_nothing_is_lost(
    name: str, tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    got = imported(further_seconds.source(name, tmp_path / "src"), language="hr")
    assert got.summary["format"] == WRITERS[name][0]
    assert (got.summary["read"], got.summary["kept"], got.summary["rejected"]) == (4, 4, 0)
    assert got.summary["repaired"] == 0
    assert got.rows["id"].n_unique() == 4
    assert set(got.rows["language"]) <= {"hr", "hrv", "hr-HR", "en"}
    for said, row in by_text(got):
        if name in LOSSY:
            assert len(span(got, row)) / ten_seconds.RATE_HZ == pytest.approx(said.duration, abs=0.15)
        else:
            np.testing.assert_array_equal(span(got, row), said.wave)
        assert row["speaker"] == (None if name in NO_SPEAKER else said.speaker)
        assert row["split"] == (None if name in NO_SPLIT else said.split)


@pytest.mark.parametrize("name", WITH_WORDS)
def test_word_times_count_from_the_utterance(
    name: str, tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    got = imported(further_seconds.source(name, tmp_path / "src"))
    for said, row in by_text(got):
        assert row["words"] == said.words
        assert row["word_starts"] == pytest.approx(list(said.word_starts), abs=1e-3)


@pytest.mark.parametrize("name", WRITERS)
def test_it_is_recognised_as_itself_and_only_as_itself(name: str, tmp_path: Path) -> None:
    path = further_seconds.source(name, tmp_path / "src")
    assert {reader.name for reader in READERS if reader.recognise(path)} == {WRITERS[name][0]}


@pytest.mark.parametrize("name", ten_seconds.WRITERS)
def test_no_new_reader_takes_what_another_reads(name: str, tmp_path: Path) -> None:
    path = ten_seconds.source(name, tmp_path / "src")
    assert not {reader.name for reader in READERS if reader.recognise(path)} & (
        NEW - {ten_seconds.WRITERS[name][0]}
    )


def test_whatever_has_a_text_beside_it_is_the_last_resort() -> None:
    assert READERS[-1].name == LAST
