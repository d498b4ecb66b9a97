"""Own Parquet files: damage is one sentence, whatever library meets it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from govor.errors import CorpusError
from govor.parquet import read_table, reading

SCHEMA = {"id": pl.String, "n": pl.Int64}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"id": ["a", "b"], "n": [1, 2]}).write_parquet(path)
    return path


def test_a_whole_table_is_read(table: Path) -> None:
    assert read_table(table, SCHEMA, kind=CorpusError).rows() == [("a", 1), ("b", 2)]


def test_a_column_that_is_missing_or_another_is_named(table: Path) -> None:
    with pytest.raises(CorpusError, match=r"t\.parquet has no column x: copy it again"):
        read_table(table, {"x": pl.String}, kind=CorpusError)
    with pytest.raises(CorpusError, match="the column n is Int64 instead of String"):
        read_table(table, {"n": pl.String}, kind=CorpusError)


@pytest.mark.parametrize("size", range(0, 600, 37))
def test_wherever_it_ends_it_is_damaged(table: Path, size: int) -> None:
    table.write_bytes(table.read_bytes()[:size])
    with pytest.raises(CorpusError, match=r"t\.parquet is damaged \(.*\): copy it again"):
        read_table(table, SCHEMA, kind=CorpusError)


def test_panics_are_damage_and_interrupts_are_not() -> None:
    class PanicException(BaseException):
        pass

    with pytest.raises(CorpusError, match=r"x is damaged \(assertion\)"), reading("x", CorpusError):
        raise PanicException("assertion\n  left: 0")
    with pytest.raises(KeyboardInterrupt), reading("x", CorpusError):
        raise KeyboardInterrupt
    with pytest.raises(OSError, match="No space"), reading("x", CorpusError):
        raise OSError(28, "No space left on device")


def test_a_name_that_is_not_utf8_is_said(table: Path) -> None:
    odd = table.rename(table.with_name("t\udce8.parquet"))
    with pytest.raises(CorpusError, match=r"cannot be read \(its name is not UTF-8\): rename it"):
        read_table(odd, SCHEMA, kind=CorpusError)
