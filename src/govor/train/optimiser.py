"""AdamW with layer-wise rates; its state as safetensors by parameter name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govor.config import TrainConfig
from govor.errors import RecipeError
from govor.models.weights import begins

if TYPE_CHECKING:
    import torch

_LAYER = re.compile(r"^(?P<above>(?:.*?\.)??)(?:layers?|blocks?|h)\.(?P<number>\d+)\.")
_UNDER = re.compile(r"conv|embed|subsampl|feature")
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def _begins(name: str, prefix: str) -> bool:
    """Whether the name, or the name from one of its parts on, begins with `prefix`."""
    parts = name.split(".")
    return any(begins(".".join(parts[first:]), prefix) for first in range(len(parts)))


def make_optimiser(model: torch.nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW over the parameters that are trained; no decay for biases, norms and other vectors.

    Every group carries ``factor``, by which the scheduled rate is multiplied.

    Raises:
        RecipeError: nothing is left to train, or ``rates`` names no parameter.
    """
    import torch

    _check_rates(model, config)
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    deepest = layer_count(model)
    for name, parameter in trained(model):
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((rate_of(name, config, deepest), decay), []).append(parameter)
    if not groups:
        raise RecipeError("model.freeze leaves no parameter to train: freeze less")
    plain = [
        {"params": members, "lr": (config.lr or 0.0) * factor, "weight_decay": decay, "factor": factor}
        for (factor, decay), members in groups.items()
    ]
    return torch.optim.AdamW(plain, lr=config.lr or 0.0, betas=config.betas, fused=True)


def _check_rates(model: torch.nn.Module, config: TrainConfig) -> None:
    names = [name for name, _ in model.named_parameters()]
    for prefix in config.rates:
        if not any(_begins(name, prefix) for name in names):
            parts = sorted({".".join(name.split(".")[:2]) for name in names})
            raise RecipeError(
                f"train.rates: no parameter begins with {prefix!r}; there are {', '.join(parts)}"
            )


def trained(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Parameter]]:
    """Names and parameters that take gradients."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def layer_count(model: torch.nn.Module) -> int:
    """Number of encoder layers, 0 where names show none."""
    return 1 + max(
        (_layer(name) for name, _ in model.named_parameters() if "decoder" not in name), default=-1
    )


def _layer(name: str) -> int:
    """Number of the encoder layer that a parameter belongs to, -1 where it belongs to none.

    Layers of what stands under the encoder (subsampling, convolutions) or on it (adapters) are none of them.
    """
    found = _LAYER.search(name)
    if not found or _UNDER.search(found["above"]) or "adapter" in found["above"]:
        return -1
    return int(found["number"])


def rate_of(name: str, config: TrainConfig, layers: int) -> float:
    """The learning-rate factor of a parameter: ``rates`` by longest prefix, then ``layer_decay`` by depth.

    Layer-wise decay as in Howard and Ruder (2018): the top encoder layer has factor 1, each one below
    `layer_decay` times the one above, and what lies under all layers once more.
    """
    prefixes = [prefix for prefix in config.rates if _begins(name, prefix)]
    factor = float(config.rates[max(prefixes, key=len)]) if prefixes else 1.0
    if config.layer_decay == 1.0 or "decoder" in name:
        return factor
    layer = _layer(name)
    if layer >= 0:
        return factor * config.layer_decay ** (layers - 1 - layer)
    under = _UNDER.search(name) is not None and "adapter" not in name
    return factor * (config.layer_decay**layers if under else 1.0)


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Sets every group to `rate` times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def save_optimiser(model: torch.nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """Writes AdamW's moments as ``<parameter>::<moment>``."""
    from safetensors.torch import save_file

    tensors = {}
    for name, parameter in trained(model):
        for moment, value in optimiser.state.get(parameter, {}).items():
            tensors[f"{name}::{moment}"] = value.detach().cpu().contiguous()
    save_file(tensors, path)


def load_optimiser(model: torch.nn.Module, optimiser: torch.optim.Optimizer, path: Path) -> None:
    """Reads what `save_optimiser` wrote; parameters that no step has used yet have no moments.

    Raises:
        RecipeError: the checkpoint trained parameters that are not trained now.
    """
    from safetensors.torch import load_file

    tensors = load_file(path)
    names = {key.split("::")[0] for key in tensors}
    lost = sorted(names - {name for name, _ in trained(model)})
    if lost:
        raise RecipeError(
            f"the checkpoint trained other parameters than the recipe asks for now ({lost[0]} is not trained "
            "any more): keep model.freeze, model.lora and the base as they were, or choose another --out"
        )
    for name, parameter in trained(model):
        state: dict[str, Any] = {m: tensors[f"{name}::{m}"] for m in _MOMENTS if f"{name}::{m}" in tensors}
        if state:
            optimiser.state[parameter] = {
                moment: value.to(parameter.device) for moment, value in state.items()
            }
