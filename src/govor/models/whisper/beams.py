"""What the beams of a search share: the sound, whose keys and values are computed once and read once.

transformers gives each beam its own copy of them and copies all at every step, which takes half of the time
of a search over long windows. Attention over the sound knows no order of its queries, so that the beams of a
window may stand as more positions of one text there: the same numbers from a fifth of the memory.

Shapes: B windows, K beams, T positions, C channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@contextmanager
def shared_sound(model: Any, beams: int) -> Iterator[Any]:
    """The cache of a search; while this is open, the model's decoder takes the beams of a window together.

    Args:
        model: the transformers model.
        beams: of each window; they stand next to each other.
    """
    with ExitStack() as hooks:
        for layer in model.get_decoder().layers if beams > 1 else ():
            attention = layer.encoder_attn
            for handle in (
                attention.register_forward_pre_hook(_gather(beams), with_kwargs=True),
                attention.register_forward_hook(_part(beams)),
            ):
                hooks.callback(handle.remove)
        yield _cache()


def _gather(beams: int) -> Any:
    """``[B x K, T, C]`` becomes ``[B, K x T, C]``, over one copy of each sound."""

    def before(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hidden, *others = args
        windows, width = len(hidden) // beams, hidden.shape[-1]
        if len(sound := kwargs["key_value_states"]) != windows:
            kwargs = {**kwargs, "key_value_states": sound[::beams]}
        return (hidden.reshape(windows, -1, width), *others), kwargs

    return before


def _part(beams: int) -> Any:
    """``[B, K x T, C]`` becomes ``[B x K, T, C]`` again."""

    def after(module: Any, args: Any, output: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden, *others = output
        windows, positions, width = hidden.shape
        return hidden.reshape(windows * beams, positions // beams, width), *others

    return after


def _cache() -> Any:
    """Keys and values of a search; those of the sound stay where they are."""
    from transformers import DynamicCache, EncoderDecoderCache

    class SharedCache(DynamicCache):  # type: ignore[misc]
        def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
            """Beams change places among those of one sound alone."""

    return EncoderDecoderCache(DynamicCache(), SharedCache())
