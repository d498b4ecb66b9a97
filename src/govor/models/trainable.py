"""What families share that train and save a model of transformers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.features import Example, Extractor, Features, Wave
from govor.models.adapters import save_adapter
from govor.models.extractors import extractor_of
from govor.models.products import fast_products
from govor.models.quiet import quiet
from govor.models.saved import write_settings
from govor.models.spec import Spec
from govor.models.weights import core_of, saved_state

if TYPE_CHECKING:
    import torch


class Trainable:
    """Half of a `govor.models.base.Family`; what depends on the kind of model is in its folder.

    Attributes:
        family_name: in `govor.models.families.FAMILIES`.
        model: the transformers model, with its adapters.
        settings: what ``govor.json`` keeps.

    Args:
        model: the plain transformers model.
        spec: what it is opened or made with.
        feature_extractor: of transformers; saved with the model.
    """

    family_name: str
    max_labels: int | None = None
    max_window_s: float | None = None

    def __init__(self, model: Any, spec: Spec, feature_extractor: Any) -> None:
        self.model: torch.nn.Module = spec.prepare(model.to(spec.device))
        self.feature_extractor = feature_extractor
        self.extractor: Extractor = extractor_of(feature_extractor)
        self.sample_rate = self.extractor.sample_rate
        self.normaliser = spec.normaliser
        self.name = spec.name
        self.settings = dict(spec.settings)
        self.device = spec.device
        self.precision = spec.precision
        self.frame_multiple = spec.frame_multiple

    @property
    def processor(self) -> Any:
        """The processor of transformers that is saved with the model."""
        raise NotImplementedError

    def features(self, wave: Wave) -> Features:
        """Features of one wave."""
        return self.extractor(wave)

    def heard(self, wave: Wave) -> Example:
        """A wave without labels, as decoding collates it."""
        features = self.extractor(wave)
        seconds = len(wave) / self.sample_rate
        return Example("", features, (), seconds, padding=self.extractor.padding(features))

    @contextmanager
    def deciding(self) -> Iterator[None]:
        """No dropout, no gradients; the model's mode is as before afterwards."""
        import torch

        training = self.model.training
        self.model.eval()
        try:
            with torch.inference_mode(), fast_products(self.device):
                yield
        finally:
            self.model.train(training)

    def label_frames(self, seconds: float) -> int | None:
        """None: any label may look at any frame."""
        return None

    def frames_needed(self, labels: Sequence[int]) -> int:
        """0: see `label_frames`."""
        return 0

    def save(self, folder: Path) -> None:
        """Weights (safetensors), configuration, processor and ``govor.json``.

        The feature extractor is also written by itself (``preprocessor_config.json``), because faster-whisper
        reads its mel bins from there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        with quiet():
            core_of(self.model).save_pretrained(folder, state_dict=saved_state(self.model))
        self.processor.save_pretrained(folder)
        self.feature_extractor.save_pretrained(folder)
        save_adapter(self.model, folder)
        write_settings(folder, self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """What ``govor.json`` keeps."""
        return {**self.settings, "family": self.family_name, "normaliser": self.normaliser.as_dict()}

    def describe(self) -> dict[str, Any]:
        """Facts for reports."""
        parameters = list(self.model.parameters())
        return {
            "family": self.family_name,
            "architecture": type(core_of(self.model)).__name__,
            "parameters": sum(p.numel() for p in parameters),
            "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
            "precision": self.precision,
            "weights": str(parameters[0].dtype).removeprefix("torch."),
            "device": str(self.device),
            "base": self.settings.get("base"),
            "backend": "transformers",
            "sample_rate": self.sample_rate,
            "normaliser": self.normaliser.name,
        }
