"""docs/models.md, followed: its toy family in a folder elsewhere, and its line in the registry."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from govor.config import EvaluateConfig, Recipe
from govor.errors import ModelError, RecipeError
from govor.evaluate import evaluate
from govor.export import export_model
from govor.models import open_model
from govor.models.families import FAMILIES
from govor.train import train

PAGE = Path(__file__).parents[2] / "docs" / "models.md"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder ``toy`` with the page's code, and the line."""
    section = PAGE.read_text(encoding="utf-8").split("## How to add a model family")[1]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    folder = tmp_path / "families" / "toy"
    folder.mkdir(parents=True)
    (folder / "build.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.setitem(FAMILIES, "toy", "toy.build:Toy")
    yield
    for name in ("toy.build", "toy"):
        sys.modules.pop(name, None)


def test_a_family_is_a_folder_and_a_line(
    toy: None, recipe: Callable[..., Recipe], tmp_path: Path, speech: Path
) -> None:
    made = train(recipe(model={"from_scratch": {"model_type": "toy"}}, steps=2), device="cpu")
    assert made["complete"] and open_model(made["model"], device="cpu").describe()["family"] == "toy"
    again = train(recipe(model={"from_scratch": {"model_type": "toy"}}, steps=3), device="cpu")
    assert again["resumed_from"] == 2
    found = evaluate(made["model"], speech, tmp_path / "scores", EvaluateConfig(split="dev"), device="cpu")
    assert found["utterances"] == 8 and found["wer"]["value"] > 0
    with pytest.raises(ModelError, match="is a toy model, which is not written as onnx: use --format trans"):
        export_model(made["model"], "onnx", tmp_path / "onnx", device="cpu")
    plain = export_model(made["model"], "transformers", tmp_path / "plain", count=2, device="cpu")
    assert plain["transcripts_equal"]


def test_without_the_line_there_is_no_such_family(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(
        RecipeError, match="model_type 'toy' is unknown: use whisper, parakeet_ctc, wav2vec2,"
    ):
        train(recipe(model={"from_scratch": {"model_type": "toy"}}, steps=2), device="cpu")
