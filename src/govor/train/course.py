"""What losses and dev scores over a run say while it goes on: overfitting, a loss that does not move."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

RISES = 3
"""Evaluations in a row behind the best one that are all worse, while the loss fell."""
LEAST_RISE = 0.01
FELL_SHARE = 0.05
"""Of the loss since the best evaluation: less says nothing."""
LEAST_LOGS = 6
"""Lines of metrics behind the warm-up that a judgement of the loss takes."""
MOVED_SHARE = 0.02


@dataclass
class Course:
    """How a run goes; every warning is given once.

    Attributes:
        warm_steps: steps of the warm-up.
        losses: (step, loss a unit) of the lines of metrics.
        scores: (step, WER) of the evaluations.
    """

    warm_steps: int
    losses: list[tuple[int, float]] = field(default_factory=list)
    scores: list[tuple[int, float]] = field(default_factory=list)
    _said: set[str] = field(default_factory=set)

    def trained(self, step: int, loss: float) -> str | None:
        """Takes a line of metrics; gives a warning where the loss does not move."""
        self.losses.append((step, loss))
        warm = [value for at, value in self.losses if at > self.warm_steps]
        if len(warm) < LEAST_LOGS:
            return None
        early, late = np.mean([value for _, value in self.losses[:2]]), np.mean(warm[-2:])
        if late < early * (1 - MOVED_SHARE):
            return None
        return self._once(
            "loss",
            f"the loss has not moved since the first steps ({early:.3f}, now {late:.3f}, step {step}): set"
            " [train] lr to the usual rate or leave it out, freeze less in [model] freeze, and look at"
            " labels and audio with govor inspect",
        )

    def judged(self, step: int, wer: float) -> str | None:
        """Takes an evaluation; gives a warning where dev gets worse while the loss falls."""
        self.scores.append((step, wer))
        best_step, best = min(self.scores, key=lambda score: (score[1], score[0]))
        later = [value for at, value in self.scores if at > best_step]
        if len(later) < RISES or min(later[-RISES:]) < best + LEAST_RISE:
            return None
        if not best_step:
            return self._once(
                "base",
                f"worse than the base model so far: dev WER {best:.3f} before training, {wer:.3f} at step"
                f" {step}: set a lower [train] lr, more data or [model] lora, and look at the samples",
            )
        if not self._fell_since(best_step):
            return None
        return self._once(
            "overfitting",
            f"overfitting: dev was best at step {best_step} (WER {best:.3f}) and is {wer:.3f} at step {step},"
            " while the loss falls. The best checkpoint is kept: stop here with Ctrl-C, or set"
            f" [train] steps = {best_step + (step - best_step) // RISES}, a lower lr, augment or LoRA",
        )

    def _fell_since(self, step: int) -> bool:
        before = [value for at, value in self.losses if at <= step][-2:]
        after = [value for at, value in self.losses if at > step][-2:]
        return bool(before and after) and np.mean(after) < np.mean(before) * (1 - FELL_SHARE)

    def _once(self, kind: str, sentence: str) -> str | None:
        if kind in self._said:
            return None
        self._said.add(kind)
        return sentence
