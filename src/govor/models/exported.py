"""What an exported folder keeps beside the engine's own files, so that it opens without transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

from govor.errors import ModelError
from govor.features import Extractor, LogMelSpec, WaveSpec
from govor.models.identity import writer_of
from govor.models.trainable import Trainable

_EXTRACTORS: Mapping[str, Callable[..., Extractor]] = {"LogMelSpec": LogMelSpec, "WaveSpec": WaveSpec}


def common_settings(original: Trainable, backend: str, quantization: str | None) -> dict[str, object]:
    """What the settings of every exported folder begin with."""
    return {
        **original.as_dict(),
        "backend": backend,
        "quantization": quantization or "float32",
        "original": original.name,
        "original_identity": writer_of(original.name),
        "parameters": original.describe()["parameters"],
        "extractor": extractor_as_dict(original.extractor),
    }


def extractor_as_dict(extractor: Extractor) -> dict[str, object]:
    """Plain data of an extractor."""
    return {"kind": type(extractor).__name__, **asdict(extractor)}  # type: ignore[call-overload]


def extractor_from(data: Mapping[str, object]) -> Extractor:
    """Inverse of `extractor_as_dict`.

    Raises:
        ModelError: a kind that this version does not know.
    """
    fields = dict(data)
    kind = str(fields.pop("kind", None))
    if kind not in _EXTRACTORS:
        raise ModelError(f"the exported model has features of kind {kind!r}: pip install -U govor")
    return _EXTRACTORS[kind](**fields)
