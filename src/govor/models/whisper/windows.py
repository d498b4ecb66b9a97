"""Encoder windows that cost less than 30 s, without touching the model's code or checkpoint.

Whisper's encoder refuses any other length than its full window and adds all of its positions. Around a
forward pass on fewer frames, the number of positions is set to what these frames need and restored
afterwards, whatever happens; the result equals slicing the position table bit for bit.

A model trained on such short windows alone never meets the silence that follows every clip in a full window,
although two thirds of what its attention sees there are that silence: it gets worse where it is used. So
windows can also be *thinned*: the audio and a second behind it stand at their own positions, of the silent
rest only a drawn few do, and each of these counts in attention (the encoder's own, and the decoder's over
it) for all the positions that it stands for, by adding the logarithm of their number to its scores. That is
stratified sampling of the keys: a gradient on clips of five seconds is almost that of the full window
(cosine 0.98, against 0.65 to 0.75 of short windows; whisper-base), for little more than the short one's cost.

Shapes: B clips, P positions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from govor.models.base import THINNED_S

if TYPE_CHECKING:
    import torch

POSITIONS_A_SECOND = 50
AFTER_AUDIO = POSITIONS_A_SECOND
"""Positions behind the audio that all stay."""
REST = round(THINNED_S * POSITIONS_A_SECOND) - AFTER_AUDIO
"""Positions that stand for the rest of the window."""

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class Thinning:
    """Which positions of a window stand, and for how many each does.

    Attributes:
        positions: rising ``[P]``.
        counts: of the window's positions that each stands for ``[P]``; their sum is the window.
    """

    positions: Positions
    counts: Positions


def thinned_length(heard: int, window: int) -> int:
    """Positions of a thinned window whose longest clip has `heard`; all of them where that saves little."""
    length = heard + AFTER_AUDIO + REST
    return length if length < 0.9 * window else window


def thinned(heard: int, length: int, window: int, draw: int) -> Thinning:
    """Chooses `length` of a window's positions for one clip: one of each stratum of the silence.

    The window's last position always stands, and for itself: where the convolutions end, it is unlike others.

    Args:
        heard: positions that the clip's audio fills.
        length: positions to choose; as `thinned_length` has it, or more.
        window: positions of the full window.
        draw: what the choice hangs on: equal numbers give equal choices.
    """
    kept, last = min(heard + AFTER_AUDIO, length - 1), window - 1
    edges = np.linspace(kept, last, length - kept).round().astype(np.int64)
    chosen = np.random.Generator(np.random.Philox(draw)).integers(edges[:-1], edges[1:])
    return Thinning(
        np.concatenate([np.arange(kept), chosen, [last]]),
        np.concatenate([np.ones(kept, np.int64), np.diff(edges), [1]]),
    )


class Windows:
    """Lets a model's encoder take fewer frames than its window.

    Args:
        model: the transformers model.
    """

    def __init__(self, model: Any) -> None:
        encoder = model.get_encoder()
        self.size: int = encoder.config.max_source_positions
        self._coming: tuple[torch.Tensor, torch.Tensor] | None = None
        self._now: tuple[torch.Tensor, torch.Tensor] | None = None
        encoder.register_forward_pre_hook(self._before, with_kwargs=True)
        encoder.register_forward_hook(self._after, with_kwargs=True, always_call=True)
        encoder.embed_positions.register_forward_pre_hook(self._place)
        for attention in _over_the_window(model):
            attention.register_forward_pre_hook(self._weigh, with_kwargs=True)

    def thin(self, positions: torch.Tensor, log_counts: torch.Tensor) -> None:
        """Thins the next forward pass, and what is computed again of it in its backward pass.

        Args:
            positions: that stand ``[B, P]``.
            log_counts: logarithms of the positions that each stands for ``[B, P]``.
        """
        self._coming = positions, log_counts[:, None, None, :]

    def _before(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        features = kwargs["input_features"] if "input_features" in kwargs else args[0]
        self._now, self._coming = self._coming, None
        frames = features.shape[-1]
        if frames % 2 or frames > 2 * self.size:
            raise ValueError(f"{frames} frames: the encoder takes an even number up to {2 * self.size}")
        _set_positions(module, frames // 2)

    def _after(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        _set_positions(module, self.size)

    def _place(self, module: Any, args: Any) -> Any:
        return None if self._now is None else (self._now[0],)

    def _weigh(self, module: Any, args: Any, kwargs: dict[str, object]) -> Any:
        return None if self._now is None else (args, {**kwargs, "attention_mask": self._now[1]})


def _over_the_window(model: Any) -> Sequence[Any]:
    """Attention whose keys are the encoder's positions."""
    within = [layer.self_attn for layer in model.get_encoder().layers]
    return [*within, *(layer.encoder_attn for layer in model.get_decoder().layers)]


def _set_positions(encoder: Any, positions: int) -> None:
    encoder.config.max_source_positions = positions
    encoder.embed_positions.num_embeddings = positions
