"""``[model]``: what is trained, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govor.config.bounds import require_share
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
    timestamps: bool = setting(
        False, "Whisper: labels carry the begin and end of the utterance, and decoding asks for them"
    )
    plain_share: float = setting(
        0.5,
        "Whisper with timestamps: share of the examples whose labels carry none, so that both prompts work",
    )
    previous_share: float = setting(
        0.0, "Whisper: share of the examples shown the text of the utterance before in their recording"
    )
    generation: dict[str, Any] = setting(
        {},
        "Whisper: settings of generation_config.json, such as {suppress_tokens = []} (default: the base's,"
        " but for what the train text needs)",
    )
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

    def __post_init__(self) -> None:
        require_share(self, "plain_share", "previous_share")
        if self.timestamps and self.plain_share == 1:
            raise ValueError(
                "plain_share is 1, so timestamps are never trained: set it below 1, or timestamps = false"
            )
