"""``--refine``: a recipe of its own is run, and its model is asked for what had no place."""

import dataclasses

import pytest

from govor.align.entry import AlignResult
from govor.align.hearing import Hearing, Hearings
from govor.align.outcome import Outcome, PlacedShare, PlacedUtterance, Unplaced, Untranscribed
from govor.config import AlignConfig
from govor.errors import ModelError
from govor.pipeline import second_round
from govor.pipeline.second_round import align_in_rounds, second_recipe


def outcome(
    utterances, bare=(Untranscribed("a.wav", 50.0, 55.0),), lost=(Unplaced("a.txt", 9, "Kraj.", "unplaced"),)
):
    placed = tuple(
        PlacedUtterance("a.wav", n, n + 0.9, f"Rečenica {n}.", "a.txt", n, (), (), (), "rečenica", 0.2)
        for n in range(utterances)
    )
    return Outcome(
        "",
        placed,
        lost,
        bare,
        (PlacedShare("a.wav", "partly placed", 0.5),),
        (PlacedShare("a.txt", "placed", 1.0),),
    )


class Rounds:
    """Stands for `Alignment`: notes what is asked of it."""

    def __init__(self, model, out, config, device):
        self.model, self.out, self.config, self.device = model, out, config, device
        self.asked = []
        type(self).last = self

    def placed(self, recordings, texts):
        heard = Hearings({"a.wav": Hearing("a.wav", 60.0, "hr", ())})
        return AlignResult([type(self).first], [(["a.wav"], ["a.txt"])], ["a.wav"], {}, {}, heard, ())

    def again(self, first, model):
        self.asked.append(model)
        return dataclasses.replace(first, outcomes=["second"])

    def write(self, aligned, out=None):
        self.asked.append((aligned.outcomes, out))


@pytest.fixture
def rounds(monkeypatch):
    recipes = []
    monkeypatch.setattr(second_round, "Alignment", Rounds)
    monkeypatch.setattr(second_round, "_require_trainable", lambda model: None)
    monkeypatch.setattr("govor.pipeline.run.run_recipe", lambda recipe, **how: recipes.append((recipe, how)))
    Rounds.first = outcome(30)
    return recipes


def align(tmp_path, **settings):
    align_in_rounds("m", ["a.wav"], ["a.txt"], tmp_path / "out", AlignConfig(language="hr", **settings))
    return Rounds.last.asked


def test_the_first_round_is_learned_from_and_its_model_hears_the_rest(rounds, tmp_path, capsys):
    root = tmp_path / "out" / "refine"
    first = [Rounds.first]
    written = [(first, root / "corpus"), (first, None)]
    assert align(tmp_path, refine=True) == [*written, str(root / "run"), (["second"], None)]
    [(recipe, how)] = rounds
    assert (how["first"], how["last"]) == ("select", "train")
    assert (recipe.model.base, recipe.select.dev, recipe.select.test) == ("m", 3, 0)
    said = capsys.readouterr().err
    assert "30 utterances" in said
    assert "how long" in said


@pytest.mark.parametrize(
    "first",
    [outcome(19), outcome(30, bare=()), outcome(30, lost=())],
    ids=["few", "no speech left", "no text left"],
)
def test_no_second_round_where_it_can_gain_nothing(rounds, tmp_path, first):
    Rounds.first = first
    assert align(tmp_path, refine=True) == [([first], None)]
    assert not rounds


def test_one_round_is_the_default(rounds, tmp_path):
    assert align(tmp_path) == [([Rounds.first], None)]
    assert not rounds


def test_an_export_is_refused_before_the_first_round(tmp_path):
    (tmp_path / "ct2").mkdir()
    (tmp_path / "ct2" / "govor.json").write_text('{"backend": "ctranslate2", "model_type": "whisper"}')
    with pytest.raises(ModelError, match="not trained"):
        align_in_rounds(tmp_path / "ct2", ["a.wav"], ["a.txt"], tmp_path / "out", AlignConfig(refine=True))


def test_dev_shares_no_recording_with_train_where_there_are_enough(tmp_path):
    placed = outcome(1000).utterances
    recipe = second_recipe("m", tmp_path, AlignConfig(language="hr"), placed)
    assert (recipe.work, recipe.select.dev, recipe.select.group_by) == (str(tmp_path), 100, ())
    several = [dataclasses.replace(one, audio=f"{n % 10}.wav") for n, one in enumerate(placed)]
    assert second_recipe("m", tmp_path, AlignConfig(), several).select.group_by == ("recording",)


def test_a_model_of_a_related_language_is_not_refused_by_preflight(tmp_path):
    recipe = second_recipe("m", tmp_path, AlignConfig(language="sv"), outcome(30).utterances)
    assert recipe.preflight.accept == ("vocabulary_other_language",)
