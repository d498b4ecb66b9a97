"""A model as training runs it: windows, recomputed activations, compiled layers."""

from __future__ import annotations

from govor.config import TrainConfig
from govor.models.base import Family
from govor.models.compiled import compile_layers
from govor.models.recompute import recompute_activations


def adjust_model(family: Family, config: TrainConfig) -> None:
    """Encoder windows, gradient checkpointing and compilation, as the recipe asks for them.

    Raises:
        RecipeError: the model cannot recompute its activations, or has no layers to compile.
    """
    family.train_windows, family.full_share = config.windows, config.full_share
    if config.gradient_checkpointing:
        recompute_activations(family.model)
    if config.compile:
        compile_layers(family.model)
