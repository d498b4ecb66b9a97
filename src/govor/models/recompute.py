"""Activations computed again in the backward pass instead of kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from govor.errors import RecipeError

Contexts = tuple[AbstractContextManager[None], AbstractContextManager[None]]


def recompute_activations(model: Any) -> None:
    """Has `model` keep only its layers' inputs (gradient checkpointing).

    Raises:
        RecipeError: it cannot.
    """
    if not getattr(model, "supports_gradient_checkpointing", False):
        raise RecipeError(f"train.gradient_checkpointing: {type(model).__name__} has none: leave it out")
    newer = getattr(model, "activation_checkpointing_enable", None)  # transformers renamed it in 5
    (newer or model.gradient_checkpointing_enable)({"use_reentrant": False, "context_fn": _contexts(model)})
    if hasattr(model, "enable_input_require_grads") and hasattr(model, "peft_config"):
        model.enable_input_require_grads()


def _contexts(model: Any) -> Callable[[], Contexts]:
    """What a layer runs in the first time, and when it is computed again."""
    from torch.nn.modules.batchnorm import _BatchNorm

    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    return lambda: (nullcontext(), _statistics_kept(norms))


@contextmanager
def _statistics_kept(norms: list[Any]) -> Iterator[None]:
    """Within it, batch normalisation does not count the batch into its running statistics once more."""
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked = norm.num_batches_tracked.clone()
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches
