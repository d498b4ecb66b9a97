"""What check found can be acted on: listed, left out, shown."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from govor.config import SelectConfig, TextConfig
from govor.curate import check_corpus, select_corpus
from govor.curate.listing import write_listing
from govor.curate.places import of_rows
from govor.curate.shown import LONGEST, LONGEST_CHANGE, change, visible
from govor.errors import CorpusError


@pytest.fixture
def checked(make_corpus: Any, tmp_path: Path) -> Path:
    rows = [{"text": f"tekst {n}", "recording": "same", "audio": "same.wav", "start": n * 1.0, "end": n + 1.0}
            for n in range(30)]  # fmt: skip
    rows[7] |= {"id": "same", "text": ""}
    rows[9] |= {"text": "a\u00adb"}
    return make_corpus(rows)


def test_every_utterance_of_every_finding_is_listed(checked: Path, tmp_path: Path) -> None:
    check_corpus(checked, tmp_path / "check", text=TextConfig(), audio=False)
    table = pl.read_parquet(tmp_path / "check/findings.parquet")
    assert table.filter(code="empty_text").select("id", "severity").rows() == [("same", "error")]
    assert table.filter(code="invisible_characters")["id"].to_list() == ["u9"]
    assert table.filter(code="digits_in_text").height == 28
    report = (tmp_path / "check/report.html").read_text()
    assert "6 of 28 shown" in report
    assert '<span class="hidden" title="SOFT HYPHEN">U+00AD</span>' in report


def test_findings_are_left_out_by_code_and_by_whole_ids(checked: Path, tmp_path: Path, rejected: Any) -> None:
    check_corpus(checked, tmp_path / "check", text=TextConfig(), audio=False)
    listing = str(tmp_path / "check/findings.parquet")
    select_corpus(checked, tmp_path / "s", SelectConfig(exclude=(listing,), codes=("empty_text", "not_nfc")))
    assert {i for i, reason in rejected(tmp_path / "s").items() if reason == "excluded"} == {"same"}
    with pytest.raises(CorpusError, match=r"lists all findings \(.*empty_text 1.*--codes"):
        select_corpus(checked, tmp_path / "s", SelectConfig(exclude=(listing,)))
    with pytest.raises(CorpusError, match="--codes nothing: there is no such finding"):
        select_corpus(checked, tmp_path / "s", SelectConfig(exclude=(listing,), codes=("nothing",)))
    with pytest.raises(CorpusError, match=r"give --exclude CHECK/findings\.parquet"):
        select_corpus(checked, tmp_path / "s", SelectConfig(codes=("empty_text",)))


def test_pieces_of_an_excluded_utterance_are_left_out(make_corpus: Any, tmp_path: Path) -> None:
    words = {"words": ["da", "ne"], "word_starts": [0.0, 5.0], "word_ends": [4.0, 9.0]}
    corpus = make_corpus(
        [{"id": "long", "text": "da ne", "duration": 9.0, **words}, {"duration": 1.0} | words]
    )
    (tmp_path / "list.txt").write_text("long\n")
    settings = SelectConfig(max_duration=6, split_at_words=True, exclude=(str(tmp_path / "list.txt"),))
    assert select_corpus(corpus, tmp_path / "s", settings)["reasons"] == {"empty_text": 1, "excluded": 2}


def test_listing_in_pieces(make_corpus: Any, tmp_path: Path, monkeypatch: Any) -> None:
    import numpy as np

    from govor.corpora.folder import Corpus

    monkeypatch.setattr("govor.curate.listing.BATCH_ROWS", 3)
    findings = of_rows("empty_text", np.arange(10) % 4 == 1) + of_rows("overlap", np.arange(10) > 8)
    write_listing(Corpus.open(make_corpus([{} for _ in range(10)])), findings, tmp_path / "f.parquet")
    rows = pl.read_parquet(tmp_path / "f.parquet").select("id", "code").rows()
    assert rows == [("u1", "empty_text"), ("u5", "empty_text"), ("u9", "empty_text"), ("u9", "overlap")]


def test_what_cannot_be_seen_is_shown_and_long_texts_are_cut() -> None:
    assert "U+00A0" in visible("a\u00a0b") and "U+FEFF" in visible("\ufeffa") and "U+0007" in visible("\a")
    assert visible("<b>") == "&lt;b&gt;"
    assert "U+00AD" in visible("x" * 900 + "\u00ad", seek=True) and "U+00AD" not in visible(
        "x" * 900 + "\u00ad"
    )
    assert visible("x" * 5_000) == "x" * LONGEST + " … (4,700 more characters)"
    before, after = change("c\u030cas", "čas")
    assert "U+030C" in before and after == "čas"
    before, after = change("a  b", "a b")
    assert before.count("␣") == 2 and after.count("␣") == 1
    before, after = change("x" * 900 + "Y" + "z" * 900, "x" * 900 + "y" + "z" * 900)
    assert "Y" in before and "y" in after and len(before) < LONGEST_CHANGE + 60
