"""Usual learning rates of CTC models, by architecture and size.

Read in the sources named, unless another thing is said:

* wav2vec 2.0, XLS-R, HuBERT, WavLM and their like: 3e-4 (Hugging Face, Fine-Tuning XLS-R, 2021). The wider
  ones (1 B and more): 7.5e-5, which the Robust Speech event (2022) has for XLS-R 300 M; for 1 B no published
  recipe was found, and wider models take lower rates.
* MMS language adapters: 1e-3 (Hugging Face, Fine-Tuning MMS Adapter Models, 2023). LoRA: 1e-3, as in PEFT's
  example for Whisper large-v2 (int8, r = 32).
* W2V-BERT 2.0: 5e-5 (Hugging Face, Fine-Tune W2V2-Bert, 2024).
* Pretrained Parakeet and other FastConformers: 1e-4 (NeMo, speech_to_text_finetune.yaml).
* New models: 1e-3, as NeMo trains FastConformers (from memory, not looked up); small ones 2e-3, with which
  this package's demo and benches learn.
"""

from __future__ import annotations

from typing import Any

FINE_TUNING = 3e-4
WIDE = 7.5e-5
WIDE_FROM = 1025
ADAPTERS = 1e-3
BY_TYPE = {"wav2vec2-bert": 5e-5, "parakeet_ctc": 1e-4, "lasr_ctc": 1e-4}
NEW, NEW_SMALL = 1e-3, 2e-3
SMALL_BELOW = 512
"""Width of a new model."""


def ctc_rate(configuration: Any, *, new: bool, adapters: bool) -> float:
    """The usual peak rate.

    Args:
        configuration: of the model.
        new: whether its weights are random.
        adapters: whether LoRA matrices or language adapters are trained.
    """
    if adapters:
        return ADAPTERS
    width = _width(configuration)
    if new:
        return NEW_SMALL if width < SMALL_BELOW else NEW
    if configuration.model_type in BY_TYPE:
        return BY_TYPE[configuration.model_type]
    return WIDE if width >= WIDE_FROM else FINE_TUNING


def _width(configuration: Any) -> int:
    inner = getattr(configuration, "encoder_config", configuration)
    return int(getattr(inner, "hidden_size", SMALL_BELOW))
