"""Ids that a spreadsheet changed are matched where they mean one utterance, and a fault where they do not."""

from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from govor.config import SelectConfig
from govor.corpora.folder import Corpus
from govor.curate import review_corpus, select_corpus
from govor.curate.sheet_ids import match_ids
from govor.errors import CorpusError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("00042", "00042"),
        ("42", "00042"),
        ("42.0", "00042"),
        ("1.23457E+12", "1234567890123"),
        ("1,23457E+12", "1234567890123"),
        ("1.2", "1.20"),
        ("120000", "12e4"),
        ("98765432109876500000", "98765432109876543210"),
        (" žaba ", "žaba"),
        ("z\u030caba", "žaba"),
    ],
)
def test_ids_that_mean_one(make_corpus: Any, written: str, meant: str) -> None:
    ids = ["00042", "1234567890123", "1.20", "12e4", "98765432109876543210", "žaba", "other"]
    assert match_ids([written], Corpus.open(make_corpus([{"id": name} for name in ids]))).ids == {
        written: meant
    }


def test_ids_that_could_mean_several_or_are_lost(make_corpus: Any) -> None:
    ids = ["007", "0007", "1234567890123", "1234567890999", "3-12"]
    corpus = Corpus.open(make_corpus([{"id": i} for i in ids]))
    found = match_ids(["7", "1.23457E+12", "2026-12-03 00:00:00", "u9"], corpus)
    assert found.doubtful["7"] == ["0007", "007"]
    assert found.doubtful["1.23457E+12"] == ["1234567890123", "1234567890999"]
    assert found.doubtful["2026-12-03 00:00:00"] == []
    assert found.unknown == ["u9"] and not found.ids
    both = match_ids(["1234567890123.0", "1234567890123,0"], corpus)
    assert set(both.ids.values()) == {"1234567890123"} and len(both.ids) == 2


def test_an_id_twice_may_have_been_two(make_corpus: Any) -> None:
    corpus = Corpus.open(make_corpus([{"id": "12"}, {"id": "0012"}]))
    assert match_ids(["12"], corpus).doubtful == {}
    assert match_ids(["12", "12"], corpus).doubtful == {"12": ["0012", "12"]}


@pytest.fixture
def corpus(make_corpus: Any) -> Path:
    return make_corpus([{"id": f"{n:05d}"} for n in range(40)])


def sheet(path: Path, rows: list[tuple[Any, str]]) -> Path:
    book = Workbook()
    page: Any = book.active
    page.append(["id", "verdict"])
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def test_numbers_in_a_sheet_are_the_ids_that_they_were(corpus: Path, tmp_path: Path, rejected: Any) -> None:
    made = review_corpus(
        corpus, sheet(tmp_path / "a.xlsx", [(0, "keep"), (7, "drop"), ("x", "keep")]), tmp_path / "r"
    )
    assert rejected(tmp_path / "r")["00007"] == "dropped_by_review"
    assert made["unknown"] == 1


def test_verdicts_about_nothing_and_against_each_other(corpus: Path, tmp_path: Path) -> None:
    cases = [
        ([("u1", "keep"), ("u2", "drop")], "none of its 2 verdicts is about an utterance"),
        ([(7, "keep"), ("00007", "drop")], r"rows 2 and 3: two verdicts about 00007 \(keep and drop\)"),
        ([("00003", "drop"), (4, "keep"), ("00003", "keep")], "rows 2 and 4: two verdicts about 00003"),
        ([("00001", "keep"), ("1.5E+07", "drop")], r"row 3: 1\.5E\+07 is not an id of the corpus.*as text"),
    ]
    for rows, message in cases:
        with pytest.raises(CorpusError, match=message):
            review_corpus(corpus, sheet(tmp_path / "a.xlsx", rows), tmp_path / "r")
        assert not (tmp_path / "r/corpus.json").exists()
    review_corpus(corpus, sheet(tmp_path / "a.xlsx", [(7, "drop"), ("00007", "drop")]), tmp_path / "r")


def test_lists_to_exclude_that_a_spreadsheet_changed(corpus: Path, tmp_path: Path, rejected: Any) -> None:
    (tmp_path / "l.csv").write_text("id\n7\n00009\n77\n")
    select_corpus(corpus, tmp_path / "s", SelectConfig(exclude=(str(tmp_path / "l.csv"),)))
    assert {i for i, reason in rejected(tmp_path / "s").items() if reason == "excluded"} == {"00007", "00009"}
    book = sheet(tmp_path / "l.xlsx", [(3, "x"), (0, "x")])
    select_corpus(corpus, tmp_path / "s", SelectConfig(exclude=(str(book),)))
    assert {i for i, reason in rejected(tmp_path / "s").items() if reason == "excluded"} == {"00003", "00000"}
    (tmp_path / "l.csv").write_text("id\n1.5E+07\n")
    with pytest.raises(CorpusError, match=r"l\.csv: 1\.5E\+07 is not an id of the corpus"):
        select_corpus(corpus, tmp_path / "s", SelectConfig(exclude=(str(tmp_path / "l.csv"),)))
