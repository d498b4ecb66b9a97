"""A model worse than where it began: found, said first, written down, and marked; never for new models."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from train_parts import CTC, weights

from govor.commands.train import _lines
from govor.config import Recipe
from govor.store import read_json
from govor.train import train
from govor.train.judge import Judge
from govor.train.status import status, status_lines

Recipes = Callable[..., Recipe]
WORSE = "nothing that was trained is better than the base model"


@pytest.fixture(scope="session")
def base(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model with a head and a vocabulary, as a folder."""
    from govor.config import ModelConfig, TextConfig
    from govor.load import Dataset
    from govor.models import new_model
    from govor.text import Normaliser

    normaliser = Normaliser.of(TextConfig(), "hr")
    texts = [normaliser(text) for text in Dataset.open(str(speech)).table("train")["text"].to_list()]
    made = new_model(
        ModelConfig(from_scratch=CTC), normaliser=normaliser, train_texts=texts, language="hr", device="cpu"
    )
    folder = tmp_path_factory.mktemp("base") / "model"
    made.save(folder)
    return folder


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> Callable[[float, float], None]:
    """What dev is heard as: a share of the words is lost, before training and afterwards."""

    def plant(before: float, after: float) -> None:
        def decode(
            self: Judge, rows: list[int], options: Any, stopped: Any = None, known: Any = None
        ) -> list[tuple[str, str]]:
            base = self.family.model.training is False and not calls
            calls.append(len(rows))
            return [(self._ids[row], lost(self._texts[row], before if base else after)) for row in rows]

        calls: list[int] = []
        monkeypatch.setattr(Judge, "_decode", decode)

    return plant


def lost(text: str, share: float) -> str:
    words = text.split()
    return " ".join(words[round(share * len(words)) :])


def run(recipe: Recipes, base: Path, **train_settings: Any) -> dict[str, Any]:
    settings = {"steps": 4, "eval_every": "2 steps", "eval_utterances": 0, **train_settings}
    model = {"base": str(base), "vocabulary": "keep"}
    return train(recipe(model=model, **settings), device="cpu")


@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (0.8, 0.9), (0.5, 0.5)])
def test_a_model_that_became_no_better(
    before: float,
    after: float,
    recipe: Recipes,
    base: Path,
    planted: Callable[[float, float], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted(before, after)
    summary = run(recipe, base)
    found, work = summary["base"], tmp_path / "work" / "run"
    assert summary["complete"] and summary["better_than_base"] is False is found["better"]
    assert found["wer"] == summary["base_wer"] and found["best"] == summary["best"]
    difference = found["wer_difference"]
    assert difference["value"] == pytest.approx(summary["best"]["wer"] - summary["base_wer"])
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert _lines(summary)[0].startswith(WORSE) and WORSE in capsys.readouterr().err
    lines = [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]
    assert [line["better"] for line in lines if line["kind"] == "base"] == [False]
    marked = read_json(work / "model" / "govor.json")
    assert marked["better_than_base"] is False and marked["base_on_dev"]["sentence"].startswith(WORSE)
    kept = work / "checkpoints" / f"step-{summary['best']['step']:08d}"
    assert "better_than_base" not in read_json(kept / "govor.json")
    assert (work / "model" / "model.safetensors").read_bytes() == weights(work, summary["best"]["step"])[
        "model.safetensors"
    ]
    assert any("so far is better than the base" in line for line in status_lines(status(work)))


def test_a_model_that_became_better(
    recipe: Recipes,
    base: Path,
    planted: Callable[[float, float], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    planted(1.0, 0.5)
    summary = run(recipe, base)
    assert summary["better_than_base"] is True and summary["base"]["wer_difference"]["value"] < 0
    assert _lines(summary)[-1].startswith("better than the base model")
    assert WORSE not in capsys.readouterr().err
    assert read_json(tmp_path / "work/run/model/govor.json")["better_than_base"] is True
    assert status(tmp_path / "work" / "run")["better_than_base"] is True


def test_the_comparison_survives_sessions(
    recipe: Recipes, base: Path, planted: Callable[[float, float], None], tmp_path: Path
) -> None:
    planted(0.0, 1.0)
    run(recipe, base, steps=2)
    planted(1.0, 1.0)  # what comes now is no step 0
    summary = run(recipe, base, steps=4)
    assert summary["resumed_from"] == 2 and summary["base"]["wer"] == 0.0
    assert summary["better_than_base"] is False
    assert read_json(tmp_path / "work/run/model/govor.json")["better_than_base"] is False


def test_new_models_and_new_heads_have_no_baseline(
    recipe: Recipes, base: Path, planted: Callable[[float, float], None], tmp_path: Path
) -> None:
    planted(1.0, 1.0)
    fresh = train(recipe(tmp_path / "fresh", steps=2), device="cpu")
    head = train(
        recipe(tmp_path / "head", steps=2, model={"base": str(base), "vocabulary": "build"}), device="cpu"
    )
    for summary, work in ((fresh, "fresh"), (head, "head")):
        assert summary["better_than_base"] is None is summary["base"]
        assert "better_than_base" not in read_json(tmp_path / work / "run/model/govor.json")
        assert status(tmp_path / work / "run")["better_than_base"] is None
    assert head["base_wer"] == 1.0
