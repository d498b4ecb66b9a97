"""Lines in blocks: the same lines and numbers whatever the size of a block."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.corpora import lines
from govor.corpora.delimited import read_delimited
from govor.corpora.lines import columns_in_words, first_line, read_lines
from govor.errors import CorpusError

LINE = st.text(st.sampled_from("až \u2028\u0085\t\"'x"), max_size=12)


def numbered(
    file: Path, block_bytes: int = lines.BLOCK_BYTES, most: int = lines.MAX_LINE_BYTES
) -> list[tuple[int, str]]:
    with mock.patch.multiple(lines, BLOCK_BYTES=block_bytes, MAX_LINE_BYTES=most):
        return [pair for block in read_lines(file) for pair in zip(block.numbers, block.texts, strict=True)]


@settings(max_examples=30, deadline=None)
@given(st.lists(LINE, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.integers(1, 40))
def test_blocks_never_show(texts: list[str], end: str, last_end: bool, block_bytes: int) -> None:
    whole = end.join(texts) + (end if last_end else "")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "x.txt"
        file.write_bytes(whole.encode())
        wanted = [(n, text) for n, text in enumerate(texts, 1) if text.strip()]
        assert numbered(file, block_bytes) == wanted


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, max_size=10), st.integers(1, 30))
def test_long_lines_are_left_out_and_counted(lengths: list[int], block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "x.txt"
        file.write_text("\n".join("x" * length for length in lengths) + "\n")
        kept = numbered(file, block_bytes, most=25)
        surely = [(n, "x" * length) for n, length in enumerate(lengths, 1) if 0 < length <= 24]
        assert set(surely) <= set(kept)
        assert all(len(text) <= 25 + block_bytes for _, text in kept)


def test_gzip_and_byte_order_marks(tmp_path: Path) -> None:
    file = tmp_path / "x.tsv.gz"
    file.write_bytes(gzip.compress("\ufeffžaba\nb\n".encode()))
    assert numbered(file) == [(1, "žaba"), (2, "b")]
    assert first_line(file) == "žaba"


def test_damaged_gzip_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.tsv.gz"
    file.write_bytes(gzip.compress(b"a\tb\n" * 1000)[:-12])
    with pytest.raises(CorpusError, match=r"x\.tsv\.gz is damaged or cut short"):
        list(read_lines(file))


def test_an_empty_table_needs_a_header(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").touch()
    with pytest.raises(CorpusError, match="is empty: it needs a header line"):
        list(read_delimited(tmp_path / "x.tsv", "\t"))


def test_rows_that_follow_the_first_quote_keep_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text('a,b\n1,x\n2,"y\nz"\n\n3,w\n')
    rows = [row for chunk in read_delimited(file, ",", quoted=True) for row in chunk.frame.iter_rows()]
    assert rows == [("1", "x", 2), ("2", "y\nz", 4), ("3", "w", 6)]


def test_columns_of_a_header_with_line_ends_are_named_on_one_line():
    assert columns_in_words(["file_name", "te\rxt", "b\nc"]) == "file_name, te\\rxt, b\\nc"
    assert columns_in_words([]) == "no columns"
