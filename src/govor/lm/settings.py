"""How strongly a language model counts; chosen on dev, kept beside the ARPA file."""

from __future__ import annotations

from pathlib import Path

from govor.store import read_json

DEFAULT_WEIGHT = 0.5
DEFAULT_WORD_BONUS = 0.0


def settings_path(arpa: str | Path) -> Path:
    """Where the settings of an ARPA file stand: ``words.arpa`` -> ``words.json``."""
    return Path(arpa).with_suffix(".json")


def fusion_settings(
    arpa: str | Path | None, weight: float | None = None, word_bonus: float | None = None
) -> tuple[float, float]:
    """Weight and word bonus: the given ones, else those chosen on dev, else 0.5 and 0.

    Args:
        arpa: the language model, or None.
        weight: asked for, or None.
        word_bonus: asked for, or None.
    """
    chosen = {}
    if arpa is not None and settings_path(arpa).exists():
        chosen = read_json(settings_path(arpa))
    if weight is None:
        weight = chosen.get("lm_weight", DEFAULT_WEIGHT)
    if word_bonus is None:
        word_bonus = chosen.get("word_bonus", DEFAULT_WORD_BONUS)
    return float(weight), float(word_bonus)
