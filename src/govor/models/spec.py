"""What a model is opened or made with, beside its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.models.device import MASTERS
from govor.text import Normaliser

if TYPE_CHECKING:
    import torch


def _as_it_is(model: Any) -> Any:
    return model


@dataclass(frozen=True)
class Spec:
    """One model: where it is from, how it was or will be trained, and how it runs.

    Attributes:
        name: for messages.
        place: folder or Hub id; empty for new weights.
        revision: of a Hub model.
        settings: as ``govor.json`` keeps them (see `govor.models.saved`).
        normaliser: of its texts.
        device: where it runs.
        precision: arithmetic.
        weights: dtype of an encoder-decoder's in memory, whatever the file holds. CTC models are in float32
            everywhere: they are smaller, and some mix dtypes between their layers.
        frame_multiple: log-mel frames of padded batches are a multiple of it.
        prepare: what is done to the transformers model before a family is built around it: freezing,
            adapters.
    """

    name: str
    place: Path | str
    settings: Mapping[str, Any]
    normaliser: Normaliser
    device: torch.device
    precision: str
    revision: str | None = None
    weights: str = MASTERS
    frame_multiple: int = 1
    prepare: Callable[[Any], Any] = _as_it_is

    def at(self, place: Path | str, revision: str | None = None) -> Spec:
        """The same, opened from there."""
        return replace(self, place=place, revision=revision)

    def noting(self, **settings: object) -> Spec:
        """The same with more settings."""
        return replace(self, settings={**self.settings, **settings})
