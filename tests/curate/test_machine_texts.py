"""Texts that a model wrote: held against limits, never in dev or test, known through merge and select."""

import numpy as np
import polars as pl
import pytest
import soundfile as sf

from govor.config import MergeConfig, SelectConfig
from govor.corpora.text_source import counted_sources, machine_in_scored
from govor.curate import merge_corpora, review_corpus, sample_corpus, select_corpus
from govor.curate.sheet import read_sheet
from govor.errors import CorpusError

MACHINE = {"text_source": "machine", "text_model": "m1", "split": "train"}


def select(corpus, **settings):
    out = corpus.parent / f"{corpus.name}-selected"
    return select_corpus(corpus, out, SelectConfig(**settings)), out


def test_limits_of_sureness(make_corpus, rejected, table):
    rows = [
        {**MACHINE, "confidence": 0.9, "agreement": 0.95},
        {**MACHINE, "confidence": 0.4, "agreement": 0.95},
        {**MACHINE, "confidence": 0.9, "agreement": 0.5},
        {**MACHINE, "confidence": None, "agreement": 0.95},
        {"text_source": "human", "confidence": None, "agreement": None},
        {"text_source": "human", "confidence": 0.1, "agreement": None},
        {"text_source": "machine_checked", "confidence": 0.1, "agreement": 0.1},
    ]
    _, out = select(make_corpus(rows), min_confidence=0.5, min_agreement=0.9)
    assert table(out)["id"].to_list() == ["u0", "u4", "u6"]
    found = rejected(out)
    assert {name: found[name] for name in ("u1", "u2", "u3", "u5")} == {
        "u1": "low_confidence",
        "u2": "low_agreement",
        "u3": "low_confidence",
        "u5": "low_confidence",
    }


def test_a_limit_needs_its_column(make_corpus):
    with pytest.raises(CorpusError, match="no column 'agreement'"):
        select(make_corpus([{}]), min_agreement=0.9)


def test_dev_and_test_are_drawn_from_what_people_wrote_or_checked(make_corpus, table):
    rows = [dict(MACHINE) for _ in range(30)]
    rows += [{"text_source": "human"} for _ in range(20)] + [{"text_source": "machine_checked"}] * 10
    summary, out = select(make_corpus(rows), dev=5, test=10)
    found = table(out)
    assert summary.splits == {"dev": 5, "test": 10, "train": 45}
    assert set(found.filter(pl.col("split") != "train")["text_source"]) <= {"human", "machine_checked"}
    assert found.filter(pl.col("text_source") == "machine").height == 30
    assert "machine_text" not in summary.reasons


def test_machine_texts_that_came_with_dev_or_test_are_set_aside_and_counted(make_corpus, rejected, table):
    rows = [{**MACHINE, "split": split} for split in ("dev", "test", "train")] + [
        {"text_source": "human", "split": split} for split in ("dev", "test", "train")
    ]
    summary, out = select(make_corpus(rows))
    assert summary.reasons["machine_text"] == 2
    assert table(out)["id"].to_list() == ["u2", "u3", "u4", "u5"]
    assert any("2 texts that a model wrote are left out" in text for text in summary.statements)


def test_machine_texts_that_share_a_key_with_test_leak(make_corpus, rejected):
    human = [{"text_source": "human", "recording": f"h{n}", "speaker": f"s{n}"} for n in range(12)]
    machine = [{**MACHINE, "recording": f"h{n}", "speaker": f"s{n}"} for n in range(12)]
    summary, out = select(make_corpus([*human, *machine]), test=4, dev=0, max_leak_loss=0.5)
    assert summary.splits == {"test": 4, "train": 16}
    assert set(rejected(out).values()) == {"leak_speaker", "empty_text"}


def test_speakers_that_are_held_out_are_not_trained_on_by_machine_texts(make_corpus, rejected):
    rows = [{"text_source": "human", "speaker": f"s{n}"} for n in range(6)] + [{**MACHINE, "speaker": "s0"}]
    summary, out = select(make_corpus(rows), hold_out=("s0",))
    assert summary.splits["test"] == 1
    assert rejected(out)["u6"] == "machine_text"


