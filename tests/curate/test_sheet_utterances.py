"""Which utterances went into sheets, beside a corpus."""

from govor.corpora.folder import SAMPLED
from govor.curate.sheet_utterances import SheetUtterances


def test_what_went_into_sheets_is_read_again(tmp_path):
    first = SheetUtterances.read(tmp_path).plus(["a", "b"], "one.xlsx", 7)
    first.plus(["b", "c"], "two.csv", 8).write(tmp_path)
    assert SheetUtterances.read(tmp_path).ids() == ["a", "b", "c"]
    assert SheetUtterances.read(tmp_path).without_sheet("one.xlsx").ids() == ["b", "c"]


def test_a_folder_that_is_used_again_keeps_nothing_of_the_corpus_before(tmp_path):
    SheetUtterances.read(tmp_path).plus(["a"], "one.xlsx", 7).write(tmp_path)
    SheetUtterances.read(tmp_path / "another corpus").write(tmp_path)
    assert not (tmp_path / SAMPLED).exists()
    assert SheetUtterances.read(tmp_path).ids() == []
