"""Fault 4: clips with fewer frames than labels plus repeats, and masking spans longer than clips."""

from __future__ import annotations

import polars as pl
import pytest
from preflight_parts import TINY, WAVE, recipe_with

from govor.preflight.checks.lengths import labels_fit_the_frames
from govor.preflight.checks.vocabulary import the_models_own_checks_pass

FRAMES_A_SECOND = 25
"""Of the tiny model: 10 ms frames, subsampled by 4."""


def codes(findings):
    return [finding.code for finding in findings]


def changed(tables, texts=(), seconds=()):
    """The clean tables with the first train rows' texts and durations replaced."""
    train = tables["train"]
    old_texts, old_seconds = train["text"].to_list(), train["duration"].to_list()
    return {
        **tables,
        "train": train.with_columns(
            pl.Series("text", [*texts, *old_texts[len(texts) :]]),
            pl.Series("duration", [*seconds, *old_seconds[len(seconds) :]]),
        ),
    }


def frame_findings(materials_of, recipe=None, tables=None):
    made = materials_of(recipe, tables)
    return list(labels_fit_the_frames(made.family, made.labels))


@pytest.mark.parametrize("kind", ["text too long", "subsampled by 8", "only the repeats do not fit"])
def test_too_few_frames_for_the_labels_are_found(materials_of, tables, kind):
    recipe, planted = None, tables
    if kind == "text too long":
        planted = changed(tables, ["ministar čita zakon " * 8], [2.0])
    elif kind == "subsampled by 8":
        recipe = recipe_with(model={"from_scratch": {**TINY, "subsampling_factor": 8}})
    else:
        planted = changed(tables, ["a" * (FRAMES_A_SECOND * 2 // 2 + 5)], [2.0])
    found = frame_findings(materials_of, recipe, planted)
    assert "too_few_frames" in codes(found) and found[0].samples and "subsampling_factor" in found[0].fix
    if kind != "subsampled by 8":
        assert found[0].measured.startswith("1 of 30")


@pytest.mark.parametrize("kind", ["as spoken", "just fits", "repeats just fit"])
def test_frames_that_suffice_give_no_finding(materials_of, tables, kind):
    planted = {
        "as spoken": tables,
        "just fits": changed(tables, ["ab" * FRAMES_A_SECOND], [2.0]),
        "repeats just fit": changed(tables, ["a" * FRAMES_A_SECOND], [2.0]),
    }[kind]
    assert not frame_findings(materials_of, None, planted)


def mask_findings(materials_of, length, seconds, tables, **more):
    recipe = recipe_with(model={"from_scratch": {**WAVE, "mask_time_length": length, **more}})
    made = materials_of(recipe, changed(tables, seconds=seconds))
    return list(the_models_own_checks_pass(made.family, made.tables, "hr", made.recipe))


@pytest.mark.parametrize(("length", "seconds"), [(10, (0.15,)), (60, (1.0, 1.1)), (300, (2.5,))])
def test_a_masking_span_longer_than_a_clip_is_found(materials_of, tables, length, seconds):
    found = mask_findings(materials_of, length, seconds, tables)
    assert codes(found) == ["mask_longer_than_clip"]
    assert f"{length} frames" in found[0].limit and "min_duration" in found[0].fix


@pytest.mark.parametrize(
    ("length", "seconds", "more"),
    [(10, (0.3,), {}), (45, (1.0,), {}), (300, (0.5,), {"mask_time_prob": 0.0})],
    ids=["usual", "just shorter", "never drawn"],
)
def test_a_masking_span_that_fits_gives_no_finding(materials_of, tables, length, seconds, more):
    assert not mask_findings(materials_of, length, seconds, tables, **more)
