"""How strongly a language model counts; chosen on dev, kept beside the ARPA file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govor.errors import UsageError
from govor.store import read_record

DEFAULT_WEIGHT = 0.5
DEFAULT_WORD_BONUS = 0.0


@dataclass(frozen=True)
class FusionWeights:
    """What `words.json` says of how `words.arpa` counts."""

    lm_weight: float = DEFAULT_WEIGHT
    word_bonus: float = DEFAULT_WORD_BONUS


def settings_path(arpa: str | Path) -> Path:
    """Where the settings of an ARPA file stand: ``words.arpa`` -> ``words.json``."""
    return Path(arpa).with_suffix(".json")


def fusion_settings(
    arpa: str | Path | None, weight: float | None = None, word_bonus: float | None = None
) -> tuple[float, float]:
    """Weight and word bonus: the given ones, else those chosen on dev, otherwise 0.5 and 0.

    Args:
        arpa: the language model, or None.
        weight: asked for, or None.
        word_bonus: asked for, or None.

    Raises:
        UsageError: a weight is asked for, of no language model.
    """
    if arpa is None and weight is not None:
        raise UsageError(f"--lm-weight {weight:g}: it weighs a language model, name one with --lm")
    chosen = FusionWeights()
    if arpa is not None and settings_path(arpa).exists():
        chosen = read_record(settings_path(arpa), FusionWeights)
    weight = chosen.lm_weight if weight is None else weight
    return weight, chosen.word_bonus if word_bonus is None else word_bonus
