"""Where somebody speaks: frame energies against a floor that follows the recording.

Deliberately small. It answers two questions only: is anything to be heard in this stretch, and where is it
quiet enough to cut. It errs towards speech, because what it drops is never decoded. It stands in where no
neural detector is installed (see ``voice``), which tells speech from music too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Levels = NDArray[np.float32]
"""``[frames, 2]``: loudness and brightness in dB."""

FRAME_S = 0.02
FLOOR_PERCENTILE = 10
ABOVE_FLOOR_DB = (3.0, 6.0)
BELOW_PEAK_DB = 45.0
SILENCE_DB = -88.0
"""What is left of 16 bits there: the dither of a silent recording is at -96 dB."""
STEADY_DB = 3.0
"""Noise, hum and tones vary by less than this from one frame of 20 ms to the next, speech by far more."""
STEADY_FRAMES = 50
"""Whoever speaks for a second is now louder, now softer."""
LOUD_DB = -35.0
SHORTEST_CONTEXT_S = 2.0
HANGOVER_FRAMES = 5
VOICE_HANGOVER_FRAMES = 4
POSSIBLE, LIKELY = 0.1, 0.25
"""Probabilities of speech."""
SHORTEST_SPEECH_FRAMES = 3


def frame_levels(samples: Samples, frame_samples: int) -> Levels:
    """Two levels of every whole frame in dB of full scale: of its samples, and of the steps between them.

    The first without their mean (DC); the second is how bright it sounds. Digital silence is -120 dB.

    Args:
        samples: mono ``[T]``.
        frame_samples: samples a frame.

    Returns:
        ``[T // frame_samples, 2]``.
    """
    frames = samples[: len(samples) // frame_samples * frame_samples].reshape(-1, frame_samples)
    steps = np.diff(frames, axis=1)
    power = np.einsum("ij,ij->i", frames, frames) / frame_samples - frames.mean(axis=1) ** 2
    powers = np.stack([power, np.einsum("ij,ij->i", steps, steps) / frame_samples], axis=1)
    return np.asarray(10.0 * np.log10(np.maximum(powers, 1e-12)), dtype=np.float32)


def speech_frames(levels: Levels, history: Levels) -> NDArray[np.bool_]:
    """Which frames may hold speech.

    The threshold stands 6 dB above the floor (10th percentile of the frames and what came before them), less
    where the recording is noisy (half way to its peak, at least 3 dB); never above -35 dB, which is loud and
    no silence; never lower than 45 dB under the peak or -88 dB. Less than 2 s have no floor to speak of. What
    varies by less than 3 dB altogether, or for as long as it lasts (1 s or more), is not speech, however
    loud; where a telephone or a studio has levelled the loudness, its brightness still varies.

    Args:
        levels: ``[N, 2]`` of the frames asked about, from `frame_levels`.
        history: ``[H, 2]`` of frames before them, ``H`` may be 0.

    Returns:
        ``[N]``, speech widened by a hangover of 0.1 s on both sides.
    """
    if not len(levels):
        return np.zeros(0, dtype=bool)
    context = np.concatenate([history, levels])
    if _is_steady(context):
        return np.zeros(len(levels), dtype=bool)
    loud = context[:, 0] > max(_threshold(context[:, 0]), SILENCE_DB)
    heard = _without_steady(loud, context)[len(history) :]
    return _widen(_without_clicks(heard), HANGOVER_FRAMES)


def voiced_frames(probabilities: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames may hold speech, by a neural detector's probabilities ``[N]``; in doubt they do.

    Stretches above `POSSIBLE` count where they are `LIKELY` anywhere, widened by 0.08 s on both sides.
    """
    mask = probabilities >= POSSIBLE
    for start, end in runs(mask):
        mask[start:end] = probabilities[start:end].max() >= LIKELY
    return _widen(mask, VOICE_HANGOVER_FRAMES)


def _is_steady(levels: Levels) -> bool:
    low, high = _quantiles(levels, (0.01, 0.995))
    return bool((high - low < STEADY_DB).all())


def _quantiles(values: NDArray[np.float32], shares: Sequence[float]) -> list[NDArray[np.float32]]:
    """As `numpy.quantile` along the first axis, which takes four times as long for a second of frames."""
    ordered, found = np.sort(values, axis=0), []
    for share in shares:
        place = share * (len(ordered) - 1)
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found.append(ordered[below] + (ordered[above] - ordered[below]) * np.float32(place - below))
    return found


def _threshold(context: NDArray[np.float32]) -> float:
    floor, peak = np.percentile(context, (FLOOR_PERCENTILE, 99.5))
    if len(context) * FRAME_S < SHORTEST_CONTEXT_S:
        return float(peak) - BELOW_PEAK_DB
    margin = float(np.clip((peak - floor) / 2, *ABOVE_FLOOR_DB))
    return min(LOUD_DB, max(float(floor) + margin, float(peak) - BELOW_PEAK_DB))


def _without_steady(mask: NDArray[np.bool_], levels: Levels) -> NDArray[np.bool_]:
    """Noise, hum and tones between silences taken out; their first and last frames may be half silent."""
    kept = mask.copy()
    for start, end in runs(mask):
        if end - start >= STEADY_FRAMES:
            kept[start:end] = not _is_steady(levels[start + 1 : end - 1])
    return kept


def _without_clicks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kept = mask.copy()
    for start, end in runs(mask):
        if end - start < SHORTEST_SPEECH_FRAMES:
            kept[start:end] = False
    return kept


def _widen(mask: NDArray[np.bool_], frames: int) -> NDArray[np.bool_]:
    if not mask.any():
        return mask
    counts = np.convolve(mask.astype(np.int32), np.ones(2 * frames + 1, dtype=np.int32))
    return np.asarray(counts[frames : frames + len(mask)] > 0)


def runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges in which `mask` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
