"""Fault 9: memory at the longest batch, time and disk against what there is and what is allowed."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from preflight_parts import recipe_with

from govor.preflight import child
from govor.preflight.checks import disk as disk_checks
from govor.preflight.checks import resources
from govor.preflight.checks.disk import checkpoint_bytes, checkpoints_fit_the_disk, kept_bytes
from govor.preflight.checks.resources import BatchPlan, longest_batch_fits, over_time, plan_run, windows_of
from govor.preflight.child import Answer, StepJob, Trial, largest_that_fits


def codes(findings):
    return [finding.code for finding in findings]


def tried(made):
    return list(
        longest_batch_fits(
            made.tables,
            made.recipe,
            made.family,
            made.saved_model,
            "cpu",
            made.scratch,
            made.budget,
            made.facts,
            made.projection,
        )
    )


@pytest.mark.slow
def test_the_longest_batch_is_tried_for_real_and_the_run_projected(materials_of):
    made = materials_of(recipe_with(preflight={"quota_hours": 10.0}))
    assert not tried(made)
    assert made.projection["seconds"] > 0 and made.projection["memory_bytes"] > 50_000_000
    assert "clips up to" in made.facts["longest_batch"]


@pytest.mark.parametrize(
    ("answer", "limit", "severity"),
    [
        (Answer(killed=True), 10**12, "error"),
        (Answer(seconds=[9.0, 1.0, 1.0], peak_bytes=95), 100, "warning"),
    ],
    ids=["killed", "tight"],
)
def test_a_longest_batch_that_does_not_fit_is_found(materials_of, monkeypatch, answer, limit, severity):
    monkeypatch.setattr(resources, "run_child", lambda *a: answer)
    monkeypatch.setattr(resources, "memory_limit", lambda device: limit)
    found = tried(materials_of())
    assert codes(found) == ["memory_over"] and "batch_s" in found[0].fix and found[0].severity == severity


@pytest.mark.slow
def test_memory_that_runs_out_is_no_crash(materials_of, tables):
    endless = {**tables, "train": tables["train"].with_columns(duration=pl.lit(400_000_000.0))}
    made = materials_of(tables=endless)
    made.__dict__["practice_clips"] = materials_of().practice_clips
    found = tried(made)
    assert codes(found) == ["memory_over"] and found[0].severity == "error"


def test_the_largest_padded_batch_comes_first(tables):
    durations = tables["train"]["duration"].to_numpy()
    plan = plan_run(recipe_with(train={"batch_s": 10.0}), durations)
    assert len(plan.largest) * plan.largest.max() == plan.costs_s(plan.windows[0]).max() <= 10.0
    assert plan.batches == 2 * len(plan.first_epoch)


@pytest.mark.parametrize(
    ("sections", "severity"),
    [
        ({"preflight": {"quota_hours": 1.0}}, "error"),
        ({"preflight": {"quota_hours": 1.99}}, "error"),
        ({"train": {"max_hours": 1.5}}, "warning"),
    ],
)
def test_a_run_beyond_its_time_is_found(sections, severity):
    found = list(over_time(recipe_with(**sections), 2 * 3600.0))
    assert codes(found) == ["time_over_quota"] and found[0].severity == severity


@pytest.mark.parametrize("sections", [{}, {"preflight": {"quota_hours": 2.0}}, {"train": {"max_hours": 2.5}}])
def test_a_run_within_its_time_gives_no_finding(sections):
    assert not list(over_time(recipe_with(**sections), 2 * 3600.0))


DURATIONS = np.random.default_rng(0).gamma(4.0, 1.2, 300).clip(0.8, 28.0)
WINDOW_S = 30.0


def cost_s(trial):
    """Seconds that a trial computes, as Whisper's windows or padding have it."""
    longest = max(trial.clips)
    each = {"full": WINDOW_S, "thinned": longest + 3.0, "short": longest}
    return len(trial.clips) * each[trial.windows]


def windowed(windows="full", **train):
    return plan_run(recipe_with(train={"batch_s": 120.0, "windows": windows, **train}), DURATIONS, WINDOW_S)


