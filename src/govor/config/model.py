"""``[model]``: what is trained, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govor.config.setting import setting


@dataclass(frozen=True)
class ModelConfig:
    """The model to start from."""

    base: str | None = setting(None, "Hub id, folder or run to start from")
    revision: str | None = setting(None, "revision of a Hub model")
    from_scratch: dict[str, Any] = setting(
        {}, "architecture and sizes of a new model: model_type = 'parakeet_ctc', hidden_size = 144, …"
    )
    settings: dict[str, Any] = setting(
        {}, "settings of the base's own configuration that are changed, such as {attention_dropout = 0.0}"
    )
    language: str | None = setting(None, "language given to a multilingual model (default: the data's)")
    task: str = setting("transcribe", "Whisper's task", choices=("transcribe", "translate"))
    timestamps: bool = setting(False, "Whisper: labels carry the begin and end of the utterance")
    vocabulary: str = setting(
        "auto",
        "CTC: build from train, keep the base's, or auto (build where the head is new)",
        choices=("auto", "build", "keep"),
    )
    delimiter: str = setting("|", "CTC: token that stands for the space in a new vocabulary")
    lora: dict[str, Any] = setting({}, "LoRA: r, alpha, dropout, targets; empty: none")
    adapter: bool = setting(False, "MMS: train the language adapter only")
    freeze_feature_encoder: bool = setting(
        True, "wav2vec2 and its kin: the convolutions below the transformer stay as pretrained"
    )
    freeze: tuple[str, ...] = setting((), "parameter name prefixes that are not trained")
