"""The transformers model inside its adapters, and the weights that a complete saved model has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def core_of(model: Any) -> Any:
    """The transformers model itself, whether or not it carries LoRA adapters."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def saved_state(model: Any) -> dict[str, torch.Tensor] | None:
    """Weights to save: None for the model's own, or a copy with LoRA merged in."""
    if not hasattr(model, "peft_config"):
        return None
    from govor.models.adapters import merged_state

    return merged_state(model)
