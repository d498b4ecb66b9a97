"""A learning rate far above what the model's family is trained with."""

from __future__ import annotations

from collections.abc import Iterator

from govor.config import TrainConfig
from govor.config.train import HIGH_RATE_FACTOR
from govor.findings import Finding
from govor.models.rates import UsualRate
from govor.preflight.registry import check

ROUNDING = 1e-6


@check("learning_rate_high")
def rate_is_usual(training: TrainConfig, usual_rate: UsualRate) -> Iterator[Finding]:
    """The learning rate is not far above the usual one for this model and this much data."""
    if training.lr is None or training.lr <= HIGH_RATE_FACTOR * usual_rate.rate * (1 + ROUNDING):
        return
    yield Finding(
        "learning_rate_high",
        "warning",
        "[train] lr",
        f"{training.lr:g} is {training.lr / usual_rate.rate:.0f} times the usual rate",
        usual_rate.sentence,
        "a pretrained model may forget within a few steps what it knew",
        f"leave out [train] lr, or set it to {usual_rate.rate:g}",
    )
