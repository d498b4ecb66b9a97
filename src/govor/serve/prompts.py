"""Text that a model is told before it hears; the one place that knows whether models here take any."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from govor.config import TranscribeConfig
from govor.models.base import DecodeOptions, prompt_of

SETTING = "prompt"
"""Of `TranscribeConfig` and `DecodeOptions`, where decoding takes a text."""


def takes_prompt(recogniser: Any) -> bool:
    """Whether a prompt given to `recogniser` would be read."""
    decodes = all(SETTING in {one.name for one in fields(kind)} for kind in (TranscribeConfig, DecodeOptions))
    return decodes and prompt_of(recogniser, DecodeOptions()) is not None


def with_prompt(settings: Any, prompt: str | None) -> Any:
    """`settings` or options that tell the model `prompt`; as they were where there is none."""
    return replace(settings, **{SETTING: prompt}) if prompt else settings
