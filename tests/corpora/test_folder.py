"""The corpus folder: whole or not at all, and what was there before stays until then."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import ten_seconds
from corpus_sources import Imported

from govor.corpora import Corpus, CorpusInfo, CorpusWriter
from govor.errors import BusyError, CorpusError
from govor.records import Rejection


def write(out: Path, texts: list[str]) -> None:
    with CorpusWriter(out, CorpusInfo("table", "here", "/audio")) as corpus:
        rows = {
            "id": texts,
            "recording": texts,
            "audio": texts,
            "text": texts,
            "duration": [1.5] * len(texts),
        }
        corpus.write(pl.DataFrame(rows))
        corpus.reject([Rejection("x", "import", "no_text", "why")])


def test_counts_hours_and_splits(tmp_path: Path) -> None:
    write(tmp_path, ["a", "b"])
    info = Corpus.open(tmp_path).info
    assert (info.read, info.kept, info.rejected) == (3, 2, 1)
    assert info.hours == pytest.approx(3 / 3600)
    assert (info.splits, info.reasons) == ({"none": 2}, {"no_text": 1})


def test_an_earlier_corpus_survives_a_failed_writer(tmp_path: Path) -> None:
    write(tmp_path, ["a", "b"])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(RuntimeError), CorpusWriter(tmp_path, CorpusInfo("table", "there", "/x")) as corpus:
        corpus.write(pl.DataFrame({"id": ["c"], "recording": ["c"], "audio": ["c"], "text": ["c"]}))
        raise RuntimeError
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path, CorpusInfo("table", "a", "/")), pytest.raises(BusyError):
        write(tmp_path, ["a"])


def test_a_data_set_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(CorpusError, match="is a data set"):
        write(tmp_path, ["a"])
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]


def test_a_folder_that_is_no_corpus_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="make one with govor import"):
        Corpus.open(tmp_path)


def test_an_empty_writer_makes_an_empty_corpus(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path, CorpusInfo("table", "a", "/")):
        pass
    corpus = Corpus.open(tmp_path)
    assert corpus.scan().collect().height == corpus.rejected().collect().height == 0


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_gives_the_same_corpus(
    tmp_path: Path, imported: Callable[..., Imported]
) -> None:
    source = ten_seconds.source("common-voice-archive", tmp_path / "src")
    whole = imported(source)
    out = tmp_path / "killed"
    run = [sys.executable, "-m", "govor", "import", str(source), "--out", str(out)]
    for delay_s in (0.3, 0.45, 0.6, 0.75, 0.9):
        process = subprocess.Popen(run, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(delay_s)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(run, check=True, capture_output=True)
    again = Corpus.open(out)
    assert again.info.fingerprint == whole.corpus.info.fingerprint
    assert again.scan().collect().equals(whole.rows)
    assert not [path for path in out.rglob("*") if ".partial-" in path.name or path.name == ".tables"]


def test_a_table_is_rewritten_in_pieces_with_its_schema(tmp_path: Path) -> None:
    write(tmp_path, ["a", "b", "c"])
    corpus = Corpus.open(tmp_path)
    schema, sizes = corpus.scan().collect_schema(), []

    def louder(frame: pl.DataFrame) -> pl.DataFrame:
        sizes.append(frame.height)
        return frame.with_columns(pl.col("text").str.to_uppercase())

    corpus.rewrite(louder, 2)
    assert (sizes, corpus.scan().collect_schema()) == ([2, 1], schema)
    assert [text for frame in corpus.frames(["text"], 1) for text in frame["text"]] == ["A", "B", "C"]
