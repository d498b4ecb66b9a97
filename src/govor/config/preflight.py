"""``[preflight]``: the checks of data with model."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import setting


@dataclass(frozen=True)
class PreflightConfig:
    """Settings of ``govor preflight``."""

    minutes: float = setting(
        10.0,
        "time budget; checks of rows alone always run, what else does not finish in it is inconclusive",
        unit="min",
    )
    clips: int = setting(50, "clips decoded")
    accept: tuple[str, ...] = setting((), "codes of errors that are let through, and recorded")
    hoped_difference: float = setting(0.02, "WER difference that the test set should tell apart")
    quota_disk: int | None = setting(None, "bytes the run may use", unit="bytes")
    quota_hours: float | None = setting(None, "hours the run may take", unit="h")
    seed: int = setting(0, "seed of the sample")
