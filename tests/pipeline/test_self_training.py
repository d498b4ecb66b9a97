"""Rounds of self-training: what they train on, what they are measured on, and when they end."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from govor.config import Workspace, recipe_from
from govor.corpora.folder import Corpus, CorpusInfo, CorpusWriter
from govor.label.keeping import keep_surest
from govor.pipeline import rounds
from govor.pipeline.rounds import self_train
from govor.pipeline.stages import STAGES


def machine_rows(count):
    return pl.DataFrame(
        {
            "id": [f"m{n}" for n in range(count)],
            "recording": [f"tape{n}" for n in range(count)],
            "audio": [f"tape{n}.wav" for n in range(count)],
            "text": [f"text number {n} of a tape" for n in range(count)],
            "split": ["train"] * count,
            "text_source": ["machine"] * count,
            "text_model": ["m"] * count,
            "confidence": [n / count for n in range(count)],
            "agreement": [n / count for n in range(count)],
        }
    )


def write(folder, rows, root):
    with CorpusWriter(folder, CorpusInfo("test", "memory", str(root))) as writer:
        writer.write(rows)
    return writer.info.summary(folder)


def test_the_surest_share_is_kept_and_the_rest_counted(tmp_path):
    write(tmp_path / "c", machine_rows(10), tmp_path)
    summary = keep_surest(tmp_path / "c", tmp_path / "k", "both", 0.3)
    assert (summary.read, summary.kept, summary.reasons) == (10, 3, {"not_among_the_surest": 7})
    assert Corpus.open(tmp_path / "k").scan().collect()["id"].to_list() == ["m7", "m8", "m9"]


@pytest.fixture
def world(tmp_path, tiny_corpus, monkeypatch):
    """A recipe after its first stages; labelling, training and measuring are told what comes of them."""
    tapes = tmp_path / "tapes"
    tapes.mkdir()
    work = tmp_path / "work"
    shutil.copytree(tiny_corpus, work / "selected")
    (work / "run").mkdir()
    called = []
    gains = iter([(0.05, 0.02, 0.08), (0.01, -0.02, 0.04), (0.5, 0.4, 0.6)])

    def label(model, recordings, out, config, device):
        called.append(("label", Path(model).parent.name))
        return write(Path(out), machine_rows(10), tapes)

    def prepare(corpus, out, config, *, update=False):
        rows = Corpus.open(corpus).scan().collect()
        counts = rows.group_by("text_source", "split").len().iter_rows()
        called.append(("prepare", {(source, split): count for source, split, count in counts}))
        Path(out).mkdir(parents=True, exist_ok=True)
        (Path(out) / "dataset.json").write_text("{}")

    def train(recipe, *, device):
        called.append(("train", Workspace.of(recipe).dataset))
        Path(recipe.train.out).mkdir(parents=True, exist_ok=True)

    def evaluate(model, dataset, out, config, *, device):
        called.append(("evaluate", config.split, config.baseline))
        gain, low, high = next(gains)
        difference = {"value": -gain, "low": -high, "high": -low}
        return {"wer": {"value": 0.3, "low": 0.2, "high": 0.4}, "comparison": {"wer_difference": difference}}

    monkeypatch.setattr("govor.label.label_recordings", label)
    monkeypatch.setattr("govor.prepare.prepare_corpus", prepare)
    monkeypatch.setattr("govor.train.train", train)
    monkeypatch.setattr("govor.evaluate.evaluate", evaluate)
    recipe = recipe_from(
        {
            "work": str(work),
            "model": {"base": "base"},
            "label": {"recordings": [str(tapes)], "rounds": 3, "keep_share": 0.5},
        }
    )
    return recipe, called


def test_a_round_that_gains_less_than_its_interval_ends_the_loop(world):
    recipe, called = world
    summary = self_train(recipe)
    assert [one.gained for one in summary.rounds] == [True, False]
    assert summary.ended == "round 2 gained less than its interval"
    place = Workspace.of(recipe)
    assert summary.model == str(place.rounds / "1" / "run")
    measured = [one for one in called if one[0] == "evaluate"]
    assert measured == [
        ("evaluate", "dev", str(place.run)),
        ("evaluate", "dev", str(place.rounds / "1" / "run")),
    ]
    assert summary.rounds[0].gain == {"value": 0.05, "low": 0.02, "high": 0.08}
    assert json.loads(json.dumps(dict(summary)))["rounds"][1]["number"] == 2


def test_a_round_trains_on_people_and_the_surest_machine_texts(world, tiny_corpus):
    recipe, called = world
    self_train(recipe)
    people = dict(Corpus.open(tiny_corpus).scan().collect().group_by("split").len().iter_rows())
    counts = next(one[1] for one in called if one[0] == "prepare")
    assert counts == {("machine", "train"): 5} | {("human", name): n for name, n in people.items()}
    assert [one[1] for one in called if one[0] == "train"] == [
        str(Workspace.of(recipe).rounds / number / "dataset") for number in ("1", "2")
    ]


def test_other_texts_set_what_a_round_made_aside(world):
    recipe, _ = world
    folder = Workspace.of(recipe).rounds / "1"
    (folder / "run").mkdir(parents=True)
    rounds._begin(recipe, folder, str(Workspace.of(recipe).run), "texts")
    rounds._begin(recipe, folder, str(Workspace.of(recipe).run), "texts")
    assert (folder / "run").exists()
    rounds._begin(recipe, folder, str(Workspace.of(recipe).run), "other texts")
    assert not (folder / "run").exists()
    assert (folder / "before-1" / "run").exists()


def test_the_stage_is_wanted_where_recordings_are_named():
    stage = next(stage for stage in STAGES if stage.name == "label")
    assert not stage.wanted(recipe_from({}))
    assert stage.wanted(recipe_from({"label": {"recordings": ["tapes"]}}))
