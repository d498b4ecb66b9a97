"""One step at a time: normalisation, memory that runs out, losses that are not numbers, bad clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from speech_set import write_speech_set
from train_parts import CTC, Killed

from govor.config import Recipe, recipe_from
from govor.errors import LimitError, ModelError
from govor.load import Dataset
from govor.models import Batch, open_model
from govor.train import train
from govor.train.epoch import BatchLayout, EpochPlan, plan_epoch
from govor.train.feed import FedBatch, Feed
from govor.train.memory import in_pieces, largest_that_fits
from govor.train.metrics import read_metrics
from govor.train.optimiser import make_optimiser
from govor.train.reduce import Ranks
from govor.train.state import TrainState
from govor.train.step import Stepper

STILL = CTC | {"dropout": 0.0, "layerdrop": 0.0, "attention_dropout": 0.0}


def events(run: Path, name: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] == "event" and line["event"] == name]


class Linear:
    """A family whose loss is (w - x)^2 per clip: its gradient is known."""

    def __init__(self) -> None:
        self.model = torch.nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            self.model.weight.fill_(0.0)
        self.limit = 10**9

    def describe(self) -> dict[str, Any]:
        return {"precision": "fp32"}

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        if len(batch.inputs["x"]) > self.limit:
            raise torch.OutOfMemoryError("out of memory")
        return ((self.model.weight - batch.inputs["x"]) ** 2).sum(), len(batch.inputs["x"])


def fed(*values: float) -> FedBatch:
    if not values:
        return FedBatch(None, (), 0.0, 0.0)
    ids = tuple(f"clip{v:g}" for v in values)
    x = torch.tensor(values)
    batch = Batch({"x": x}, x, [1] * len(ids), ids, [1.0] * len(ids))
    return FedBatch(batch, ids, len(ids), float(len(ids)))


def stepper(family: Linear) -> Stepper:
    config = recipe_from({"train": {"lr": 1e-4, "weight_decay": 0.0, "max_grad_norm": 0.0}}).train
    return Stepper(family, make_optimiser(family.model, config), config, Ranks(0, 1, "cpu"))  # type: ignore[arg-type]


def test_the_loss_is_a_mean_over_all_clips_of_the_step() -> None:
    """Batches of 3 and 1: d/dw of the mean over 4 clips, not of the mean of two means."""
    report = stepper(Linear()).step([fed(1, 2, 3), fed(10)], TrainState(total_steps=10))
    assert report.loss == pytest.approx((1 + 4 + 9 + 100) / 4)
    assert report.grad_norm == pytest.approx(2 * (1 + 2 + 3 + 10) / 4)


def test_memory_runs_out_and_the_step_is_replayed() -> None:
    family, state = Linear(), TrainState(total_steps=10)
    whole = stepper(Linear()).step([fed(1, 2, 3, 4)], TrainState(total_steps=10))
    family.limit = 1
    report = stepper(family).step([fed(1, 2, 3, 4)], state)
    assert [event["pieces"] for event in report.events] == [2, 4]
    assert (report.loss, report.grad_norm) == pytest.approx((whole.loss, whole.grad_norm))
    assert state.pieces[-1] == (4.0, 4)
    assert not stepper(family).step([fed(5, 6, 7, 8)], state).events


def test_one_clip_that_does_not_fit() -> None:
    family = Linear()
    family.limit = 0
    with pytest.raises(ModelError, match=r"one clip \(clip1\) needs more memory"):
        stepper(family).step([fed(1)], TrainState(total_steps=10))


def test_nan_names_the_utterances_and_leaves_the_weights() -> None:
    family, state = Linear(), TrainState(total_steps=10)
    with pytest.raises(ModelError, match=r"loss of step 1 is nan \(process 0 had clipnan\)"):
        stepper(family).step([fed(1, float("nan"), 3), fed()], state)
    assert float(family.model.weight.detach()) == 0.0 and state.step == 0


class Rooted(Linear):
    """The loss is finite everywhere, its gradient is not where x = 0."""

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        return (self.model.weight - batch.inputs["x"]).abs().sqrt().sum(), len(batch.inputs["x"])


def test_a_gradient_that_is_no_number_never_reaches_the_weights() -> None:
    family, state = Rooted(), TrainState(total_steps=10)
    with pytest.raises(ModelError, match=r"gradient of step 1 is .* had clip0\)"):
        stepper(family).step([fed(1, 0, 3)], state)
    assert float(family.model.weight.detach()) == 0.0 and state.step == 0


class Overflowing(Ranks):
    """Another process whose gradients left the range of fp16."""

    def sum_gradients(self, parameters: Any) -> None:
        for parameter in parameters:
            parameter.grad += float("inf")


def test_an_overflow_on_another_process_leaves_the_step_out_here_too() -> None:
    """Else the processes would train different models from there on."""
    family, state = Linear(), TrainState(total_steps=10)
    family.describe = lambda: {"precision": "fp16"}  # type: ignore[method-assign]
    steps = stepper(family)
    steps.ranks = Overflowing(0, 2, "cpu")
    steps.ranks.sum = lambda values: [float(v) for v in values]  # type: ignore[method-assign]
    before = steps.scaler.get_scale()
    steps.step([fed(1, 2)], state)
    assert float(family.model.weight.detach()) == 0.0 and (state.step, state.left_out) == (0, 1)
    assert steps.scaler.get_scale() == before / 2


def test_a_step_without_a_usable_clip() -> None:
    family, state = Linear(), TrainState(total_steps=10)
    report = stepper(family).step([fed()], state)
    assert (report.loss, report.grad_norm, report.clips, state.step) == (0.0, 0.0, 0, 1)
    assert float(family.model.weight.detach()) == 0.0


def test_pieces_cover_a_batch() -> None:
    x = torch.arange(5)
    batch = Batch({"x": x}, x[:, None], [1] * 5, list("abcde"), [2.0] * 5, impossible=["d"])
    parts = in_pieces(batch, 2)
    assert [part.ids for part in parts] == [["a", "b", "c"], ["d", "e"]]
    assert [part.inputs["x"].tolist() for part in parts] == [[0, 1, 2], [3, 4]]
    assert [part.labels.shape for part in parts] == [(3, 1), (2, 1)]
    assert [part.impossible for part in parts] == [[], ["d"]]


def test_the_largest_batch_is_found() -> None:
    for limit in (7.5, 31.0, 119.0, 130.0, 1000.0):
        found = largest_that_fits(lambda size, limit=limit: size <= limit, 120.0, 3840.0)
        assert limit / 2 < found <= limit


def damaged(tmp_path: Path, plain: Callable[..., dict[str, Any]], **train: Any) -> Recipe:
    data = plain(steps=None, epochs=1.0, **train)
    folder = write_speech_set(
        tmp_path / "set", {"train": 24, "dev": 4}, damaged=("train-003", "train-017"), seed=1
    )
    return recipe_from(data | {"prepare": {"out": str(folder)}})


def test_a_clip_that_cannot_be_decoded_is_skipped(
    plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """PAINS 8."""
    summary = train(damaged(tmp_path, plain, max_skipped=0.1), device="cpu")
    assert summary["skipped"] == 2 and summary["epochs"] == 1.0
    named = {event["id"] for event in events(tmp_path / "work" / "run", "skipped")}
    assert named == {"train-003", "train-017"}


def test_a_clip_longer_than_the_window_is_called_so(tiny_whisper: Path, speech: Path) -> None:
    family: Any = open_model(tiny_whisper, device="cpu")
    family.max_window_s = 0.5
    found = next(Feed(Dataset.open(speech), "train", np.arange(1), family).steps(one_clip(), 0))[0]
    assert [(s.id, s.reason) for s in found.skipped] == [("train-000", "too_long")]
    assert "the model hears 0.5 s" in found.skipped[0].detail and not found.ids


def one_clip() -> EpochPlan:
    return plan_epoch(np.ones(1), 0, 0, (), BatchLayout(10.0, 4, 1, 1))


def test_pictures_of_a_model_that_takes_waves(recipe: Callable[..., Recipe], capfd) -> None:
    waves = {"model_type": "wav2vec2", "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    more = {"conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    augment = {"time_masks": 1, "frequency_masks": 2, "smooth": 0.5}
    train(recipe(steps=1, model={"from_scratch": waves | more}, augment=augment), device="cpu")
    assert "frequency_masks and train.augment.smooth change log-mel pictures" in capfd.readouterr().err


def test_too_many_of_them_end_the_run(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"2 clips could not be used.*max_skipped"):
        train(damaged(tmp_path, plain, max_skipped=0.01), device="cpu")


def test_accumulation_equals_larger_batches(recipe: Callable[..., Recipe], tmp_path: Path) -> None:
    """Eight clips in one batch or as pieces of it give the same first loss."""
    model = {"from_scratch": STILL}
    one = recipe(work=tmp_path / "a", steps=1, log_every=1, model=model, max_batch=64, batch_s=1000.0)
    two = recipe(
        work=tmp_path / "b", steps=1, log_every=1, model=model, max_batch=8, batch_s=1000.0, accumulate=6
    )
    losses = []
    for each, name in ((one, "a"), (two, "b")):
        train(each, device="cpu")
        lines = (tmp_path / name / "run" / "metrics.jsonl").read_text().splitlines()
        losses.append(next(json.loads(line)["loss"] for line in lines if '"train"' in line))
    assert np.isclose(losses[0], losses[1], rtol=0.05)


@pytest.mark.slow
def test_accumulation_equals_processes(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """An epoch of four batches as one step: one process that accumulates four, two that accumulate two."""
    more = {"steps": 3, "max_batch": 12, "batch_s": 1000.0, "log_every": 1, "model": {"from_scratch": STILL}}
    found = []
    for name, processes, accumulate in (("one", 1, 4), ("two", 2, 2)):
        data = plain(tmp_path / name, accumulate=accumulate, **more)
        end = Killed(data, processes=processes).finish()
        assert end["status"] == 0 and end["summary"]["epochs"] == 3.0, end
        lines = read_metrics(tmp_path / name / "run")
        found.append([(line["loss"], line["grad_norm"]) for line in lines if line["kind"] == "train"])
    one, two = found
    assert np.allclose(one[0], two[0], rtol=1e-6)
    assert np.allclose(one, two, rtol=1e-3)  # AdamW divides by what rounding left of small gradients
