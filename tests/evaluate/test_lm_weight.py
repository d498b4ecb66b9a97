"""The weight that dev likes best is the one that is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest

import govor.evaluate.lm_weight as lm_weight
from govor.errors import DatasetError, ModelError, UsageError
from govor.lm.arpa import write_arpa
from govor.lm.kneser_ney import estimate
from govor.models.ctc.fusion import texts_of
from govor.models.ctc.vocabulary import build_vocabulary
from govor.text import Normaliser


class Unsure:
    """Hears "ab" and "ba" half each in every utterance; the words decide."""

    name, sample_rate, max_window_s, normaliser = "unsure", 16_000, None, Normaliser()

    def __init__(self):
        self.vocabulary = build_vocabulary(["ab"])
        a, b = (self.vocabulary.ids[c] for c in "ab")
        p = np.full((2, len(self.vocabulary.tokens)), 0.01)
        p[0, [a, b]] = 0.44, 0.5
        p[1, [a, b]] = 0.5, 0.44
        self.scores = np.log(p / p.sum(axis=1, keepdims=True)).astype(np.float32)

    def searched_texts(self, log_probs, options):
        return texts_of(log_probs, self.vocabulary, options)

    def log_probs(self, waves):
        return [self.scores for _ in waves]


class Data:
    """A data set whose every transcript is "ab"."""

    splits, sample_rate = {"dev": 3}, 8_000

    def table(self, split):
        import polars as pl

        return pl.DataFrame({"text": ["ab"] * 3})

    def durations(self, split):
        return np.array([0.5, 1.0, 0.75])

    def wave(self, split, row):
        return np.zeros(round(8_000 * self.durations(split)[row]), np.float32)


@pytest.fixture
def arpa(tmp_path):
    write_arpa(estimate(["ab"] * 20 + ["ba"], 2), tmp_path / "words.arpa")
    return tmp_path / "words.arpa"


@pytest.fixture(autouse=True)
def data(monkeypatch):
    import govor.load

    monkeypatch.setattr(govor.load.Dataset, "open", classmethod(lambda cls, path: Data()))


def test_the_best_is_chosen_and_the_smallest_of_equals(arpa):
    chosen = lm_weight.choose_weight(Unsure(), arpa, "data", "dev")
    assert chosen.wer_without == 1.0 and chosen.wer == 0.0
    assert 0 < chosen.lm_weight <= 0.3 and chosen.word_bonus == 0.0
    assert chosen.chosen_on == "data:dev"


def test_batches_fit_the_memory_and_waves_have_the_models_rate(arpa, capsys):
    lengths = []

    class Small(Unsure):
        def log_probs(self, waves):
            if sum(map(len, waves)) > 14_000:
                raise MemoryError
            lengths.append([len(wave) for wave in waves])
            return super().log_probs(waves)

    chosen = lm_weight.choose_weight(Small(), arpa, "data", "dev")
    assert lengths == [[12_000], [8_000]] and chosen.utterances == 2
    assert "dev row 1 is left out: it needs more memory than there is" in capsys.readouterr().err


def test_only_a_ctc_model_and_a_split_that_is_there(arpa):
    with pytest.raises(DatasetError, match="validation"):
        lm_weight.choose_weight(Unsure(), arpa, "data", "validation")
    with pytest.raises(ModelError, match="not a CTC model"):
        lm_weight.choose_weight(type("W", (), {"name": "w"})(), arpa, "data", "dev")


def test_choosing_on_test_is_refused(tmp_path):
    with pytest.raises(UsageError, match="worthless"):
        lm_weight.make_lm_for(
            "model", "source", tmp_path / "a.arpa", 3, dataset=None, split="test", device="cpu"
        )


def test_the_choice_stands_beside_the_arpa_file(tmp_path, monkeypatch):
    import govor.models

    monkeypatch.setattr(govor.models, "open_model", lambda spec, device: Unsure())
    (tmp_path / "text.txt").write_text("ab\n" * 20 + "ba\n")
    out = tmp_path / "words.arpa"
    summary = lm_weight.make_lm_for(
        "model", str(tmp_path / "text.txt"), out, 2, dataset="data", split="dev", device="cpu"
    )
    kept = json.loads((tmp_path / "words.json").read_text())
    assert kept["lm_weight"] == summary["lm_weight"] > 0
    assert kept["order"] == 2
