"""Which splits may choose a model, which checkpoint is the better one, which languages a model is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from train_parts import WHISPER, weights

from govor.config import PreflightConfig, Recipe, TrainConfig
from govor.errors import LanguageError, RecipeError
from govor.preflight.materials import Materials
from govor.train import train
from govor.train.judge import check_splits
from govor.train.loop import _is_better
from govor.train.status import status


@pytest.mark.parametrize(
    "name", ["test", "Test", "test-clean", "test_other", "my.test.2", "test2", "devtest"]
)
def test_a_split_of_test_data(name: str) -> None:
    for settings in ({"dev_split": name}, {"train_split": name}):
        with pytest.raises(RecipeError, match="test data is never"):
            check_splits(TrainConfig(**settings), {"train": 5, "dev": 5, name: 5})


@pytest.mark.parametrize("name", ["latest", "contest", "protest-2020", "attested"])
def test_a_name_that_only_holds_the_letters(name: str) -> None:
    check_splits(TrainConfig(dev_split=name), {"train": 5, name: 5})


@pytest.mark.parametrize(
    ("wer", "cer", "better"),
    [(0.4, 0.9, True), (0.6, 0.1, False), (0.5, 0.2, True), (0.5, 0.4, False), (0.5, 0.3, True)],
)
def test_lower_wer_then_lower_cer_then_longer_training(wer: float, cer: float, better: bool) -> None:
    found: Any = SimpleNamespace(wer=wer, cer=cer)
    assert _is_better(found, {"step": 5, "wer": 0.5, "cer": 0.3}) is better
    assert _is_better(found, None)


def test_of_a_new_model_that_says_nothing_yet_the_last_checkpoint_is_chosen(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All WERs are 1.0 then: the first evaluation's model would be the least trained one."""
    monkeypatch.setattr("govor.evaluate.corpus_rate", lambda pairs, characters=False: 1.0)
    summary = train(recipe(steps=6, eval_every="2 steps"), device="cpu")
    run = tmp_path / "work" / "run"
    assert summary["best"] == {"step": 6, "wer": 1.0, "cer": 1.0} and status(run)["best"]["step"] == 6
    assert (run / "model" / "model.safetensors").read_bytes() == weights(run, 6)["model.safetensors"]


def test_a_language_that_the_model_does_not_know(
    recipe: Callable[..., Recipe], tiny_whisper_files: Path, tmp_path: Path
) -> None:
    """Clips that name their own would hide it until the model is used."""
    model = {"from_scratch": WHISPER | {"tokenizer": str(tiny_whisper_files)}, "language": "xx"}
    with pytest.raises(LanguageError, match=r"model\.language: .*'xx'; it knows .*hr"):
        train(recipe(steps=1, model=model), device="cpu")
    assert not list((tmp_path / "work" / "run").glob("checkpoints/*"))


def test_what_preflight_decoded_is_not_decoded_again(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    """Step 0 of a base model takes preflight's hypotheses where they are this very model's, and says so."""
    base = train(recipe(work=tmp_path / "base", steps=2), device="cpu")["model"]
    tuned = recipe(steps=1, model={"base": base})
    made = Materials(dataclasses.replace(tuned, preflight=PreflightConfig()), "cpu", tmp_path)
    said = made.base
    decoded: list[int] = []
    monkeypatch.setattr("govor.evaluate.decode_rows", _counting(decoded))
    said.save(tmp_path / "work" / "run" / "preflight")
    summary = train(tuned, device="cpu")
    assert decoded == [4, 8] and "as preflight decoded them" in capfd.readouterr().err  # step 1, all of dev
    other = recipe(work=tmp_path / "other", steps=1, model={"base": base}, seed=1)
    part = dataclasses.replace(said, texts=dict(list(said.texts.items())[:1]))
    part.save(tmp_path / "other" / "run" / "preflight")
    decoded.clear()
    train(other, device="cpu")
    assert decoded[0] in (3, 4)
    plain = train(recipe(work=tmp_path / "plain", steps=1, model={"base": base}), device="cpu")
    assert summary["base_wer"] == plain["base_wer"]


def _counting(decoded: list[int]) -> Any:
    from govor.evaluate import decode_rows

    def counted(family: Any, dataset: Any, split: str, rows: Any, *rest: Any, **named: Any) -> Any:
        decoded.extend([len(rows)] if len(rows) else [])
        return decode_rows(family, dataset, split, rows, *rest, **named)

    return counted