def test_the_largest_batch_of_full_windows_is_that_of_the_most_clips():
    plan = windowed()
    most = max(len(batch) for batch in plan.first_epoch)
    assert len(plan.largest) == most and plan.largest_s == most * WINDOW_S
    short = windowed("short")
    assert short.largest_s == max(len(b) * b.max() for b in short.first_epoch) <= 120.0


def test_times_are_those_of_the_windows_that_the_run_has():
    """A machine that takes a hundredth of a second a computed second."""
    seconds = {}
    for kind in ("full", "thinned", "short", "mixed"):
        plan = windowed(kind, full_share=0.25)
        seconds[kind] = plan.seconds([0.01 * cost_s(trial) for trial in plan.trials()[1:]])
    clips, epochs = len(DURATIONS), 2
    assert seconds["full"] == pytest.approx(0.01 * clips * WINDOW_S * epochs)
    padded = sum(len(batch) * batch.max() for batch in windowed().first_epoch)
    assert seconds["short"] == pytest.approx(0.01 * padded * epochs)
    assert seconds["thinned"] == pytest.approx(seconds["short"] + 0.01 * 3.0 * clips * epochs)
    assert seconds["mixed"] == pytest.approx(0.25 * seconds["full"] + 0.75 * seconds["short"])


def test_windows_of_models_without_them_and_of_mixed_runs():
    assert [w.kind for w in windows_of(recipe_with(train={"windows": "short"}), None)] == ["full"]
    mixed = windows_of(recipe_with(train={"windows": "mixed", "full_share": 0.1}), WINDOW_S)
    assert [(w.kind, round(w.share, 3)) for w in mixed] == [("full", 0.1), ("short", 0.9)]
    none = windows_of(recipe_with(train={"windows": "mixed", "full_share": 0.0}), WINDOW_S)
    assert [w.kind for w in none] == ["short"]


@pytest.mark.parametrize("windows", ["full", "thinned", "short", "mixed", None], ids=str)
def test_the_first_remedy_of_memory_over_clears_it(materials_of, monkeypatch, windows):
    """A machine with little more than half the memory; the advice is followed word for word."""
    window_s = None if windows is None else WINDOW_S
    train = {"batch_s": 120.0, "max_batch": 24, "windows": windows or "full"}
    recipe = recipe_with(train=train)
    limit = 0.6 * plan_run(recipe, DURATIONS, window_s).largest_s

    def trial(job, *_):
        windowed = window_s is not None
        costs = [cost_s(b) if windowed else len(b.clips) * max(b.clips) for b in job.batches]
        return Answer(killed=True) if max(costs) > limit else Answer(seconds=costs, peak_bytes=1)

    monkeypatch.setattr(resources, "run_child", trial)
    tables = {"train": pl.DataFrame({"duration": DURATIONS, "normal": ["abc"] * len(DURATIONS)})}
    made = materials_of(recipe)
    made.__dict__.update(tables=tables, saved_model=made.scratch, family=Model(window_s))
    (found,) = tried(made)
    assert found.code == "memory_over" and found.severity == "error"
    advice, accumulate = re.search(r"\[train\] (.+?) and accumulate = (\d+)", found.fix).groups()
    asked = {name: type(train[name])(float(value)) for name, value in re.findall(r"(\w+) = ([\d.]+)", advice)}
    mended = recipe_with(train=train | asked | {"accumulate": int(accumulate)})
    made.recipe = mended
    assert not tried(made)


class Model:
    """What the check asks a family for."""

    def __init__(self, max_window_s):
        import torch

        self.max_window_s, self.model = max_window_s, torch.nn.Linear(1, 1)


def test_remedies_that_are_set_already_are_not_named(materials_of, monkeypatch):
    recipe = recipe_with(train={"gradient_checkpointing": True, "max_batch": 1})
    monkeypatch.setattr(resources, "run_child", lambda *a: Answer(killed=True))
    made = materials_of(recipe)
    made.__dict__.update(saved_model=made.scratch, family=Model(None))
    (found,) = tried(made)
    assert "gradient_checkpointing" not in found.fix and "accumulate" not in found.fix
    assert "max_duration" in found.fix


