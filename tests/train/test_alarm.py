"""The alarm: teacher-forced error against decoded WER."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from govor.config import Recipe
from govor.features import Example
from govor.models.base import FULL, EncoderWindows
from govor.train import train
from govor.train.alarm import disagreement, forced_error


def test_good_loss_and_bad_words() -> None:
    """PAINS 11."""
    message = disagreement(forced=0.05, wer=0.98)
    assert message and "0.05" in message and "0.98" in message and "model.language" in message
    assert disagreement(forced=0.9, wer=0.98) is None
    assert disagreement(forced=0.05, wer=0.06) is None


class Sure:
    """A family that gives every label the probability 0.8 over short windows, 0.5 over full ones."""

    max_window_s = 30.0
    model = torch.nn.Linear(1, 1)

    def collate(self, examples: list[Example], windows: EncoderWindows = FULL) -> list[Example]:
        self.windows = windows.kind
        return examples

    def loss(self, batch: list[Example]) -> tuple[torch.Tensor, int]:
        labels = sum(len(example.labels) for example in batch)
        chance = 0.5 if self.windows == "full" else 0.8
        return torch.tensor(-labels * np.log(chance)), labels


def test_it_is_measured_over_full_windows() -> None:
    family = Sure()
    examples = [Example("a", np.zeros((4, 2), np.float32), (1, 2, 3), 1.0)]
    assert np.isclose(forced_error(family, examples), 0.5)


def test_it_is_measured_in_batches_of_windows() -> None:
    class Counting(Sure):
        def collate(self, examples: list[Example], windows: EncoderWindows = FULL) -> list[Example]:
            sizes.append(len(examples))
            return super().collate(examples, windows)

    sizes: list[int] = []
    examples = [Example(str(n), np.zeros((4, 2), np.float32), (1,) * (n + 1), 1.0) for n in range(20)]
    assert np.isclose(forced_error(Counting(), examples), 0.5)
    assert sum(sizes) == 20 and max(sizes) == 8  # 240 s of 30 s windows


def test_a_disagreement_stands_in_the_metrics(
    recipe: Callable[..., Recipe], tmp_path: Path, monkeypatch, capfd
) -> None:
    monkeypatch.setattr("govor.train.judge.forced_error", lambda *_: 0.01)
    train(recipe(steps=1), device="cpu")
    assert "labels are found likely" in capfd.readouterr().err
    assert '"disagreement"' in (tmp_path / "work" / "run" / "metrics.jsonl").read_text()
