"""Numbers of ``[train]`` that mean nothing are one sentence, before anything is opened."""

from __future__ import annotations

from typing import Any

import pytest

from govor.config import TrainConfig
from govor.config.train import AugmentConfig

NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"log_every": 0}, "log_every is 0; it is above 0"),
    ({"max_hours": -1.0}, "max_hours is -1.0; it is above 0"),
    ({"hours": 0.0}, "hours is 0.0; it is above 0"),
    ({"lr": float("nan")}, "lr is nan; it is above 0"),
    ({"epochs": float("inf")}, "epochs is inf; it must be a finite number"),
    ({"warmup": float("inf")}, "warmup is inf; it must be a finite number"),
    ({"batch_s": float("nan")}, "batch_s is nan; it is 0 or more"),
    ({"max_grad_norm": -1.0}, "max_grad_norm is -1.0; it is 0 or more"),
    ({"loader_workers": -1}, "loader_workers is -1; it is 0 or more"),
    ({"max_skipped": 2.0}, "max_skipped is 2.0; it is a share"),
    ({"betas": (0.9, 1.5)}, r"betas is \[0.9, 1.5\]"),
    ({"keep_epochs": (0,)}, r"keep_epochs is \[0\]; each is 1 or more"),
    ({"epochs": 0.0}, "epochs is 0.0; it is above 0"),
    ({"rates": {"head": "fast"}}, "rates.head is 'fast'; it is a factor"),
    ({"rates": {"encoder": {"layers": 0.1}}}, "names with dots are quoted"),
]


@pytest.mark.parametrize(("settings", "words"), NONSENSE)
def test_train(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        TrainConfig(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gain_db": -6.0}, "gain_db is -6.0; it is 0 or more"),
        ({"noise_snr_db": (30.0, 10.0)}, "its lower end comes first"),
        ({"reverb_s": (0.0, 0.5)}, r"reverb_s is \[0.0, 0.5\]; each is above 0"),
        ({"smooth_frames": 0.0}, "smooth_frames is 0.0; it is above 0"),
    ],
)
def test_augment(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AugmentConfig(**settings)
