"""What is trained: everything, all but frozen parts, LoRA matrices, or an MMS language adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypedDict

from govor.config import ModelConfig
from govor.errors import ModelError, RecipeError
from govor.models.weights import begins, core_of, saved_state
from govor.shape import ShapeError, fitted

ADAPTER_FOLDER = "adapter"
ATTENTION_PROJECTIONS = ("q_proj", "v_proj", "linear_q", "linear_v")  # names in the architectures known here


class LoraSettings(TypedDict, total=False):
    """``[model] lora``."""

    r: int
    alpha: float
    dropout: float
    targets: list[str]


LORA_KEYS = tuple(LoraSettings.__annotations__)


def prepare_for_training(model: Any, config: ModelConfig) -> Any:
    """The model with its adapters, and with what is not trained frozen.

    Raises:
        RecipeError: a setting names nothing in this model.
    """
    if config.adapter:
        _language_adapter(model)
    elif config.lora:
        model = _with_lora(model, config)
    _freeze(model, config)
    if not any(p.requires_grad for p in model.parameters()):
        raise RecipeError("[model] freeze leaves nothing to train: name fewer prefixes")
    return model


def _freeze(model: Any, config: ModelConfig) -> None:
    core = core_of(model)
    if config.freeze_feature_encoder and hasattr(core, "freeze_feature_encoder") and config.base:
        core.freeze_feature_encoder()
    for prefix in config.freeze:
        matched = [p for name, p in core.named_parameters() if begins(name, prefix)]
        if not matched:
            parts = sorted({".".join(name.split(".")[:2]) for name, _ in core.named_parameters()})
            raise RecipeError(
                f"[model] freeze: no parameter starts with {prefix!r}; there are {', '.join(parts)}"
            )
        for parameter in matched:
            parameter.requires_grad = False


def _language_adapter(model: Any) -> None:
    """MMS: new adapter layers and the head are trained, all else is frozen."""
    if not hasattr(model, "init_adapter_layers"):
        raise RecipeError(f"[model] adapter: {type(model).__name__} has no language adapters (MMS models do)")
    model.init_adapter_layers()
    model.freeze_base_model()
    for parameter in model._get_adapters().values():
        parameter.requires_grad = True


def _with_lora(model: Any, config: ModelConfig) -> Any:
    from peft import LoraConfig, get_peft_model

    unknown = sorted(set(config.lora) - set(LORA_KEYS))
    if unknown:
        raise RecipeError(f"[model] lora has no setting {unknown[0]!r}: there are {', '.join(LORA_KEYS)}")
    try:
        asked = fitted(config.lora, LoraSettings)
    except ShapeError as error:
        raise RecipeError(f"[model] lora: {error}") from error
    rank = asked.get("r", 16)
    lora = LoraConfig(
        r=rank,
        lora_alpha=asked.get("alpha", 2 * rank),
        lora_dropout=asked.get("dropout", 0.0),
        target_modules=_targets(model, asked.get("targets")),
        modules_to_save=_new_heads(model, config),
    )
    return get_peft_model(model, lora)


def _targets(model: Any, asked: list[str] | None) -> list[str]:
    last = {name.rsplit(".", 1)[-1] for name, _ in model.named_modules()}
    targets = [name for name in (asked or ATTENTION_PROJECTIONS) if name in last]
    if not targets or (asked and len(targets) < len(asked)):
        raise RecipeError(
            f"[model] lora targets {asked}: the model's modules are called {', '.join(sorted(last))}"
        )
    return targets


def _new_heads(model: Any, config: ModelConfig) -> list[str] | None:
    """A CTC head whose vocabulary is new is trained in full beside the LoRA matrices."""
    heads = [name for name in ("lm_head", "ctc_head") if hasattr(model, name)]
    return heads if heads and config.vocabulary != "keep" else None


def save_adapter(model: Any, folder: Path) -> None:
    """The LoRA matrices by themselves, as peft opens them: exact where merged weights are rounded."""
    if hasattr(model, "peft_config"):
        model.save_pretrained(folder / ADAPTER_FOLDER, save_embedding_layers=False)


def has_adapter(folder: Path) -> bool:
    """Whether a checkpoint carries LoRA matrices."""
    return (folder / ADAPTER_FOLDER / "adapter_config.json").exists()


def resume_adapter(model: Any, folder: Path, config: ModelConfig) -> Any:
    """The freshly opened base with a checkpoint's LoRA matrices.

    Raises:
        ModelError: they are of another base.
    """
    from peft import PeftModel

    try:
        model = PeftModel.from_pretrained(model, str(folder / ADAPTER_FOLDER), is_trainable=True)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"{folder} holds LoRA matrices of another base than {config.base}") from error
    _freeze(model, config)
    _take_up(model, folder)
    _take_generation(core_of(model), folder)
    return model


def _take_up(model: Any, folder: Path) -> None:
    """Compares base and matrices with the merged weights saved beside them; takes their running statistics.

    Raises:
        ModelError: the base holds other weights than the ones that were trained on.
    """
    from safetensors.torch import load_file

    saved = load_file(folder / "model.safetensors")
    for name, buffer in core_of(model).named_buffers():
        if name in saved:
            buffer.copy_(saved[name])
    for name, value in (saved_state(model) or {}).items():
        if name in saved and not _alike(value, saved[name]):
            raise ModelError(
                f"{folder} was trained on another base than the one that [model] base names now ({name} "
                "differs): set [model] revision or base to the weights that training began with"
            )


def _take_generation(core: Any, folder: Path) -> None:
    """Decodes as the checkpoint does, not as its base."""
    from transformers import GenerationConfig

    if (folder / "generation_config.json").exists():
        core.generation_config = GenerationConfig.from_pretrained(folder)


def _alike(one: Any, other: Any) -> bool:
    """Equal except for the rounding of another machine."""
    import torch

    return one.shape == other.shape and torch.allclose(one, other, rtol=1e-3, atol=1e-4)