def test_the_trial_runs_the_model_as_the_run_has_it(monkeypatch):
    """Windows of each batch, a step before those that count, and the recipe's adjustments."""
    import torch

    from govor.models import build

    seen = []

    class Seen:
        device, sample_rate = torch.device("cpu"), 16_000
        model = torch.nn.Linear(1, 1)

        def extractor(self, wave):
            return wave[:, None]

        def encode_text(self, text, language, seconds):
            return [1]

        def collate(self, examples, windows):
            seen.append((windows.kind, len(examples)))
            return {}

        def loss(self, batch):
            return self.model(torch.ones(1, 1)).sum(), 1

    Seen.extractor.padding = lambda features: 0.0
    adjusted = []
    monkeypatch.setattr(build, "resume_model", lambda *a, **k: Seen())
    monkeypatch.setattr(build, "adjust_model", lambda model, config: adjusted.append(config))
    recipe = recipe_with(train={"gradient_checkpointing": True, "windows": "mixed"})
    batches = [Trial("full", [0.2, 0.1]), Trial("short", [0.1])]
    answer = child.step(StepJob(".", "cpu", "auto", 0, recipe.to_dict(), batches, ["a"]))
    assert seen == [("short", 1), ("full", 2), ("short", 1)] and len(answer.seconds) == 2
    assert adjusted[0].gradient_checkpointing and adjusted[0].windows == "mixed"


def disk(made):
    return list(
        checkpoints_fit_the_disk(made.family, made.recipe, made.settings, made.workspace, made.projection)
    )


@pytest.mark.parametrize("kind", ["quota", "quota for one checkpoint", "disk"])
def test_checkpoints_that_do_not_fit_are_found(materials_of, monkeypatch, kind):
    made = materials_of()
    each = checkpoint_bytes(made.family)
    quota = {"quota": 1000, "quota for one checkpoint": each}.get(kind)
    made = materials_of(recipe_with(preflight={"quota_disk": quota} if quota else {}))
    if kind == "disk":
        monkeypatch.setattr(disk_checks, "free_bytes", lambda path: each)
    assert codes(disk(made)) == ["disk_full" if kind == "disk" else "disk_over_quota"]


@pytest.mark.parametrize("quota", [None, 10_000_000_000, "just enough"])
def test_checkpoints_that_fit_give_no_finding(materials_of, quota):
    made = materials_of()
    if quota == "just enough":
        quota = kept_bytes(made.training.keep, checkpoint_bytes(made.family), 0)
    made = materials_of(recipe_with(preflight={"quota_disk": quota} if quota else {}))
    assert not disk(made)


@pytest.mark.parametrize(
    ("keep", "named", "expected"), [(2, 0, 50), (1, 2, 60), ("5 MB", 0, 5_000_030), ("3 epochs", 0, 60)]
)
def test_bytes_of_what_stands_at_once(keep, named, expected):
    assert kept_bytes(keep, 10, named) == expected


def test_a_batch_that_does_not_fit_is_halved_until_it_does():
    tried = []

    def attempt(batch):
        tried.append(len(batch.clips))
        if len(batch.clips) > 5:
            raise RuntimeError("CUDA out of memory")

    assert largest_that_fits(attempt, Trial("full", [3.0] * 21)) == 5 and tried == [10, 5]
    assert largest_that_fits(attempt, Trial("full", [3.0])) == 0

    def never(batch):
        raise MemoryError

    assert largest_that_fits(never, Trial("full", [3.0] * 4)) == 0


def test_what_fits_by_trying_is_what_the_remedy_says():
    recipe = recipe_with(train={"batch_s": 120.0, "accumulate": 2})
    plan = BatchPlan([np.array([6.0] * 20)], 1.0)
    found = resources._no_memory(plan, recipe, 5)
    assert "5 longest clips of it fit" in found.measured
    assert "[train] batch_s = 30 and accumulate = 8" in found.fix
    assert "[train] batch_s = 60 and accumulate = 4" in resources._no_memory(plan, recipe, 0).fix
