"""What the beams of a search share: the sound, and the beginning of their texts.

transformers gives each beam its own keys and values of the sound and copies all at every step. Attention over
the sound knows no order of its queries, so that the beams of a window may stand as more positions of one text
there: the same numbers from a fifth of the memory, computed once. Of the text, it copies all that was written
at every step, twice; but beams soon descend from one of them, and only what is behind that changes places.

Shapes: B windows, K beams, T positions, C channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

ARGUMENTS = ("hidden_states", "key_value_states")
"""Of attention over the sound, in order; by place or by name, as the version of transformers has it."""
ROOM = 64
"""Tokens that a cache has room for at first."""


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
        yield _cache(beams)


def _gather(beams: int) -> Any:
    """``[B x K, T, C]`` becomes ``[B, K x T, C]``, over one copy of each sound."""

    def before(module: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
        named = dict(zip(ARGUMENTS, args, strict=False)) | kwargs
        hidden, sound = (named[name] for name in ARGUMENTS)
        windows, width = len(hidden) // beams, hidden.shape[-1]
        if len(sound) != windows:
            sound = sound[::beams]
        given = hidden.reshape(windows, -1, width), sound
        return (), named | dict(zip(ARGUMENTS, given, strict=True))

    return before


def _part(beams: int) -> Any:
    """``[B, K x T, C]`` becomes ``[B x K, T, C]`` again."""

    def after(module: Any, args: Any, output: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        hidden, *others = output
        windows, positions, width = hidden.shape
        return hidden.reshape(windows * beams, positions // beams, width), *others

    return after


def _cache(beams: int) -> Any:
    """Keys and values of a search; those of the sound stay where they are."""
    from transformers import DynamicCache, EncoderDecoderCache

    class SoundCache(DynamicCache):  # type: ignore[misc]
        def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
            """Beams change places among those of one sound alone."""

    class TextCache(DynamicCache):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer_class_to_replicate = _growing()
            self.kinship = Kinship(beams)

        def reorder_cache(self, beam_idx: torch.LongTensor) -> None:
            """Moves what the beams of a window do not have in common."""
            common = self.kinship.common
            for layer in self.layers:
                for states in (layer.keys[:, :, common:], layer.values[:, :, common:]):
                    states.copy_(states.index_select(0, beam_idx))
            self.kinship.reorder(beam_idx.numpy(force=True), self.get_seq_length())

    return EncoderDecoderCache(TextCache(), SoundCache())


class Kinship:
    """How much of their texts the beams of each window have in common: they descend from one soon.

    Args:
        beams: of each window.

    Attributes:
        common: tokens at the beginning that are the same in all beams of a window, in all windows.
    """

    def __init__(self, beams: int) -> None:
        self.beams, self.common = beams, 0
        self._writers: NDArray[np.int64] | None = None

    def reorder(self, origins: NDArray[np.int64], tokens: int) -> None:
        """Takes note of a step.

        Args:
            origins: the beam that each goes on from ``[B x K]``.
            tokens: of each text, before the step's own.
        """
        count = len(origins)
        if self._writers is None:  # the prompt is every beam's
            self._writers = np.zeros((count, tokens), np.int64)
        new = tokens - self.common - self._writers.shape[1]
        own = np.repeat(np.arange(count)[:, None], new, axis=1)
        writers = np.concatenate([self._writers, own], axis=1)[origins]
        families = writers.reshape(-1, self.beams, writers.shape[1])
        same = (families == families[:, :1]).all(axis=(0, 1))
        first = len(same) if same.all() else int(same.argmin())
        self.common += first
        self._writers = writers[:, first:]


def _growing() -> Any:
    """A layer of a cache with room for what comes, so that a token is added without a copy of all before."""
    from transformers.cache_utils import DynamicLayer

    class Growing(DynamicLayer):  # type: ignore[misc]
        def update(
            self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
        ) -> Any:
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
                self.room = [_room(new, ROOM) for new in (key_states, value_states)]
            at = self.get_seq_length()
            end = at + key_states.shape[-2]
            if end > self.room[0].shape[-2]:
                old, self.room = self.room, [_room(one, 2 * end) for one in self.room]
                for one, before in zip(self.room, old, strict=True):
                    one[:, :, :at] = before[:, :, :at]
            for one, new in zip(self.room, (key_states, value_states), strict=True):
                one[:, :, at:end] = new
            self.keys, self.values = (one[:, :, :end] for one in self.room)
            return self.keys, self.values

    return Growing


def _room(like: torch.Tensor, tokens: int) -> torch.Tensor:
    """``[B x K, heads, tokens, width]`` of nothing yet."""
    return like.new_empty((*like.shape[:2], tokens, like.shape[-1]))
