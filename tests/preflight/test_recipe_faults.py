"""Settings against data: each fault is named, what to set mends it, and what is close to it is quiet."""

import tomllib

import polars as pl
import pytest
from preflight_parts import recipe_with, table_of

from govor.models.rates import UsualRate
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check


def rows(count, seconds=3.0, speakers=5):
    made = [{"id": f"u{n}", "text": "a b", "normal": "a b", "duration": seconds} for n in range(count)]
    return table_of(made).with_columns(pl.Series("speaker", [f"s{n % speakers}" for n in range(count)]))


@pytest.fixture
def found(tmp_path):
    """Findings of a check for ``[train]`` settings and tables."""
    all_checks()

    def run(name, train, tables=None, usual=1e-3):
        made = Materials(recipe_with(train=train), "cpu", tmp_path)
        made.__dict__["tables"] = tables or {"train": rows(400), "dev": rows(20)}
        made.__dict__["usual_rate"] = UsualRate(usual)
        return run_check(REGISTRY[name], made, {}).findings

    return run


LENGTH = "the_run_is_long_enough"


@pytest.mark.parametrize(
    ("train", "code", "severity"),
    [
        ({"warmup": 500, "steps": 300}, "warmup_too_long", "error"),
        ({"warmup": 1.0}, "warmup_too_long", "error"),
        ({"warmup": 0.7}, "warmup_too_long", "warning"),
        ({"steps": 10}, "less_than_an_epoch", "warning"),
        ({"steps": 3, "accumulate": 4}, "less_than_an_epoch", "warning"),
        ({"batch_s": 10_000.0, "max_batch": 1000, "epochs": 10}, "few_steps", "warning"),
        ({"accumulate": 64, "epochs": 10}, "few_steps", "warning"),
        ({"eval_every": "5000 steps"}, "evaluation_too_late", "warning"),
        ({"eval_every": "epochs 8", "epochs": 3}, "evaluation_too_late", "warning"),
        ({"eval_every": "4 epochs", "epochs": 3}, "evaluation_too_late", "warning"),
    ],
)
def test_a_run_that_is_too_short_is_named_and_the_remedy_mends_it(found, train, code, severity) -> None:
    first = found(LENGTH, {"batch_s": 30.0, **train})
    assert [(one.code, one.severity) for one in first] == [(code, severity)]
    mended = {**train, **settings_in(first[0].fix)}
    again = found(LENGTH, {"batch_s": 30.0, **mended})
    for _ in range(3):
        if [one.code for one in again] != [code]:
            break
        mended |= settings_in(again[0].fix)
        again = found(LENGTH, {"batch_s": 30.0, **mended})
    assert code not in [one.code for one in again]


def settings_in(fix):
    """The first setting that a remedy says to set."""
    written = fix.split("[train] ")[1].split(",")[0].split(" or ")[0]
    return tomllib.loads(written)


@pytest.mark.parametrize(
    "train",
    [
        {},
        {"warmup": 0.5},
        {"warmup": 100, "steps": 300},
        {"steps": 40},
        {"eval_every": "10 minutes"},
        {"eval_every": "1 epoch", "epochs": 1},
        {"eval_every": "epochs 2, 90", "epochs": 3},
        {"batch_s": 0.0},
        {"accumulate": 20, "epochs": 60},
    ],
)
def test_a_run_that_is_long_enough_is_quiet(found, train) -> None:
    assert found(LENGTH, {"batch_s": 30.0, **train}) == []


@pytest.mark.parametrize("rate", [1e-3, 5e-5, 2e-3])
def test_usual_rates_are_quiet(found, rate) -> None:
    assert found("rate_is_not_tiny", {"lr": rate}) == []


@pytest.mark.parametrize("rate", [1e-5, 1e-6, 3e-5])
def test_tiny_rates(found, rate) -> None:
    seen = found("rate_is_not_tiny", {"lr": rate})
    assert [one.code for one in seen] == ["learning_rate_low"] and "0.001" in seen[0].fix
    assert found("rate_is_not_tiny", {"lr": 1e-3}) == []


def test_a_dev_set_of_one_speaker(found) -> None:
    name = "dev_has_several_speakers"
    train = {"train": rows(400)}
    seen = found(name, {}, {**train, "dev": rows(20, speakers=1)})
    assert [one.code for one in seen] == ["dev_one_speaker"] and "'s0'" in seen[0].measured
    assert found(name, {}, {**train, "dev": rows(20, speakers=2)}) == []
    assert found(name, {}, {"train": rows(400, speakers=1), "dev": rows(20, speakers=1)}) == []
    nameless = rows(20).with_columns(pl.lit("unknown").alias("speaker"))
    assert found(name, {}, {**train, "dev": nameless}) == []
    assert found(name, {}, {**train, "dev": rows(20).drop("speaker")}) == []


def test_nothing_trainable(tmp_path) -> None:
    import torch

    made = Materials(recipe_with(), "cpu", tmp_path)
    layer = torch.nn.Linear(2, 2).requires_grad_(False)
    made.__dict__["family"] = type("Family", (), {"model": layer})()
    seen = run_check(REGISTRY["something_is_trained"], made, {}).findings
    assert [(one.code, one.severity) for one in seen] == [("nothing_trainable", "error")]
    layer.bias.requires_grad_(True)
    assert run_check(REGISTRY["something_is_trained"], made, {}).findings == []
