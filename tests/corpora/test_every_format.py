"""The same ten seconds in every format are the same corpus."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
import ten_seconds
from corpus_sources import Imported
from ten_seconds import LOSSY, NO_SPEAKER, NO_SPLIT, NUMBERED_SPEAKER, RATE_HZ, Said, utterances

WITH_WORDS = ("parlaspeech", "parlaspeech-later", "table-json-lines", "lhotse-cuts", "lhotse-manifests")


def span(got: Imported, row: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The samples that a row points at."""
    wave, rate = soundfile.read(got.corpus.audio_path(row["audio"]), dtype="int16")
    assert rate == RATE_HZ
    begin = round((row["start"] or 0) * rate)
    return wave[begin : None if row["end"] is None else round(row["end"] * rate)]


def speaker_in(name: str, said: Said) -> str | None:
    if name in NUMBERED_SPEAKER:
        return str(100 + ["Ana", "Ivo"].index(said.speaker))
    return None if name in NO_SPEAKER else said.speaker


def by_text(got: Imported) -> list[tuple[Said, dict[str, Any]]]:
    rows = {row["text"]: row for row in got.rows.iter_rows(named=True)}
    assert rows.keys() == {said.text for said in utterances()}
    return [(said, rows[said.text]) for said in utterances()]


@pytest.mark.parametrize("name", ten_seconds.WRITERS)
def test_auto_recognises_it_and_nothing_is_lost(
    name: str, tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    got = imported(ten_seconds.source(name, tmp_path / "src"), language="hr")
    assert got.summary["format"] == ten_seconds.WRITERS[name][0]
    assert (got.summary["read"], got.summary["kept"], got.summary["rejected"]) == (4, 4, 0)
    assert got.summary["repaired"] == (
        4 if name == "voxpopuli" else 2 if name == "voxpopuli-annotations" else 0
    )
    assert got.rows["id"].n_unique() == 4
    assert set(got.rows["language"]) == {"hr"}
    for said, row in by_text(got):
        wave = span(got, row)
        if name in LOSSY:
            assert len(wave) / RATE_HZ == pytest.approx(said.duration, abs=0.15)
        else:
            np.testing.assert_array_equal(wave, said.wave)
        assert row["speaker"] == speaker_in(name, said)
        assert row["split"] == (None if name in NO_SPLIT else said.split)
        if row["duration"] is not None:
            assert row["duration"] == pytest.approx(said.duration, abs=0.011)


@pytest.mark.parametrize("name", WITH_WORDS)
def test_word_times_count_from_the_utterance(
    name: str, tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    got = imported(ten_seconds.source(name, tmp_path / "src"))
    for said, row in by_text(got):
        assert row["words"] == said.words
        assert row["word_starts"] == pytest.approx(list(said.word_starts), abs=1e-3)


def test_importing_again_gives_the_same_corpus(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    source = ten_seconds.source("common-voice-archive", tmp_path / "src")
    first = imported(source)
    before = {path: path.stat().st_mtime_ns for path in (first.corpus.folder / "audio").glob("*.mp3")}
    second = imported(source)
    assert second.summary == first.summary
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_clips_in_a_table_keep_where_they_came_from(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    said = utterances()[0]
    audio = {"bytes": ten_seconds._flac(said.wave), "path": "a.flac"}
    row = {"id": "a-1", "audio": audio, "text": said.text, "start": 31.2, "end": 36.85}
    pl.DataFrame([row]).write_parquet(tmp_path / "train.parquet")
    got = imported(tmp_path).row("a-1")
    assert (got["start"], got["end"], got["orig_start"], got["orig_end"]) == (None, None, 31.2, 36.85)


def test_other_parquet_files_of_a_data_set_are_left_alone(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    folder = ten_seconds.source("huggingface-parquet", tmp_path / "src")
    (folder / ".plan").mkdir()
    for name in (".plan/units.parquet", "rejected.parquet"):
        pl.DataFrame({"id": ["x"], "reason": ["y"]}).write_parquet(folder / name)
    assert imported(folder).summary["read"] == 4


@pytest.mark.parametrize("name", ["huggingface-parquet"])
def test_a_stream_through_the_library_is_the_same(
    name: str, tmp_path: Path, imported: Callable[..., Imported], monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    folder = ten_seconds.source(name, tmp_path / "src")
    load = datasets.load_dataset
    monkeypatch.setattr(datasets, "load_dataset", lambda id, config, **kw: load(str(folder), streaming=True))
    got = imported("somebody/ten-seconds", language="hr")
    assert got.summary["format"] == "huggingface"
    for said, row in by_text(got):
        np.testing.assert_array_equal(span(got, row), said.wave)
        assert row["split"] == said.split
