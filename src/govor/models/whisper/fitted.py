"""Encoder windows as long as what is heard: its sound, and some of the silence that follows in a full window.

A full window costs the same whatever it holds, and half a window less than half of it, because every position
attends to every other. What the silence weighs in attention matters to a model that was trained on full
windows, so some of it stays, and short sounds get more of it. The length comes from the sound alone, in a few
steps, so that sounds of like length are decoded together: the same text in any batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from govor.models.base import FITTED, DecodeOptions, Sound
from govor.records import Hypothesis

BEHIND_S = 2.0
"""Silence behind a sound, at least."""
LEAST_S = 20.0
"""Of a window: what a model hears of a short sound depends on the silence behind it most."""
STEP_S = 2.0
FRAMES_A_SECOND = 100


def fitted_frames(seconds: float, window_frames: int) -> int:
    """Frames that a sound is encoded in; an even number, or all of the model's window.

    Args:
        seconds: length of the sound.
        window_frames: of the full window.
    """
    steps = math.ceil(max(0.0, seconds + BEHIND_S - LEAST_S) / STEP_S)
    return min(window_frames, round((LEAST_S + steps * STEP_S) * FRAMES_A_SECOND))


def by_window(
    sounds: Sequence[Sound],
    sample_rate: int,
    window_frames: int,
    options: DecodeOptions,
    decode: Callable[[Sequence[Sound], int], Sequence[Hypothesis]],
) -> list[Hypothesis]:
    """One hypothesis per sound; those of one window go together.

    Args:
        sounds: of a batch.
        sample_rate: theirs, in Hz.
        window_frames: of the full window.
        options: whose windows are asked for.
        decode: gives the hypotheses of sounds in windows of so many frames.
    """
    groups: dict[int, list[int]] = {}
    for row, sound in enumerate(sounds):
        fitted = options.windows == FITTED
        seconds = len(sound.wave) / sample_rate
        groups.setdefault(fitted_frames(seconds, window_frames) if fitted else window_frames, []).append(row)
    said: dict[int, Hypothesis] = {}
    for frames, rows in groups.items():
        said |= dict(zip(rows, decode([sounds[row] for row in rows], frames), strict=True))
    return [said[row] for row in range(len(sounds))]
