"""govor lm: which text is read, and where the weight comes from."""

from __future__ import annotations

import json

import pytest

from govor.config import TextConfig
from govor.errors import InputError, UsageError
from govor.lm.arpa import read_arpa
from govor.lm.entry import make_lm, train_texts
from govor.lm.settings import fusion_settings
from govor.text import Normaliser

NORMALISER = Normaliser.of(TextConfig())


def test_a_data_set_gives_its_train_text_only(tiny_dataset):
    from govor.load import Dataset

    data = Dataset.open(tiny_dataset)
    texts = list(train_texts(tiny_dataset, NORMALISER))
    assert len(texts) == data.splits["train"]
    assert texts[0] == NORMALISER(data.table("train")["text"][0])


def test_a_corpus_gives_its_train_text_only(tiny_corpus):
    from govor.corpora.folder import Corpus

    assert len(list(train_texts(tiny_corpus, NORMALISER))) == Corpus.open(tiny_corpus).info.splits["train"]


def test_a_text_file_counts_by_line(tmp_path):
    (tmp_path / "a.txt").write_text("Dobar dan!\n\nHvala, lijepa.\n")
    summary = make_lm(tmp_path / "a.txt", tmp_path / "a.arpa", order=2)
    assert summary["words"] == 4 and summary["order"] == 2
    assert "dobar" in read_arpa(tmp_path / "a.arpa").ids


def test_what_is_no_source_is_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        make_lm(tmp_path / "nothing", tmp_path / "a.arpa")
    with pytest.raises(InputError, match="neither a corpus nor a data set"):
        make_lm(tmp_path, tmp_path / "a.arpa")
    with pytest.raises(UsageError, match="--order"):
        make_lm(tmp_path, tmp_path / "a.arpa", order=0)


def test_asked_for_beats_chosen_beats_default(tmp_path):
    arpa = tmp_path / "words.arpa"
    assert fusion_settings(None) == fusion_settings(arpa) == (0.5, 0.0)
    (tmp_path / "words.json").write_text(json.dumps({"lm_weight": 0.9, "word_bonus": 1.5}))
    assert fusion_settings(arpa) == (0.9, 1.5)
    assert fusion_settings(arpa, 0.2, 0.0) == (0.2, 0.0)
    with pytest.raises(UsageError, match="name one with --lm"):
        fusion_settings(None, 0.2)