def test_a_corpus_of_machine_texts_alone_has_nothing_to_score(make_corpus):
    with pytest.raises(CorpusError, match="people wrote or checked"):
        select(make_corpus([dict(MACHINE)] * 5), test=2)


def test_merged_with_a_corpus_that_does_not_say_texts_are_human(make_corpus, tmp_path, table):
    human = make_corpus([{}, {}], "human")
    machine = make_corpus([{**MACHINE, "id": "m", "recording": "q", "audio": "q.wav"}], "machine")
    merge_corpora({"human": human, "machine": machine}, tmp_path / "both", MergeConfig())
    both = table(tmp_path / "both")
    assert both["text_source"].to_list() == ["human", "human", "machine"]
    assert both["text_model"].to_list() == [None, None, "m1"]
    assert counted_sources([both.lazy()]) == {"human": 2, "machine": 1}


def test_corpora_that_say_nothing_go_on_saying_nothing(make_corpus, tmp_path, table):
    one, other = make_corpus([{}], "one"), make_corpus([{"id": "b"}], "other")
    merge_corpora({"one": one, "other": other}, tmp_path / "both", MergeConfig())
    assert "text_source" not in table(tmp_path / "both").columns
    assert counted_sources([table(one).lazy()]) == {}
    assert machine_in_scored(table(one).lazy()) == {}


@pytest.fixture
def labelled(make_corpus, tmp_path):
    """A corpus of machine texts with a recording."""
    sf.write(tmp_path / "a.wav", np.zeros(16_000), 16_000)
    rows = [{**MACHINE, "audio": "a.wav", "text": f"machine {n}", "asr": "other"} for n in range(4)]
    return make_corpus(rows, notes={"second_transcript": "asr"})


def filled(sheet, cells):
    """A CSV sheet with verdicts and texts written into it by id."""
    rows = [dict(row) for row in read_sheet(sheet)]
    for row in rows:
        row["verdict"], row["corrected"] = cells.get(row["id"], (None, None))
    pl.DataFrame(rows, infer_schema_length=None).write_csv(sheet)


def test_a_text_that_a_person_stands_for_is_checked(labelled, tmp_path, table):
    sheet = tmp_path / "sheet.csv"
    sample_corpus(labelled, sheet, 4)
    filled(sheet, {"u0": ("keep", None), "u1": ("correct", "better"), "u2": ("drop", None)})
    review_corpus(labelled, sheet, tmp_path / "reviewed")
    found = table(tmp_path / "reviewed")
    assert dict(found.select("id", "text_source").iter_rows()) == {
        "u0": "machine_checked",
        "u1": "machine_checked",
        "u3": "machine",
    }
    assert set(found["text_model"]) == {"m1"}


def test_a_blank_sheet_shows_no_text_and_what_comes_back_is_a_persons(labelled, tmp_path, table):
    sheet = tmp_path / "sheet.csv"
    sample_corpus(labelled, sheet, 4, blank=True)
    first = read_sheet(sheet)[0]
    assert not {"text", "second", "similarity"} & set(first)
    assert "machine" not in sheet.read_text(encoding="utf-8-sig")
    filled(sheet, {"u0": (None, "heard"), "u1": ("drop", None)})
    review_corpus(labelled, sheet, tmp_path / "reviewed")
    found = {row["id"]: row for row in table(tmp_path / "reviewed").iter_rows(named=True)}
    assert (found["u0"]["text"], found["u0"]["text_source"], found["u0"]["text_model"]) == (
        "heard",
        "human",
        None,
    )
    assert found["u2"]["text_source"] == "machine"
    assert "u1" not in found


def test_nobody_can_keep_what_they_did_not_see(labelled, tmp_path):
    sheet = tmp_path / "sheet.csv"
    sample_corpus(labelled, sheet, 4, blank=True)
    filled(sheet, {"u0": ("keep", None)})
    with pytest.raises(CorpusError, match="no text was shown"):
        review_corpus(labelled, sheet, tmp_path / "reviewed")
