"""Usual learning rates of Whisper, by size.

Radford et al. 2022 (Robust Speech Recognition via Large-Scale Weak Supervision, training hyperparameters)
give the peak rates of pretraining (tiny to large: 1.5e-3, 1e-3, 5e-4, 2.5e-4, 1.75e-4); that table is from
memory, the paper was not at hand. For fine-tuning a fortieth of them. Seen in sources: medium 6.25e-6, which
an author of the paper named in the Hugging Face Whisper event (2022), small 1.25e-5 and large 4.375e-6 in
public fine-tunings; the three agree with the table. The event's own scripts use 1e-5 for small.
LoRA: 1e-3, as in PEFT's example for Whisper large-v2 (int8, r = 32).
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
