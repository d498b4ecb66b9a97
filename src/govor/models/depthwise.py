"""Depthwise convolutions that stay in float32 where the rest of a model computes in bfloat16 on a processor.

oneDNN's backward pass of a depthwise convolution is nearly three times slower in bfloat16 than in float32,
while products and other convolutions gain from it. Imports torch: only for what trains.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class Float32Conv1d(nn.Conv1d):
    """A `torch.nn.Conv1d` that autocast leaves alone."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """``[B, C, T]`` in any arithmetic to float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


class Float32Conv2d(nn.Conv2d):
    """A `torch.nn.Conv2d` that autocast leaves alone."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """``[B, C, H, W]`` in any arithmetic to float32."""
        with torch.autocast(input.device.type, enabled=False):
            return super().forward(input.float())


_KINDS: dict[type[Any], type[Any]] = {nn.Conv1d: Float32Conv1d, nn.Conv2d: Float32Conv2d}


def keep_depthwise_in_float32(model: nn.Module) -> None:
    """Changes the class of the model's plain depthwise convolutions; weights and names stay as they are."""
    module: Any
    for module in model.modules():
        kind = _KINDS.get(type(module))
        if kind is not None and module.groups == module.in_channels > 1:
            module.__class__ = kind
