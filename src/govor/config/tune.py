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
        {}, "'train.lr' = { low = 1e-5, high = 1e-3, log = true }, or a list of values"
    )
    seed: int = setting(0, "seed of the sampler")
    prune: bool = setting(True, "stop trials that fall behind on dev WER")
