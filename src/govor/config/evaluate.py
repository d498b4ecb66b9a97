"""``[evaluate]``: which sets, and what must hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govor.config.setting import setting


@dataclass(frozen=True)
class EvaluateConfig:
    """Settings of ``govor evaluate``."""

    split: str = setting("test", "split that is decoded")
    sets: dict[str, Any] = setting({}, "name = 'folder:split' for several sets, each reported apart")
    baseline: str | None = setting(None, "model compared on the same rows")
    slices: tuple[str, ...] = setting((), "columns to slice by, besides the usual ones")
    batch_s: float = setting(240.0, "padded seconds decoded together", unit="s")
    beam_size: int = setting(1, "beams; 1 is greedy")
    lm: str | None = setting(None, "ARPA file for CTC beam search")
    lm_weight: float = setting(0.5, "weight of the language model")
    require: dict[str, float] = setting({}, "wer = 0.3: exit 3 when a metric is above its bound")
    seed: int = setting(0, "seed of the bootstrap")
