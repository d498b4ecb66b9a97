"""Encoder windows shorter than 30 s, without touching the model's code or checkpoint.

Whisper's encoder refuses any other length than its full window and adds all of its positions. Around a
forward pass on fewer frames, the number of positions is set to what these frames need and restored
afterwards, whatever happens; the result equals slicing the position table bit for bit. A model trained on
short windows alone gets worse at full ones, which is why ``mixed`` exists.
"""

from __future__ import annotations

from typing import Any


def accept_short_windows(encoder: Any) -> None:
    """Lets the encoder take any even number of frames up to its window."""
    positions = encoder.config.max_source_positions

    def before(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        features = kwargs["input_features"] if "input_features" in kwargs else args[0]
        frames = features.shape[-1]
        if frames % 2 or frames > 2 * positions:
            raise ValueError(f"{frames} frames: the encoder takes an even number up to {2 * positions}")
        _set_positions(module, frames // 2)

    def after(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        _set_positions(module, positions)

    encoder.register_forward_pre_hook(before, with_kwargs=True)
    encoder.register_forward_hook(after, with_kwargs=True, always_call=True)


def _set_positions(encoder: Any, positions: int) -> None:
    encoder.config.max_source_positions = positions
    encoder.embed_positions.num_embeddings = positions
