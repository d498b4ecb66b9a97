"""``[tune]``: parameters and their ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govor.config.setting import setting


@dataclass(frozen=True)
class TuneConfig:
    """Settings of ``govor tune``."""

    trials: int = setting(20, "trials in all")
    space: dict[str, Any] = setting(
        {},
        "'train.lr' = { low = 1e-5, high = 1e-4, log = true }, or lists of values; empty: train.lr from a "
        "fourth of the usual rate to four times it",
    )
    seed: int = setting(0, "seed of the sampler")
    prune: bool = setting(True, "stop trials that fall behind on dev WER")
    warmup_trials: int = setting(4, "trials that are never stopped early")
    retries: int = setting(1, "times that a crashed trial is continued before it counts as failed")

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise ValueError(f"trials is {self.trials}; it is at least 1")
