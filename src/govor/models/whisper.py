"""Whisper models of any size."""

from __future__ import annotations

from typing import Any

from govor.errors import ModelError


def open_whisper(*arguments: Any) -> Any:
    """Opens a Whisper model."""
    raise ModelError("Whisper models cannot be opened yet")


def scratch_whisper(*arguments: Any) -> Any:
    """A new Whisper model with random weights."""
    raise ModelError("Whisper models cannot be made yet")


def base_whisper(*arguments: Any) -> Any:
    """A pretrained Whisper model to fine-tune."""
    raise ModelError("Whisper models cannot be fine-tuned yet")
