"""The plain transformers model, LoRA merged in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from govor.errors import ModelError, UsageError
from govor.models.base import Recogniser


def convert(original: Recogniser, out: Path, quantization: str | None) -> None:
    """Writes the merged model; the folder opens with ``transformers.pipeline``.

    Raises:
        UsageError: a quantization is asked for.
        ModelError: it is an export already.
    """
    if quantization:
        raise UsageError("--quantization is for ctranslate2 and onnx")
    save_merged(original, out)


def save_merged(original: Any, folder: Path) -> None:
    """Weights with LoRA merged in, and everything beside them.

    Raises:
        ModelError: `original` is not a transformers model.
    """
    if not hasattr(original, "save"):
        raise ModelError(f"{original.name} is an export already: export the model it was made from")
    original.save(folder)
