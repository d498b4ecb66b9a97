"""``[tune]``: parameters and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import NOTHING, WEIGHTS, Section, setting


@dataclass(frozen=True)
class TuneConfig(Section):
    """Settings of ``govor tune``."""

    trials: int = setting(20, "trials in all", WEIGHTS, least=1)
    space: dict[str, object] = setting(
        {},
        "'train.lr' = { low = 1e-5, high = 1e-4, log = true }, or lists of values; empty: train.lr from a "
        "fourth of the usual rate to four times it",
        WEIGHTS,
    )
    seed: int = setting(0, "seed of the sampler", WEIGHTS)
    prune: bool = setting(True, "stop trials that fall behind on dev WER", WEIGHTS)
    warmup_trials: int = setting(4, "trials that are never stopped early", WEIGHTS, least=0)
    retries: int = setting(
        1, "how often a crashed trial is continued before it counts as failed", NOTHING, least=0
    )
