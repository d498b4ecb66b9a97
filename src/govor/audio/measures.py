"""The bandwidth a recording truly has, whatever its sample rate says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_S = 0.032
FLOOR_DB = 55.0
"""Energy this far below the strongest band counts as nothing."""
SMOOTHING_HZ = 125.0
_LOUD_SHARE = 0.25
_MAX_FRAMES = 4_000


def bandwidth_hz(samples: NDArray[np.float32], sample_rate: int) -> float:
    """Highest frequency at which the louder frames of ``[T]`` still carry energy, in Hz.

    Speech recorded at 8 kHz and stored at 16 kHz gives about 4,000. Method: mean power spectrum of the
    loudest quarter of 32 ms Hann frames, smoothed over 125 Hz; the answer is the highest bin within 55 dB
    of the peak.

    Returns:
        Frequency in Hz; 0.0 for silence or less than one frame.
    """
    from scipy import fft

    size = int(FRAME_S * sample_rate)
    count = len(samples) // size
    if count == 0 or not np.any(samples):
        return 0.0
    frames = samples[: count * size].reshape(count, size)[:: max(1, count // _MAX_FRAMES)]
    loudness = np.einsum("ft,ft->f", frames, frames)
    chosen = frames[np.argsort(loudness)[-max(1, int(len(frames) * _LOUD_SHARE)) :]]
    power = np.mean(np.abs(fft.rfft(chosen * np.hanning(size).astype(np.float32), axis=1)) ** 2, axis=0)
    width = max(1, round(SMOOTHING_HZ * FRAME_S))
    smooth = np.convolve(power, np.ones(width) / width, mode="same")
    audible = np.nonzero(smooth > smooth.max() * 10 ** (-FLOOR_DB / 10))[0]
    return float(audible[-1] / FRAME_S) if len(audible) else 0.0
