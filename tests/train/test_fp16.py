"""fp16, simulated on a processor: what is scaled is a mean, and a step that overflows is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from test_step import Linear, events, fed, stepper
from train_parts import CTC, weights

from govor.config import Recipe
from govor.errors import ModelError
from govor.models import Batch
from govor.train import step, train
from govor.train.state import TrainState
from govor.train.step import SMALLEST_SCALE


class Half(Linear):
    """`Linear` whose loss goes through float16, as far as it reaches."""

    def describe(self) -> dict[str, Any]:
        return {"precision": "fp16"}

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        loss = (self.model.weight.half() - batch.inputs["x"].half()) ** 2
        return loss.float().sum(), len(batch.inputs["x"])


def test_what_is_scaled_is_the_mean_over_the_whole_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """2^16 times a mean of 0.25 fits where 2^16 times a sum over 40 clips would not."""
    scaled: list[float] = []
    scale = torch.amp.GradScaler.scale
    monkeypatch.setattr(
        torch.amp.GradScaler, "scale", lambda self, x: scaled.append(float(x.detach())) or scale(self, x)
    )
    steps, state = stepper(Half()), TrainState(total_steps=10)
    report = steps.step([fed(*[0.5] * 30), fed(*[0.5] * 10)], state)
    assert sum(scaled) == pytest.approx(0.25) and report.loss == pytest.approx(0.25)
    assert not report.left_out and (state.step, state.left_out) == (1, 0)
    assert report.grad_norm == pytest.approx(1.0)


def test_gradients_of_fp16_are_those_of_fp32() -> None:
    batches = [fed(0.125, 0.25, 0.5), fed(0.75)]
    half, full = (stepper(f()).step(batches, TrainState(total_steps=10)) for f in (Half, Linear))
    assert half.loss == full.loss and half.grad_norm == pytest.approx(full.grad_norm)


def test_a_step_left_out_moves_neither_schedule_nor_weights() -> None:
    """A gradient of 400 times 2^16 is beyond float16: some steps are left out, then none."""
    family, state = Half(), TrainState(total_steps=10)
    steps = stepper(family)
    reports = [steps.step([fed(200.0)], state) for _ in range(12)]
    left = [report for report in reports if report.left_out]
    taken = [report for report in reports if not report.left_out]
    assert left and taken and reports.index(taken[0]) == len(left)
    assert (state.step, state.left_out) == (len(taken), len(left))
    assert state.seen == len(taken)
    assert [report.rate for report in left] == [taken[0].rate] * len(left)
    scales = [report.events[0]["scale"] for report in left]
    assert scales == [2.0 ** (16 - n) for n in range(len(left))]


def test_epochs_have_a_step_less_where_one_is_left_out() -> None:
    by_epochs, by_steps = (stepper(Half()) for _ in range(2))
    object.__setattr__(by_steps.config, "steps", 10)
    states = [TrainState(total_steps=10), TrainState(total_steps=10)]
    for one, state in zip((by_epochs, by_steps), states, strict=True):
        assert one.step([fed(200.0)], state).left_out
    assert [state.total_steps for state in states] == [9, 10]


class Endless(Half):
    """A loss that is a number with a gradient that is none."""

    def loss(self, batch: Batch) -> tuple[torch.Tensor, int]:
        return (self.model.weight - batch.inputs["x"]).abs().sqrt().sum(), len(batch.inputs["x"])


def test_gradients_that_no_scale_mends_end_the_run() -> None:
    steps, state = stepper(Endless()), TrainState(total_steps=100)
    with pytest.raises(ModelError, match=r"gradient of step 1 is .* had clip0\)"):
        for _ in range(100):
            steps.step([fed(1, 0, 3)], state)
    assert state.step == 0 and steps.scaler.get_scale() < SMALLEST_SCALE


@pytest.fixture
def high_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scale that overflows even in float32 (fp16 is slow on CPUs), at first and when it has grown."""
    made: Callable[..., Any] = lambda precision, device: torch.amp.GradScaler(  # noqa: E731
        device.type, init_scale=2.0**127, growth_interval=3, growth_factor=2.0**8
    )
    monkeypatch.setattr(step, "scaler", made)


def test_killed_and_continued_with_the_scalers_state(
    high_scale: None, recipe: Callable[..., Recipe], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The run that was cut in the middle ends with the same weights, and has left the same steps out."""
    still = {"from_scratch": CTC}
    more = {"precision": "fp32", "model": still, "save_every": "1 steps", "log_every": 1, "keep": 20}
    whole = train(recipe(work=tmp_path / "whole", steps=9, **more), device="cpu")
    assert whole["left_out"] > 0 and whole["steps"] == 9
    said = capfd.readouterr().err
    assert f"{whole['left_out']} of {9 + whole['left_out']} steps were left out" in said
    named = events(tmp_path / "whole" / "run", "left_out")
    assert len(named) == whole["left_out"] and all(event["scale"] > 0 for event in named)
    train(recipe(work=tmp_path / "cut", steps=9, **more), device="cpu")
    run = tmp_path / "cut" / "run"
    for checkpoint in sorted((run / "checkpoints").glob("step-*"))[4:]:
        _remove(checkpoint)
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(facts | {"complete": False, "summary": None}))
    again = train(recipe(work=tmp_path / "cut", steps=9, **more), device="cpu")
    assert again["resumed_from"] == 4 and again["left_out"] == whole["left_out"]
    assert weights(run, 9) == weights(tmp_path / "whole" / "run", 9)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)
