"""Fault 7: one batch that cannot be learnt by heart; fault 6: learnt, but not decoded."""

from __future__ import annotations

import types
from dataclasses import replace

import pytest
import torch
from preflight_parts import recipe_with

from govor.models.base import FULL
from govor.preflight.alarm import decoding_alarm
from govor.preflight.checks.learning import one_batch_is_learnt, rates_move_weights
from govor.preflight.checks.rates import rate_is_usual
from govor.preflight.practice import Practice, practice_windows

TEXTS = [
    "ministar čita zakon",
    "odbor traži posao",
    "grad vidi narod",
    "jezik daje školu",
    "vijeće želi danas",
]


def codes(findings):
    return [finding.code for finding in findings]


def learnt(made):
    return list(one_batch_is_learnt(made.practice, made.facts))


def freeze(family, kept):
    for name, parameter in family.model.named_parameters():
        parameter.requires_grad = kept(name)


def masked(family):
    collate = family.collate

    def without_labels(self, examples, windows=FULL):
        batch = collate(examples, windows)
        return replace(batch, labels=torch.full_like(batch.labels, -100))

    family.collate = types.MethodType(without_labels, family)


@pytest.mark.parametrize(
    "kind", ["everything frozen", "all but the head's bias frozen", "new head frozen", "labels all masked"]
)
def test_a_batch_that_is_not_learnt_is_found(materials_of, kind):
    made = materials_of()
    if kind == "labels all masked":
        masked(made.family)
    else:
        kept = {"everything frozen": (), "new head frozen": ("encoder",)}.get(kind, ("ctc_head.bias",))
        freeze(made.family, lambda name: name.startswith(tuple(kept)))
    found = learnt(made)
    assert codes(found) == ["overfit_failed"] and found[0].severity == "error"
    wanted = {"everything frozen": "no parameter", "labels all masked": "no label"}.get(kind, "fell by")
    assert wanted in found[0].measured


@pytest.mark.parametrize("kind", ["all trained", "subsampling frozen", "first layer frozen"])
def test_a_batch_that_is_learnt_gives_no_finding(materials_of, kind):
    made = materials_of()
    frozen = {"all trained": "none", "subsampling frozen": "subsampling"}.get(kind, "layers.0")
    freeze(made.family, lambda name: frozen not in name)
    assert not learnt(made)
    assert made.practice.done and made.practice.losses[-1] < 0.2


@pytest.mark.parametrize(
    "train", [{"lr": 1e-12}, {"rates": {"encoder": 0.0, "ctc_head": 0.0}}, {"lr": 1e-4, "rates": {"": 1e-6}}]
)
def test_a_learning_rate_of_nothing_is_found(materials_of, train):
    made = materials_of(recipe_with(train=train))
    assert codes(rates_move_weights(made.family, made.training, made.peak_rate)) == ["learning_rate_zero"]


@pytest.mark.parametrize("train", [{"lr": 1e-6}, {"rates": {"encoder": 0.0}}, {"rates": {"ctc_head": 10.0}}])
def test_small_and_partial_rates_give_no_finding(materials_of, train):
    made = materials_of(recipe_with(train=train))
    assert not list(rates_move_weights(made.family, made.training, made.peak_rate))


def test_a_rate_far_above_the_usual_one_is_a_warning(materials_of):
    """2e-3 is usual for a new model of this size; preflight's own default is never far from itself."""
    for lr, found in ((None, []), (2e-3, []), (1e-2, []), (1.01e-2, ["learning_rate_high"])):
        made = materials_of(recipe_with(train={"lr": lr}))
        findings = list(rate_is_usual(made.training, made.usual_rate))
        assert codes(findings) == found and all(one.severity == "warning" for one in findings)
    assert "5 times the usual rate" in findings[0].measured and "0.002" in findings[0].fix


def test_one_rate_for_all_was_ten_times_too_high_for_whisper(materials_of, tmp_path):
    from transformers import WhisperConfig

    WhisperConfig(d_model=512).save_pretrained(tmp_path / "base")
    model = {"base": str(tmp_path / "base"), "from_scratch": {}}
    high = materials_of(recipe_with(model=model, train={"lr": 1e-4}))
    assert codes(rate_is_usual(high.training, high.usual_rate)) == ["learning_rate_high"]
    open_ended = materials_of(recipe_with(model=model, train={"lr": None}))
    assert open_ended.peak_rate == 1e-5


def wrongly_decoding(family, change):
    recognise = family.recognise

    def changed(self, sounds, options):
        return [types.SimpleNamespace(text=change(one.text)) for one in recognise(sounds, options)]

    family.recognise = types.MethodType(changed, family)


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        (lambda text: "", "blank"),
        (lambda text: text.replace(" ", ""), "word delimiter"),
        (lambda text: "хвала " * 6, "repeat"),
    ],
    ids=["nothing", "no spaces", "a loop"],
)
def test_a_small_loss_with_wrong_decoding_is_found(materials_of, change, advice):
    made = materials_of()
    wrongly_decoding(made.family, change)
    found = learnt(made)
    assert codes(found) == ["loss_and_decoding_disagree"] and advice in found[0].fix
    assert len(found[0].samples) == len(made.practice_clips)


def test_the_alarm_shows_five_samples_and_the_setting():
    alarm = decoding_alarm(0.1, TEXTS * 2, ["[unk] [unk]"] * 10, "step 500")
    assert alarm.where == "step 500" and len(alarm.samples) == 5
    assert "[model] delimiter" in alarm.fix and "WER of 1.00" in alarm.measured


def test_another_script_points_to_the_language():
    assert "language" in decoding_alarm(0.1, TEXTS, ["спасибо за внимание"] * 5).fix


@pytest.mark.parametrize(
    ("loss", "hypotheses"),
    [(2.6, [""] * 5), (0.1, [*TEXTS[:4], "vijeće želi sutra"]), (0.45, [t[:-2] for t in TEXTS])],
    ids=["nothing learnt yet", "nearly right", "half of the words right"],
)
def test_loss_and_decoding_that_agree_raise_no_alarm(loss, hypotheses):
    if hypotheses[0] == TEXTS[0][:-2]:
        hypotheses = [t.rsplit(" ", 1)[0] + " x" for t in TEXTS]
    assert decoding_alarm(loss, TEXTS, hypotheses) is None


def test_a_model_without_a_window_practises_as_it_is(materials_of):
    made = materials_of()
    assert practice_windows(made.family) == "full"


@pytest.mark.parametrize(("steps", "said"), [(3, "so few steps"), (12, "the loss falls")])
def test_a_few_steps_say_nothing_about_a_loss(steps, said):
    practice = Practice(["a"], losses=[2.0 - 0.1 * n for n in range(steps)], trainable=1, labels=3)
    (found,) = one_batch_is_learnt(practice, {})
    assert found.code == "inconclusive" and said in found.why
