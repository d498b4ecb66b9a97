"""Layers compiled for training.

Whole models do not compile well: losses and decoding loops break their graphs, and convolutions of changing
length are compiled again for every length. So the repeated layers are compiled one by one ("regional
compilation" in PyTorch's recipes), without the convolutions in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from govor.errors import MachineError, RecipeError
from govor.shown import first_line

if TYPE_CHECKING:
    from torch import nn


def compile_layers(model: nn.Module) -> int:
    """Compiles the model's repeated layers when they first train; in decoding they stay uncompiled.

    Returns:
        Number of compiled pieces.

    Raises:
        RecipeError: the model has no such layers.
    """
    import torch
    from transformers.modeling_layers import GradientCheckpointingLayer

    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    pieces = [piece for layer in layers for piece in _without_convolutions(layer)]
    if not pieces:
        raise RecipeError(f"train.compile: {type(model).__name__} has no layers for it: leave it out")
    for piece in pieces:
        piece.forward = _in_training(piece, torch.compile(piece.forward, dynamic=True))
    return len(pieces)


def _without_convolutions(module: nn.Module) -> Iterator[nn.Module]:
    """The largest parts of `module` that multiply matrices and convolve nothing."""
    from torch.nn.modules.conv import _ConvNd

    if any(isinstance(part, _ConvNd) for part in module.modules()):
        for child in module.children():
            yield from _without_convolutions(child)
    elif any(parameter.dim() > 1 for parameter in module.parameters()):
        yield module


def _in_training(piece: nn.Module, compiled: Callable[..., Any]) -> Callable[..., Any]:
    """`compiled` while `piece` trains; its own ``forward`` while it decodes."""
    from torch._dynamo.exc import TorchDynamoException

    plain = piece.forward

    def forward(*arguments: Any, **named: Any) -> Any:
        if not piece.training:
            return plain(*arguments, **named)
        try:
            return compiled(*arguments, **named)
        except TorchDynamoException as error:
            raise MachineError(
                f"train.compile: torch cannot compile this model here ({first_line(error)}): leave it out"
            ) from None

    return forward
