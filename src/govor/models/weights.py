"""The transformers model inside its adapters, and the weights that a complete saved model has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def core_of(model: Any) -> Any:
    """The transformers model itself, whether or not it carries LoRA adapters."""
    return model.get_base_model() if hasattr(model, "peft_config") else model


def begins(name: str, prefix: str) -> bool:
    """Whether a parameter's name begins with `prefix`; ``layers.1`` is not a beginning of ``layers.10``."""
    rest = name.removeprefix(prefix)
    split_number = prefix[-1:].isdigit() and rest[:1].isdigit()
    return name.startswith(prefix) and not split_number


def saved_state(model: Any) -> dict[str, torch.Tensor] | None:
    """Weights to save: None for the model's own, or a copy with LoRA merged in."""
    return _merged(model) if hasattr(model, "peft_config") else None


def _merged(model: Any) -> dict[str, torch.Tensor]:
    """Weights of the plain model with LoRA merged in, computed beside the model, which stays as it is."""
    state: dict[str, torch.Tensor] = {}
    adapter = model.active_adapter
    merged = {
        name: module.base_layer.weight.data + module.get_delta_weight(adapter)
        for name, module in core_of(model).named_modules()
        if hasattr(module, "get_delta_weight") and adapter in getattr(module, "lora_A", {})
    }
    for name, value in core_of(model).state_dict().items():
        if ".lora_" in name or ".original_module." in name:
            continue
        owner, _, leaf = name.rpartition(".")
        if owner.endswith(".base_layer"):
            owner = owner.removesuffix(".base_layer")
            value = merged[owner] if leaf == "weight" else value
        owner = owner.replace(f".modules_to_save.{adapter}", "")
        state[f"{owner}.{leaf}"] = value.detach().cpu().contiguous()
    return state
