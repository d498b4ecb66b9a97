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


def common_facts(family: Any) -> dict[str, Any]:
    """What every trainable family says of itself in reports."""
    parameters = list(family.model.parameters())
    return {
        "architecture": type(core_of(family.model)).__name__,
        "parameters": sum(p.numel() for p in parameters),
        "trainable_parameters": sum(p.numel() for p in parameters if p.requires_grad),
        "precision": family.precision,
        "device": str(family.device),
        "base": family.settings.get("base"),
        "backend": "transformers",
        "sample_rate": family.sample_rate,
        "normaliser": family.normaliser.name,
    }
