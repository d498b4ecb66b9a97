"""Fault 9: memory at the longest batch, time and disk against what there is and what is allowed."""

from __future__ import annotations

import polars as pl
import pytest
from preflight_parts import recipe_with

from govor.preflight.checks import disk as disk_checks
from govor.preflight.checks import resources
from govor.preflight.checks.disk import checkpoint_bytes, checkpoints_fit_the_disk, kept_bytes
from govor.preflight.checks.resources import longest_batch_fits, over_time, plan_run


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
    [({"killed": True}, 10**12, "error"), ({"seconds": [9.0, 1.0, 1.0], "peak_bytes": 95}, 100, "warning")],
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
