"""New models: an architecture of transformers with random weights, described by a table of sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govor.models.names import require_known

DEFAULT_TYPE = "parakeet_ctc"
# Regularisation that keeps a small new model from learning in the minutes it has.
OFF_BY_DEFAULT = (
    "dropout",
    "dropout_positions",
    "layerdrop",
    "activation_dropout",
    "attention_dropout",
    "hidden_dropout",
    "final_dropout",
    "feat_proj_dropout",
    "conformer_conv_dropout",
    "mask_time_prob",
)


def ctc_configuration(sizes: Mapping[str, object], outputs: int, blank: int) -> Any:
    """Configuration of a new CTC model.

    Args:
        sizes: ``model_type`` and the architecture's own names; dropouts are 0 unless given.
        outputs: tokens V.
        blank: id of the blank.

    Raises:
        RecipeError: an unknown name.
    """
    from transformers import AutoConfig

    sizes = dict(sizes)
    kind = str(sizes.pop("model_type", DEFAULT_TYPE))
    head = {
        "vocab_size": outputs,
        "pad_token_id": blank,
        "ctc_zero_infinity": True,
        "ctc_loss_reduction": "mean",
    }
    if kind == "parakeet_ctc":
        encoder = _checked("parakeet_encoder", sizes)
        return AutoConfig.for_model(kind, encoder_config=encoder, **head)
    return AutoConfig.for_model(kind, **_checked(kind, sizes), **head)


def feature_extractor_for(configuration: Any) -> Any:
    """The feature extractor that an architecture is used with."""
    import transformers

    kind = configuration.model_type
    if kind == "parakeet_ctc":
        return transformers.ParakeetFeatureExtractor(feature_size=configuration.encoder_config.num_mel_bins)
    if kind == "wav2vec2-bert":
        inputs = configuration.feature_projection_input_dim
        return transformers.SeamlessM4TFeatureExtractor(stride=inputs // 80, padding_value=1.0)
    masked = getattr(configuration, "feat_extract_norm", "layer") == "layer"
    return transformers.Wav2Vec2FeatureExtractor(do_normalize=True, return_attention_mask=masked)


def _checked(kind: str, sizes: Mapping[str, object]) -> dict[str, object]:
    """`sizes` with regularisation off, after every name was found in the architecture's configuration."""
    from transformers import AutoConfig

    known = AutoConfig.for_model(kind).to_dict()
    require_known(kind, sizes, known)
    off = {name: 0.0 for name in OFF_BY_DEFAULT if name in known}
    return {**off, **sizes}
