"""Every setting says what a change of it changes, and those who ask go by what it says."""

import dataclasses
import typing

import pytest

from govor.config import PrepareConfig, Recipe, TrainConfig, recipe_from
from govor.config.listing import listed_settings
from govor.config.setting import NOTHING, Effect, Section, declaration
from govor.pipeline.record import DONE, StageRecord
from govor.pipeline.stages import STAGES


def sections():
    """Every section of a recipe by name, those inside others too."""
    for name, kind in typing.get_type_hints(Recipe).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            yield name, kind


def settings():
    for section, kind in sections():
        for field in dataclasses.fields(kind):
            yield f"{section}.{field.name}", declaration(field), field


def test_every_setting_has_a_declared_effect():
    undeclared = {key for key, declared, _ in settings() if declared is None}
    assert undeclared == {"train.augment"}  # a section of its own, whose settings all decide the weights
    assert all(row.changes in set(Effect) for row in listed_settings())
    assert {row.changes for row in listed_settings() if row.section == "train.augment"} == {Effect.WEIGHTS}


def test_settings_that_drift_are_free_ones():
    drifting = {key for key, declared, _ in settings() if declared and declared.drift}
    assert drifting == {"train.threads", "train.compile", "train.gradient_checkpointing"}
    assert all(declared.changes is NOTHING for key, declared, _ in settings() if key in drifting)


@pytest.mark.parametrize(
    "key",
    ["train.log_every", "train.trackers", "train.threads", "prepare.stall_s", "prepare.memory_bytes"],
)
def test_what_only_changes_how_a_stage_runs_does_nothing_again(key):
    section, _, name = key.partition(".")
    other = {"trackers": ["wandb"]}.get(name, 7)
    changed = recipe_from({section: {name: other}})
    for stage in STAGES:
        record = StageRecord(stage.name, DONE, stage.settings_of(Recipe()), {})
        assert record.reasons_to_run(stage.settings_of(changed), {}) == []
        everything = {**stage.settings_of(Recipe()), **stage.free_settings_of(Recipe())}
        earlier = StageRecord(stage.name, DONE, everything, {})  # as versions before counted them
        assert earlier.reasons_to_run(stage.settings_of(changed), {}) == []
        if section in stage.settings:
            assert earlier.freely_changed(stage.free_settings_of(changed)) == [key]


def test_one_of_several_corpora_is_not_imported_again_for_a_limit():
    several = {"corpus": [{"source": "a"}, {"source": "b"}]}
    stage = STAGES[0]
    before = stage.settings_of(recipe_from(several))
    old = {**before, "corpus.a": {**before["corpus.a"], "max_rejected": 0.3}}
    assert StageRecord("import", DONE, old, {}).reasons_to_run(before, {}) == []
    other = stage.settings_of(recipe_from({"corpus": [{"source": "a", "language": "hr"}, {"source": "b"}]}))
    assert StageRecord("import", DONE, old, {}).reasons_to_run(other, {})


def test_what_preparation_hangs_on_is_what_the_settings_say():
    from govor.prepare.settings import Settings

    declared = {field.name for field in dataclasses.fields(PrepareConfig)} - PrepareConfig.free()
    assert declared - {"out"} == {field.name for field in dataclasses.fields(Settings)} - {"versions"}


def test_every_default_is_within_its_bounds():
    for _, kind in sections():
        kind()
    assert TrainConfig().deciding().keys() | TrainConfig.free() == {
        field.name for field in dataclasses.fields(TrainConfig)
    }
