"""Quotes that a writer made are taken off; others are text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from corpus_sources import Imported, touch_audio, write_text
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.corpora.delimited import read_delimited
from govor.corpora.text_settings import reading_text

CELLS = st.text(alphabet='ab "\n,;|\tč1', max_size=6).filter(
    lambda c: "\n\n" not in c and c.strip() == c and not {"\n", "\t"} <= set(c)
)


def rows_of(file: Path, separator: str, quoted: bool = False) -> list[tuple[str | None, ...]]:
    frames = [c.frame.drop("_line") for c in read_delimited(file, separator, quoted=quoted) if c.frame.height]
    return pl.concat(frames).rows() if frames else []


@pytest.mark.parametrize(
    ("lines", "texts"),
    [
        (['"""Yes,"" he said."', "plain"], ['"Yes," he said.', "plain"]),
        (['"Yes."', "plain", '"No, never."'], ['"Yes."', "plain", '"No, never."']),
        (['"open', 'a "b" c', '"d" e'], ['"open', 'a "b" c', '"d" e']),
        (['"a\tb"', "c"], ["a\tb", "c"]),
        (['"two\nlines"', "c"], ["two\nlines", "c"]),
        (['"A quote', "goes on", 'to here"'], ['"A quote', "goes on", 'to here"']),
        (['"needs ""it"""', '"Yes."'], ['"needs ""it"""', '"Yes."']),
    ],
)
def test_a_tsv_is_unquoted_where_every_quote_was_needed(
    tmp_path: Path, lines: list[str], texts: list[str]
) -> None:
    file = write_text(tmp_path / "m.tsv", "audio\ttext\n" + "".join(f"a.wav\t{line}\n" for line in lines))
    assert [row[1] for row in rows_of(file, "\t")] == texts


def test_a_table_of_nothing_but_quotes_is_unquoted(tmp_path: Path) -> None:
    file = write_text(tmp_path / "m.psv", '"audio"|"text"|"start"\n"a.wav"|"Yes."|1.5\n"b.wav"|"No."|\n')
    assert rows_of(file, "|") == [("a.wav", "Yes.", "1.5"), ("b.wav", "No.", None)]


def test_a_csv_is_unquoted_where_its_quotes_are_whole(tmp_path: Path) -> None:
    file = write_text(tmp_path / "m.csv", 'audio,text\na.wav,"Yes."\nb.wav,plain\n')
    assert rows_of(file, ",", quoted=True) == [("a.wav", "Yes."), ("b.wav", "plain")]


def test_one_bad_row_of_a_csv_is_set_aside_alone(tmp_path: Path) -> None:
    good = "".join(f'{k}.wav,"{k}, good"\n' for k in range(30))
    file = write_text(tmp_path / "m.csv", f'audio,text\n{good}x.wav,"never closed\n{good}')
    chunks = list(read_delimited(file, ",", quoted=True))
    assert sum(chunk.frame.height for chunk in chunks) == 60
    assert [(r.id, r.reason) for c in chunks for r in c.rejections] == [("m.csv:32", "bad_csv")]


def test_the_user_decides_and_it_is_said(tmp_path: Path) -> None:
    file = write_text(tmp_path / "m.tsv", 'audio\ttext\na.wav\t"Yes."\n')
    with reading_text(quoting="csv") as found:
        assert rows_of(file, "\t") == [("a.wav", "Yes.")]
    assert "taken off" in found.quoted[file]
    with reading_text() as found:
        assert rows_of(file, "\t") == [("a.wav", '"Yes."')]
    assert 'm.tsv: quotes around fields stay in the text (line 2: a.wav | "Yes.")' in found.quoted[file]
    assert "--quoting csv takes them off" in found.quoted[file]


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS).filter(any), min_size=1, max_size=5),
    st.sampled_from("\t,;|"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=60, deadline=None)
def test_what_a_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], mark: str, quoting: int, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=mark, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([("one", "two", "three"), *rows])
    file = tmp_path_factory.mktemp("quotes") / "m.tsv"
    file.write_bytes(text.getvalue().encode())
    assert rows_of(file, mark) == [tuple(cell or None for cell in row) for row in rows]


def test_it_stands_in_corpus_json(tmp_path: Path, imported: Callable[..., Imported]) -> None:
    touch_audio(tmp_path / "a.wav")
    got = imported(write_text(tmp_path / "m.tsv", 'audio\ttext\na.wav\t"a ""b"""\n'))
    assert got.rows["text"].to_list() == ['a "b"']
    assert got.corpus.info.notes["import"]["remarks"] == got.summary["remarks"]
