"""Stages run when what they depend on changed, and only then."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from govor import extras
from govor.config import Workspace, recipe_from
from govor.errors import InputError, LimitError, MissingExtraError, UsageError
from govor.pipeline import run as runner
from govor.pipeline import stages as table
from govor.pipeline.projection import project
from govor.pipeline.run import run_recipe
from govor.pipeline.stages import STAGES, Stage


@pytest.fixture
def walk(tmp_path, monkeypatch):
    """A recipe whose three stages only write what they were told, and the list of what ran."""
    ran = []
    source = tmp_path / "source.txt"
    source.write_text("a")

    def work(name, folder, text):
        def run(recipe, device):
            ran.append(name)
            out = folder(recipe)
            out.mkdir(parents=True, exist_ok=True)
            (out / "corpus.json").write_text(json.dumps({"fingerprint": text(recipe), "read": 1}))
            return {"out": str(out)}

        return run

    def corpus(recipe):
        return Workspace.of(recipe).corpus

    def selected(recipe):
        return Workspace.of(recipe).selected

    def evaluation(recipe):
        return Workspace.of(recipe).evaluation

    fakes = (
        Stage("import", ("corpus",), lambda r: {"the source": source.read_text()}, corpus,
              work("import", corpus, lambda r: source.read_text())),
        Stage("select", ("select",), table._corpus, selected,
              work("select", selected, lambda r: f"{source.read_text()}{r.select.hours}")),
        Stage("evaluate", ("evaluate",), table._selected, evaluation, work("evaluate", evaluation, str)),
    )  # fmt: skip
    for module in (runner, table):
        monkeypatch.setattr(module, "STAGES", fakes)
        monkeypatch.setattr(module, "STAGE_NAMES", tuple(stage.name for stage in fakes))

    data = {"work": str(tmp_path / "work"), "corpus": {"source": str(source)}}

    def go(settings=None, **kwargs):
        ran.clear()
        summary = run_recipe(recipe_from({**data, **(settings or {})}), **kwargs)
        return list(ran), summary

    go.source, go.ran, go.recipe = source, ran, recipe_from(data)
    go.work = tmp_path / "work"
    return go


def test_a_second_run_does_nothing(walk):
    assert walk()[0] == ["import", "select", "evaluate"]
    ran, summary = walk()
    assert ran == []
    assert {stage["status"] for stage in summary["stages"].values()} == {"unchanged"}


def test_a_changed_setting_runs_its_stage_and_those_behind(walk):
    walk()
    ran, summary = walk({"select": {"hours": 2.0}})
    assert ran == ["select", "evaluate"]
    assert summary["stages"]["select"]["reasons"] == ["select.hours was None and is 2.0"]


def test_a_changed_source_runs_everything(walk):
    walk()
    walk.source.write_text("b")
    ran, summary = walk()
    assert ran == ["import", "select", "evaluate"]
    assert summary["stages"]["import"]["reasons"] == ["the source changed"]


def test_a_stage_that_makes_the_same_again_stops_the_chain(walk):
    walk()
    assert walk({"select": {"seed": 3}})[0] == ["select"]


def test_from_and_to(walk):
    walk()
    assert walk(first="select")[0] == ["select"]
    assert walk({"select": {"hours": 1.0}}, last="import")[0] == []
    with pytest.raises(UsageError, match="no stage nothing; stages are import"):
        walk(first="nothing")
    with pytest.raises(UsageError, match="comes after"):
        walk(first="evaluate", last="import")


def test_what_is_not_installed_is_said_before_anything_runs(walk, monkeypatch, capsys):
    """Hours of preparation end in no training; what needs no model runs all the same."""
    *before, evaluate = table.STAGES
    without = (*before, replace(evaluate, packages=("torch",)))
    monkeypatch.setattr(runner, "STAGES", without)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"needs torch, .* 'govor\[train\]'"):
        walk()
    assert walk.ran == [] and "evaluate would stop; --to select runs" in capsys.readouterr().err
    rows = project(walk.recipe).stages
    assert rows[-1].note.startswith("evaluate would stop: this needs torch") and not rows[0].note.count(
        "stop"
    )
    assert walk(last="select")[0] == ["import", "select"]


def test_an_edit_by_hand_is_named_and_both_ways_out_work(walk):
    walk()
    target = walk.work / "selected" / "corpus.json"
    target.write_text(json.dumps({"fingerprint": "edited"}))
    with pytest.raises(
        InputError, match=r"corpus\.json was changed since select wrote it: --from select .*evaluate"
    ):
        walk()
    assert walk(first="evaluate")[0] == ["evaluate"]
    assert walk()[0] == []  # and from now on it stands as it is
    assert walk(first="select")[0] == ["select", "evaluate"]


def test_a_touch_without_a_change_is_no_change(walk):
    walk()
    (walk.work / "selected" / "corpus.json").touch()
    assert walk()[0] == []


def test_a_stage_that_passes_a_limit_ends_the_run_and_runs_again(walk, monkeypatch):
    def fail(recipe, device):
        raise LimitError("too many rejected", {"rejected": 3})

    stages = list(runner.STAGES)
    broken = Stage("select", stages[1].settings, stages[1].inputs, stages[1].out, fail)
    monkeypatch.setattr(runner, "STAGES", (stages[0], broken, stages[2]))
    with pytest.raises(LimitError, match="select: too many rejected") as caught:
        walk()
    assert caught.value.summary == {"stage": "select", "rejected": 3}
    monkeypatch.setattr(runner, "STAGES", tuple(stages))
    assert walk()[0] == ["select", "evaluate"]


def test_what_an_interrupted_later_stage_added_is_no_change_by_hand(walk, monkeypatch):
    from dataclasses import replace

    from govor.pipeline.record import RUNNING, StageRecord

    stages = list(runner.STAGES)
    amended = (replace(stages[0], amended_by="select"), *stages[1:])
    monkeypatch.setattr(runner, "STAGES", amended)
    walk()
    (walk.work / "corpus" / "extra.txt").write_text("filled in")
    with pytest.raises(InputError, match="is new since import wrote it"):
        walk()
    StageRecord("select", RUNNING, {}, {}).save(walk.work)
    assert walk()[0] == ["select"]


def test_a_dry_run_changes_nothing(walk):
    data = {"work": str(walk.work), "corpus": {"source": str(walk.source)}}
    before = project(recipe_from(data))
    assert [stage.runs for stage in before.stages] == [True, True, True]
    assert not walk.work.exists()
    walk()
    after = project(recipe_from({**data, "select": {"hours": 9.0}}))
    assert [stage.runs for stage in after.stages] == [False, True, True]


@pytest.mark.parametrize(
    ("source", "format", "there"),
    [
        ("nowhere.tar.gz", "auto", False),
        ("nowhere/sv_se", "fleurs", False),
        ("google/fleurs:sv_se", "auto", True),
        (".", "auto", True),
    ],
)
def test_a_dry_run_says_that_the_source_is_not_there(source, format, there, tmp_path):
    found = project(recipe_from({"work": str(tmp_path), "corpus": {"source": source, "format": format}}))
    assert ("is not there" not in found.stages[0].note) == there


def test_settings_that_change_nothing_do_not_count():
    recipe = recipe_from({"prepare": {"workers": 3}, "train": {"loader_workers": 7}})
    for stage in STAGES:
        assert stage.settings_of(recipe) == stage.settings_of(recipe_from({}))


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_settings_are_the_same_when_they_come_back_from_a_record(stage, tmp_path):
    from govor.pipeline.record import RUNNING, StageRecord, load_record

    settings = stage.settings_of(recipe_from({}))
    StageRecord(stage.name, RUNNING, settings, {}).as_done({}, None).save(tmp_path)
    assert load_record(tmp_path, stage.name).reasons_to_run(settings, {}) == []


def test_an_old_run_is_kept_when_its_settings_change(tmp_path):
    from govor.pipeline.record import RUNNING, StageRecord

    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    (run / "run.json").write_text("{}")
    record = StageRecord("train", RUNNING, {"train.lr": 1.0}, {})
    runner._set_old_run_aside(record, {"train.lr": 1.0}, {}, run)
    assert run.exists()
    runner._set_old_run_aside(record, {"train.lr": 2.0}, {}, run)
    assert not (run / "checkpoints").exists() and (Path(f"{run}-before-1") / "checkpoints").exists()
    assert json.loads((run / "run.json").read_text())["run"]  # which a mirror of the old run is not


def test_what_a_run_came_to_is_shown():
    from govor.commands.run import _lines
    from govor.pipeline.run import RecipeSummary

    interval = {"value": 0.25, "low": 0.2, "high": 0.3}
    stages = {
        "import": {"status": "done", "summary": {"kept": 5}},
        "preflight": {"status": "done", "summary": {"errors": 0, "warnings": 2, "out": "run/preflight"}},
        "train": {"status": "done", "summary": {"best": {"step": 9, "wer": 0.5}, "model": "run/model"}},
        "evaluate": {"status": "done", "summary": {"split": "test", "wer": interval, "out": "e"}},
    }
    said = _lines(RecipeSummary("w", stages, 1.0))
    assert said[0] == "import     done"
    assert said[1] == "preflight  done  0 errors, 2 warnings: run/preflight/report.html"
    assert said[2] == "train      done  dev WER 0.5000 at step 9: run/model"
    assert said[3] == "evaluate   done  test WER 0.2500, 95% interval 0.2000 to 0.3000: e/report.html"
    stages["evaluate"]["summary"]["wer"] = {"value": 1.0, "low": None, "high": None}
    stages["evaluate"]["summary"]["groups"] = {"unit": "speaker", "count": 1}
    found = _lines(RecipeSummary("w", stages, 1.0))
    assert "test WER 1.0000, no interval (1 speaker): e/" in found[3]
    against = {"better": False, "sentence": "nothing that was trained is better than the base model: …"}
    stages["train"]["summary"]["base"] = against
    assert _lines(RecipeSummary("w", stages, 1.0))[0] == against["sentence"]


def test_a_bound_that_is_added_is_looked_at(walk):
    """It was passed over in silence where the evaluation was there already."""
    walk()
    bounds = {"evaluate": {"require": {"wer": 0.3}}}
    assert walk(bounds)[0] == ["evaluate"] and walk(bounds)[0] == []


def test_a_setting_that_an_earlier_version_did_not_know_and_that_is_empty_is_no_change():
    from govor.pipeline.record import DONE, StageRecord

    record = StageRecord("evaluate", DONE, {"evaluate.split": "test"}, {})
    assert record.reasons_to_run({"evaluate.split": "test", "evaluate.require": {}}, {}) == []
    assert record.reasons_to_run({"evaluate.split": "test", "evaluate.require": {"wer": 1.0}}, {})


def test_a_run_stops_where_import_lost_too_many_rows(tmp_path):
    (tmp_path / "a.wav").touch()
    source = tmp_path / "m.csv"
    source.write_text("audio,text\na.wav,one\ngone.wav,two\n")
    data = {"work": str(tmp_path / "work"), "corpus": {"source": str(source)}}
    with pytest.raises(LimitError, match="import: 1 of 2 rows were set aside") as caught:
        run_recipe(recipe_from(data), last="check")
    assert (caught.value.summary["stage"], caught.value.summary["kept"]) == ("import", 1)
    allowed = {**data, "corpus": {"source": str(source), "max_rejected": 0.5}}
    assert run_recipe(recipe_from(allowed), last="import")["stages"]["import"]["summary"]["kept"] == 1


def test_runs_of_an_earlier_version_are_not_trained_again_for_settings_that_nobody_set():
    from govor.config import Recipe
    from govor.pipeline.record import DONE, StageRecord
    from govor.pipeline.stages import STAGES

    (stage,) = (stage for stage in STAGES if stage.name == "train")
    now = stage.settings_of(Recipe())
    later = {"model.plain_share", "model.previous_share", "model.generation"}
    record = StageRecord("train", DONE, {key: value for key, value in now.items() if key not in later}, {})
    assert record.reasons_to_run(now, {}) == []
    assert record.reasons_to_run({**now, "model.plain_share": 0.2}, {})
