"""``[preflight]``: the checks of data with model."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import REPORTS, Section, setting


@dataclass(frozen=True)
class PreflightConfig(Section):
    """Settings of ``govor preflight``."""

    minutes: float = setting(
        10.0,
        "time budget; checks of rows alone always run, other checks that do not finish are inconclusive",
        REPORTS,
        least=0,
        unit="min",
    )
    clips: int = setting(50, "clips decoded", REPORTS, least=0)
    accept: tuple[str, ...] = setting((), "codes of errors that are let through, and recorded", REPORTS)
    hoped_difference: float = setting(0.02, "WER difference that the test set should show", REPORTS, least=0)
    quota_disk: int | None = setting(None, "bytes the run may use", REPORTS, least=0, unit="bytes")
    quota_hours: float | None = setting(None, "hours the run may take", REPORTS, least=0, unit="h")
    seed: int = setting(0, "seed of the sample", REPORTS)
