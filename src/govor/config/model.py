"""``[model]``: what is trained, and from what."""

from __future__ import annotations

from dataclasses import dataclass

from govor.config.setting import WEIGHTS, Section, setting


@dataclass(frozen=True)
class ModelConfig(Section):
    """The model to start from."""

    base: str | None = setting(None, "Hub id, folder or run to start from", WEIGHTS)
    revision: str | None = setting(None, "revision of a Hub model", WEIGHTS)
    from_scratch: dict[str, object] = setting(
        {},
        "architecture and sizes of a new model: model_type = 'parakeet_ctc', hidden_size = 144, …",
        WEIGHTS,
    )
    settings: dict[str, object] = setting(
        {},
        "changes to the base's own configuration, such as {attention_dropout = 0.0}",
        WEIGHTS,
    )
    language: str | None = setting(
        None, "language given to a multilingual model (default: the data's)", WEIGHTS
    )
    task: str = setting("transcribe", "Whisper's task", WEIGHTS, choices=("transcribe", "translate"))
    timestamps: bool = setting(
        False, "Whisper: labels carry the begin and end of the utterance, and decoding asks for them", WEIGHTS
    )
    plain_share: float = setting(
        0.5,
        "Whisper with timestamps: share of the examples without timestamps in their labels, so that "
        "both prompts work",
        WEIGHTS,
        least=0,
        most=1,
    )
    previous_share: float = setting(
        0.0,
        "Whisper: share of the examples shown the text of the utterance before in their recording",
        WEIGHTS,
        least=0,
        most=1,
    )
    generation: dict[str, object] = setting(
        {},
        "Whisper: settings of generation_config.json, such as {suppress_tokens = []} (default: the base's,"
        " but for what the train text needs)",
        WEIGHTS,
    )
    vocabulary: str = setting(
        "auto",
        "CTC: build from train, keep the base's, or auto (build if the head is new)",
        WEIGHTS,
        choices=("auto", "build", "keep"),
    )
    delimiter: str = setting("|", "CTC: token that stands for the space in a new vocabulary", WEIGHTS)
    lora: dict[str, object] = setting({}, "LoRA: r, alpha, dropout, targets; empty: none", WEIGHTS)
    adapter: bool = setting(False, "MMS: train the language adapter only", WEIGHTS)
    freeze_feature_encoder: bool = setting(
        True,
        "wav2vec2 and similar models: the convolutions below the transformer stay as pretrained",
        WEIGHTS,
    )
    freeze: tuple[str, ...] = setting((), "parameter name prefixes that are not trained", WEIGHTS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.timestamps and self.plain_share == 1:
            raise ValueError(
                "plain_share is 1, so timestamps are never trained: set it below 1, or timestamps = false"
            )
