"""Whatever is wrong in a source of any format: rows and rejections that add up, or one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from fuzz.cases import run_case
from fuzz.classes import CLASSES
from govor.corpora.mailabs import _chunk
from govor.corpora.reader import Chunk

CASES = 120


def test_a_damaged_source_ends_in_rows_or_in_a_sentence(tmp_path: Path) -> None:
    """The first cases of the fuzz harness, in this process; see ``tests/fuzz``."""
    cls, sources = CLASSES["corpora"], tmp_path / "sources"
    sources.mkdir()
    cls.make(sources)
    ended = [run_case(cls, sources, tmp_path / "scratch", 0, case) for case in range(CASES)]
    assert not [outcome for outcome in ended if outcome.is_fault]


def test_a_speakers_folder_that_is_not_utf8_is_read_or_set_aside(tmp_path: Path) -> None:
    """M-AILABS takes speaker and book from names of folders."""
    book = tmp_path / "by_book" / "female" / os.fsdecode(b"an\xe8") / "book"
    chunk = Chunk(pl.DataFrame({"id": ["a"], "raw": ["x"]}), book / "metadata.csv", [])
    frame = _chunk(chunk, tmp_path, "raw").frame
    assert frame["speaker"].to_list() == ["an\\udce8"] and frame["audio"][0].endswith("/wavs/a.wav")
