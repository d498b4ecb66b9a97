"""A whole run, and what its folder holds."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from speech_set import write_speech_set

from govor.config import Recipe, load_recipe, recipe_from
from govor.errors import DatasetError, MachineError, ModelError, RecipeError, UsageError
from govor.train import checkpoint, train
from govor.train.epoch import plan_epoch
from govor.train.feed import Feed
from govor.train.loop import Session


def test_run_folder(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    summary = train(recipe(eval_every="4 steps", save_every="4 steps", samples=2), device="cpu")
    run = tmp_path / "work" / "run"
    assert summary["steps"] == 8 and summary["complete"] and summary["resumed_from"] is None
    assert summary["best"]["step"] in (4, 8) and Path(summary["model"]) == run / "model"
    assert load_recipe(run / "recipe.toml").train.steps == 8
    facts = json.loads((run / "run.json").read_text())
    assert facts["versions"]["torch"] and facts["hardware"]["threads"] == 1 and facts["fingerprints"]["data"]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "train"] == [2, 4, 6, 8]
    assert [line["step"] for line in lines if line["kind"] == "eval"] == [4, 8]
    assert {"reference", "hypothesis", "id"} <= set(next(line for line in lines if line["kind"] == "sample"))
    assert list((run / "tensorboard").glob("events*"))


def test_a_checkpoint_opens_without_govor(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """PAINS 12."""
    from transformers import AutoModelForCTC, AutoProcessor

    train(recipe(steps=2), device="cpu")
    folder = tmp_path / "work" / "run" / "checkpoints" / "step-00000002"
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForCTC.from_pretrained(folder)
    assert model.config.vocab_size >= len(processor.tokenizer)


def test_a_finished_run_is_not_run_again(recipe: Callable[..., Recipe]) -> None:
    first = train(recipe(steps=2), device="cpu")
    assert train(recipe(steps=2, loader_workers=1), device="cpu") == first


def test_a_finished_run_goes_on_to_more_steps(recipe: Callable[..., Recipe]) -> None:
    train(recipe(steps=2), device="cpu")
    summary = train(recipe(steps=4), device="cpu")
    assert summary["resumed_from"] == 2 and summary["steps"] == 4


def test_test_data_never_chooses_a_model(recipe: Callable[..., Recipe]) -> None:
    """PAINS 10."""
    with pytest.raises(RecipeError, match="test data is never"):
        train(recipe(dev_split="test"), device="cpu")


def test_a_split_that_is_not_there(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(DatasetError, match="no validation split"):
        train(recipe(dev_split="validation"), device="cpu")


def test_another_model_in_the_same_folder(recipe: Callable[..., Recipe]) -> None:
    train(recipe(steps=2), device="cpu")
    other = recipe(steps=4).model.from_scratch | {"hidden_size": 32}
    with pytest.raises(ModelError, match="other \\[model\\]"):
        train(recipe(steps=4, model={"from_scratch": other}), device="cpu")


def test_base_wer_stands_as_step_0(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    base = train(recipe(work=tmp_path / "base", steps=2), device="cpu")
    tuned = recipe(steps=2, model={"base": base["model"]})
    summary = train(tuned, device="cpu")
    lines = (tmp_path / "work" / "run" / "metrics.jsonl").read_text().splitlines()
    first = json.loads(lines[0])
    assert first["kind"] == "eval" and first["step"] == 0 and first["wer"] == summary["base_wer"]


def test_a_device_that_is_not_there(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(MachineError, match=r"--device cuda:99: this machine has \d+ CUDA devices"):
        train(recipe(), device="cuda:99")
    with pytest.raises(UsageError, match="--device abacus is not a device"):
        train(recipe(), device="abacus")


def test_other_data_in_the_same_folder(
    recipe: Callable[..., Recipe], plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    train(recipe(steps=2), device="cpu")
    other = write_speech_set(tmp_path / "other", {"train": 12, "dev": 2}, seed=5)
    with pytest.raises(DatasetError, match=r"was trained on other data.*choose another --out"):
        train(at(plain, other, steps=4), device="cpu")


def test_hours_take_a_part(recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(RecipeError, match="the split holds"):
        train(recipe(hours=50.0), device="cpu")


def test_epochs_say_how_many_steps(recipe: Callable[..., Recipe]) -> None:
    data = recipe(steps=None, epochs=1.5)
    summary = train(data, device="cpu")
    assert summary["epochs"] == pytest.approx(1.5, abs=0.2)


def test_fewer_steps_than_asked_for_is_an_error(
    recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data that ends early must never look like a finished run."""
    whole = Feed.steps
    monkeypatch.setattr(Feed, "steps", lambda self, plan, rank: itertools.islice(whole(self, plan, rank), 1))
    monkeypatch.setattr(Session, "_groups", _one_epoch_only)
    with pytest.raises(ModelError, match="1 of 8 steps were done: run the same command again"):
        train(recipe(), device="cpu")
    monkeypatch.undo()
    assert train(recipe(), device="cpu")["steps"] == 8


