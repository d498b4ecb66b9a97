"""Whisper models opened, fine-tuned from a base, or made from scratch."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.errors import RecipeError
from govor.models.device import MASTERS
from govor.models.quiet import readable
from govor.models.saved import normaliser_of
from govor.models.whisper.model import WhisperFamily
from govor.text import Normaliser

if TYPE_CHECKING:
    import torch


def open_whisper(
    place: Path | str,
    configuration: Any,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
    revision: str | None,
    name: str,
    weights: str,
) -> WhisperFamily:
    """Opens a saved or Hub model."""
    family = base_whisper(
        place,
        configuration,
        normaliser_of(settings),
        settings or {"base": name},
        device,
        precision,
        revision,
        weights,
    )
    family.name = name
    family.model.eval()
    return family


def base_whisper(
    place: Path | str,
    configuration: Any,
    normaliser: Normaliser,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
    revision: str | None,
    weights: str = MASTERS,
) -> WhisperFamily:
    """A pretrained model; its own SpecAugment stays off, training brings a seeded one."""
    from transformers import AutoTokenizer, WhisperFeatureExtractor, WhisperForConditionalGeneration

    configuration.apply_spec_augment = False
    with readable(place):
        model = WhisperForConditionalGeneration.from_pretrained(
            place, config=configuration, revision=revision, dtype=weights
        )
        tokenizer = AutoTokenizer.from_pretrained(place, revision=revision)
        feature_extractor = WhisperFeatureExtractor.from_pretrained(place, revision=revision)
    return _family(model, tokenizer, feature_extractor, normaliser, str(place), settings, device, precision)


def scratch_whisper(
    sizes: Mapping[str, Any],
    normaliser: Normaliser,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
) -> WhisperFamily:
    """A new model with random weights and an existing tokenizer.

    Args:
        sizes: ``tokenizer`` (a folder or Hub id whose tokenizer, configuration and generation settings are
            taken) and what differs from that configuration, such as ``d_model``.

    Raises:
        RecipeError: there is no tokenizer, or an unknown name.
    """
    from transformers import (
        AutoTokenizer,
        GenerationConfig,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    changes = {key: value for key, value in sizes.items() if key not in ("model_type", "tokenizer")}
    if "tokenizer" not in sizes:
        raise RecipeError(
            "[model] from_scratch: a new Whisper needs a tokenizer: "
            "set tokenizer = a folder or Hub id that has Whisper's"
        )
    place = str(sizes["tokenizer"])
    with readable(place):
        configuration = WhisperConfig.from_pretrained(place)
        _require_known(changes, configuration.to_dict())
        for key, value in {**_feed_forward(changes), **changes}.items():
            setattr(configuration, key, value)
        generation = GenerationConfig.from_pretrained(place)
        tokenizer = AutoTokenizer.from_pretrained(place)
    if "decoder_layers" in changes or "decoder_attention_heads" in changes:
        generation.alignment_heads = None  # they name heads of the model that the tokenizer came with
    model = WhisperForConditionalGeneration(configuration)
    model.generation_config = generation
    window_s = 2 * configuration.max_source_positions // 100
    feature_extractor = WhisperFeatureExtractor(
        feature_size=configuration.num_mel_bins, chunk_length=window_s
    )
    return _family(
        model, tokenizer, feature_extractor, normaliser, "from scratch", settings, device, precision
    )


def _feed_forward(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Feed-forward layers four times as wide as the model, unless given."""
    if "d_model" not in changes:
        return {}
    width = 4 * changes["d_model"]
    return {"encoder_ffn_dim": width, "decoder_ffn_dim": width}


def _require_known(changes: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    for name in changes:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise RecipeError(f"[model] from_scratch: whisper has no setting {name!r}{hint}")


def _family(
    model: Any,
    tokenizer: Any,
    feature_extractor: Any,
    normaliser: Normaliser,
    name: str,
    settings: dict[str, Any],
    device: torch.device,
    precision: str,
) -> WhisperFamily:
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token  # as OpenAI's have it; pipelines do not batch without one
    return WhisperFamily(
        model.to(device),
        tokenizer=tokenizer,
        feature_extractor=feature_extractor,
        normaliser=normaliser,
        name=name,
        settings=settings,
        device=device,
        precision=precision,
    )
