"""The base model on dev: decoded once, in preflight, for its figure and for step 0 of training."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from preflight_parts import recipe_with

from govor.preflight.base import BaseSaid, base_said, dev_options, fingerprint_of_decoding
from govor.preflight.budget import OutOfTimeError
from govor.preflight.checks.baseline import base_model_is_measured
from govor.preflight.materials import UnavailableError

JUDGED = {"eval_utterances": 4}


@pytest.fixture
def made(materials_of, base):
    return materials_of(
        recipe_with(model={"from_scratch": {}, "base": str(base), "vocabulary": "keep"}, train=JUDGED)
    )


def again(made, folder, **changes):
    options = dataclasses.replace(dev_options(made.recipe), **changes)
    return base_said(folder, made.family, made.dataset, "dev", options, made.recipe.model.language)


def test_the_rows_that_training_is_judged_on_are_measured(made):
    list(base_model_is_measured(made.base, made.tables, made.normaliser, made.training, made.facts))
    assert made.base.rows == 4 and set(made.base.texts) < set(made.tables["dev"]["id"])
    figure = made.facts["base_wer"]
    assert (figure["utterances"], figure["of"]) == (4, 4) and figure["value"] > 0.5


def test_it_is_taken_only_where_model_data_and_settings_are_the_same(made, tmp_path):
    made.base.save(tmp_path)
    assert again(made, tmp_path) == made.base
    assert again(made, tmp_path, beam_size=3) is None
    made.dataset.fingerprint = "other data"
    assert again(made, tmp_path) is None
    made.dataset.fingerprint = "in memory"
    with torch.no_grad():
        next(made.family.model.parameters()).view(-1)[0] += 1e-3
    assert again(made, tmp_path) is None


@pytest.mark.parametrize("stored", ["", "[1]", '{"fingerprint": "x"}', "\x00"])
def test_a_damaged_file_is_no_hypothesis(made, tmp_path, stored):
    (tmp_path / "base-dev.json").write_text(stored, encoding="utf-8")
    assert again(made, tmp_path) is None
    assert again(made, tmp_path / "nowhere") is None


def test_where_time_runs_out_a_seeded_part_is_decoded(made, monkeypatch):
    monkeypatch.setattr("govor.preflight.base.FIRST_CLIPS", 1)
    monkeypatch.setattr("govor.preflight.base.CHUNK_CLIPS", 1)
    ticks = iter([0.0, 1.0, 2.0, 1e6, 1e6])
    monkeypatch.setattr("govor.preflight.base.time.monotonic", lambda: next(ticks))
    monkeypatch.setattr(type(made.budget), "share_s", lambda self, share: 60.0)
    assert len(made.base.texts) == 2 and made.base.rows == 4


def test_without_any_time_nothing_is_measured(made):
    made.budget.total_s = 0.0
    with pytest.raises(OutOfTimeError):
        _ = made.base


def test_a_new_model_says_nothing_yet(materials_of):
    with pytest.raises(UnavailableError, match="no WER before training"):
        _ = materials_of().base


def test_a_fingerprint_hangs_on_every_weight(made):
    before = fingerprint_of_decoding(made.family, made.dataset, "dev", dev_options(made.recipe), None)
    for parameter in made.family.model.parameters():
        with torch.no_grad():
            parameter.view(-1)[-1] += 1e-3
        after = fingerprint_of_decoding(made.family, made.dataset, "dev", dev_options(made.recipe), None)
        assert after != before
        before = after


def test_what_is_stored_is_what_was_said(tmp_path):
    said = BaseSaid("f", {"u1": "тест 'ɛ' \u202e"}, 1, 0.25)
    said.save(tmp_path)
    assert BaseSaid.load(tmp_path, "f") == said and BaseSaid.load(tmp_path, "g") is None
