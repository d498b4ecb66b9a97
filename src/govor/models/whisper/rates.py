"""Usual learning rates of Whisper, by size.

Radford et al. 2022 (Robust Speech Recognition via Large-Scale Weak Supervision, training hyperparameters)
give the peak rates of pretraining; their advice for fine-tuning, which the Hugging Face Whisper event spread
as a table (tiny 3.75e-5, base 2.5e-5, small 1.25e-5, medium 6.25e-6, large 4.375e-6), is a fortieth of them.
LoRA: 1e-3, as in PEFT's example for Whisper.
"""

from __future__ import annotations

import math
from typing import Any

PRETRAINING = {384: 1.5e-3, 512: 1e-3, 768: 5e-4, 1024: 2.5e-4, 1280: 1.75e-4}
"""Peak rate by width of the model (``d_model``): tiny, base, small, medium, large."""
FINE_TUNING_SHARE = 1 / 40
LORA = 1e-3


def whisper_rate(configuration: Any, *, new: bool, lora: bool) -> float:
    """The usual peak rate.

    Args:
        configuration: of the model.
        new: whether its weights are random.
        lora: whether LoRA matrices are trained.
    """
    if lora:
        return LORA
    nearest = min(PRETRAINING, key=lambda width: abs(math.log(width / configuration.d_model)))
    return PRETRAINING[nearest] * (1.0 if new else FINE_TUNING_SHARE)
