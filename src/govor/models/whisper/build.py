"""Whisper models opened, fine-tuned from a base, or made from scratch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from govor.config import ModelConfig
from govor.errors import RecipeError
from govor.findings import Finding
from govor.models.names import require_known
from govor.models.own_checks import DataFacts
from govor.models.quiet import readable
from govor.models.spec import Spec
from govor.models.whisper.generation import fit_generation
from govor.models.whisper.model import WhisperFamily
from govor.models.whisper.rates import whisper_rate


class Whisper:
    """See `govor.models.families.Maker`."""

    title = "Whisper"
    examples = ("whisper",)
    engines = {"ctranslate2": "govor.models.whisper.ctranslate2"}

    def claims(self, model_type: str) -> bool:
        """Whisper alone."""
        return model_type == "whisper"

    def open(self, configuration: Any, spec: Spec) -> WhisperFamily:
        """A pretrained or saved model; its own SpecAugment stays off, training brings a seeded one."""
        from transformers import AutoTokenizer, WhisperFeatureExtractor, WhisperForConditionalGeneration

        configuration.apply_spec_augment = False
        with readable(spec.place):
            model = WhisperForConditionalGeneration.from_pretrained(
                spec.place, config=configuration, revision=spec.revision, dtype=spec.weights
            )
            tokenizer = AutoTokenizer.from_pretrained(spec.place, revision=spec.revision)
            feature_extractor = WhisperFeatureExtractor.from_pretrained(spec.place, revision=spec.revision)
        return WhisperFamily(model, spec, feature_extractor, tokenizer)

    def base(
        self, configuration: Any, spec: Spec, config: ModelConfig, train_texts: Iterable[str]
    ) -> WhisperFamily:
        """A pretrained model whose decoding can write what the train texts hold."""
        family = self.open(configuration, spec)
        fit_generation(family, train_texts, config.generation)
        return family

    def scratch(self, spec: Spec, config: ModelConfig, train_texts: Iterable[str]) -> WhisperFamily:
        """A new model with an existing tokenizer; see `_new_model` for its sizes."""
        model, tokenizer = _new_model(config.from_scratch)
        family = WhisperFamily(model, spec, _feature_extractor(model.config), tokenizer)
        fit_generation(family, train_texts, config.generation)
        return family

    def new_configuration(self, sizes: Mapping[str, object]) -> Any:
        """With the width that the sizes or the tokenizer's model have."""
        from transformers import WhisperConfig

        if "d_model" in sizes or "tokenizer" not in sizes:
            return WhisperConfig(**{key: sizes[key] for key in ("d_model",) if key in sizes})
        place = str(sizes["tokenizer"])
        with readable(place):
            return WhisperConfig.from_pretrained(place)

    def usual_rate(self, configuration: Any, config: ModelConfig) -> float:
        """By size."""
        return whisper_rate(configuration, new=bool(config.from_scratch), lora=bool(config.lora))

    def own_checks(self, family: WhisperFamily, seen: DataFacts) -> Iterator[Finding]:
        """Tokens around the text, and what decoding may not write."""
        from govor.models.whisper.checks import own_checks

        return own_checks(family, seen)


def _new_model(sizes: Mapping[str, Any]) -> tuple[Any, Any]:
    """A new model with random weights, and its tokenizer.

    Args:
        sizes: ``tokenizer`` (a folder or Hub id whose tokenizer, configuration and generation settings are
            taken) and what differs from that configuration, such as ``d_model``.

    Raises:
        RecipeError: there is no tokenizer, or an unknown name.
    """
    from transformers import AutoTokenizer, GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    changes = {key: value for key, value in sizes.items() if key not in ("model_type", "tokenizer")}
    if "tokenizer" not in sizes:
        raise RecipeError(
            "[model] from_scratch: a new Whisper needs a tokenizer: "
            "set tokenizer = a folder or Hub id that has Whisper's"
        )
    place = str(sizes["tokenizer"])
    with readable(place):
        configuration = WhisperConfig.from_pretrained(place)
        require_known("whisper", changes, configuration.to_dict())
        for key, value in {**_feed_forward(changes), **changes}.items():
            setattr(configuration, key, value)
        generation = GenerationConfig.from_pretrained(place)
        tokenizer = AutoTokenizer.from_pretrained(place)
    if "decoder_layers" in changes or "decoder_attention_heads" in changes:
        generation.alignment_heads = None  # they name heads of the model that the tokenizer came with
    model = WhisperForConditionalGeneration(configuration)
    model.generation_config = generation
    return model, tokenizer


def _feature_extractor(configuration: Any) -> Any:
    from transformers import WhisperFeatureExtractor

    window_s = 2 * configuration.max_source_positions // 100
    return WhisperFeatureExtractor(feature_size=configuration.num_mel_bins, chunk_length=window_s)


def _feed_forward(changes: Mapping[str, Any]) -> dict[str, int]:
    """Feed-forward layers four times as wide as the model, unless given."""
    width = 4 * changes.get("d_model", 0)
    return {"encoder_ffn_dim": width, "decoder_ffn_dim": width} if width else {}