def _one_epoch_only(self: Session) -> Iterator[Any]:
    plan = plan_epoch(self.durations, self.config.seed, 0, (), self.layout)
    self.state.legs = list(plan.legs)
    for batches in self.feed.steps(plan, 0):
        yield plan, batches


def test_a_model_of_neither_family(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=8, **sizes)).save_pretrained(tmp_path / "bert")
    with pytest.raises(ModelError, match="a bert model is neither a Whisper model nor a CTC model"):
        train(recipe(model={"base": str(tmp_path / "bert")}), device="cpu")


def at(plain: Callable[..., dict[str, Any]], folder: Path, **train: Any) -> Recipe:
    return recipe_from(plain(**train) | {"prepare": {"out": str(folder)}})


def test_a_data_set_of_another_sample_rate(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, capfd
) -> None:
    folder = write_speech_set(tmp_path / "set", {"train": 12, "dev": 2}, rate=8_000)
    summary = train(at(plain, folder, steps=1), device="cpu")
    said = capfd.readouterr().err
    assert summary["complete"] and summary["skipped"] == 0
    assert "clips of 8000 Hz are resampled to the model's 16000 Hz while training" in said


def test_the_vocabulary_comes_from_train_alone(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    folder = write_speech_set(tmp_path / "set", {"train": 12, "dev": 2, "test": 2})
    for split in ("dev", "test"):
        path = next((folder / "data").glob(f"{split}-*"))
        table = pq.read_table(path)
        texts = pa.array([f"xqw {text}" for text in table["text"].to_pylist()])
        pq.write_table(table.set_column(table.schema.get_field_index("text"), "text", texts), path)
    summary = train(at(plain, folder, steps=1), device="cpu")
    vocabulary = json.loads((Path(summary["model"]) / "vocab.json").read_text())
    assert "a" in vocabulary and not {"x", "q", "w"} & vocabulary.keys()


def test_recomputed_activations_change_nothing(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """Not even the running statistics of batch norms, which would else see every batch twice."""
    from safetensors.torch import load_file

    for name, on in (("kept", False), ("recomputed", True)):
        train(recipe(work=tmp_path / name, steps=3, gradient_checkpointing=on), device="cpu")
    files = (tmp_path / n / "run" / "model" / "model.safetensors" for n in ("kept", "recomputed"))
    one, other = map(load_file, files)
    assert 0 < one["encoder.layers.0.conv.norm.num_batches_tracked"] <= 3
    assert not {name for name in one if not torch.equal(one[name], other[name])}


def test_checkpoints_are_kept_by_bytes(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    train(recipe(steps=1, work=tmp_path / "measured"), device="cpu")
    size = checkpoint.listed(tmp_path / "measured" / "run" / "checkpoints")[0].size_bytes
    more = {"steps": 6, "save_every": "1 steps", "keep": f"{3.5 * size / 1e6:.6f} MB"}
    summary = train(recipe(eval_every="6 steps", **more), device="cpu")
    found = [one.step for one in checkpoint.listed(tmp_path / "work" / "run" / "checkpoints")]
    assert found == [4, 5, 6] and summary["best"]["step"] == 6
