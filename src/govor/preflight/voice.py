"""Pitch and pace of a voice, and which sample rate they speak for.

Samples under a header with another rate sound too slow or too fast: pitch and pace move together by the same
factor, which no speaker does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PITCH_RATE_HZ = 4_000
WINDOW_S, HOP_S = 0.12, 0.03
LOWEST_HZ, HIGHEST_HZ = 25.0, 700.0
VOICED_CORRELATION = 0.6
FIRST_PEAK_SHARE = 0.88
"""The shortest lag whose peak reaches this share of the highest one is the period, not a multiple of it."""
QUIET_SHARE = 0.03
LEAST_VOICED_FRAMES = 6
SILENCE_BELOW_PEAK_DB = 30.0

PITCH_HZ, PITCH_SPREAD = 145.0, 0.35
PACE_LETTERS_PER_S, PACE_SPREAD = 12.5, 0.35
"""Medians and standard deviations (of logarithms) over the Common Voice, parliament and studio recordings
that govor was tried on (eleven languages with alphabets)."""
USUAL_RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
LEAST_FACTOR = 1.9
"""Smaller errors lie within what speakers do."""


@dataclass(frozen=True)
class Voice:
    """What was measured of one utterance.

    Attributes:
        pitch_hz: median fundamental frequency of voiced frames.
        letters_per_s: letters of the transcript per second that is not silence.
    """

    pitch_hz: float
    letters_per_s: float


def pitch_hz(wave: NDArray[np.float32], rate_hz: int) -> float | None:
    """Median fundamental frequency, or None without enough voiced frames.

    Autocorrelation of windowed frames, divided by the window's own; P. Boersma, 1993.

    Args:
        wave: mono samples ``[T]``.
        rate_hz: their sample rate.
    """
    import soxr

    low = soxr.resample(wave, rate_hz, PITCH_RATE_HZ) if rate_hz != PITCH_RATE_HZ else wave
    length, hop = round(WINDOW_S * PITCH_RATE_HZ), round(HOP_S * PITCH_RATE_HZ)
    if len(low) < length:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(low, length)[::hop].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = (frames**2).mean(axis=1)
    frames = frames[energy > max(np.percentile(energy, 95) * QUIET_SHARE, 1e-12)]
    periods = [found for row in _correlation(frames) if (found := _period(row))]
    return float(np.median([PITCH_RATE_HZ / lag for lag in periods])) if _enough(periods) else None


def _enough(periods: Sequence[int]) -> bool:
    return len(periods) >= LEAST_VOICED_FRAMES


def _correlation(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    length = frames.shape[1]
    window = np.hanning(length)
    size = 1 << (2 * length - 1).bit_length()
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[:length]
    both = np.fft.irfft(np.abs(np.fft.rfft(frames * window, size)) ** 2)[:, :length]
    result: NDArray[np.float64] = both / (both[:, :1] + 1e-12) / (own / own[0] + 1e-3)
    return result


def _period(row: NDArray[np.float64]) -> int | None:
    first, last = int(PITCH_RATE_HZ / HIGHEST_HZ), int(min(PITCH_RATE_HZ / LOWEST_HZ, len(row) * 0.8))
    middle = row[first:last]
    peak = (middle > row[first - 1 : last - 1]) & (middle >= row[first + 1 : last + 1])
    lags = np.flatnonzero(peak)
    if not len(lags) or middle[lags].max() < VOICED_CORRELATION:
        return None
    return int(lags[middle[lags] > FIRST_PEAK_SHARE * middle[lags].max()][0]) + first


def active_s(wave: NDArray[np.float32], rate_hz: int) -> float:
    """Seconds that are not silence: 25 ms frames within 30 dB of the loudest ones."""
    length, hop = round(0.025 * rate_hz), round(0.01 * rate_hz)
    if len(wave) < length:
        return len(wave) / rate_hz
    frames = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    level_db = 10 * np.log10((frames.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    return float((level_db > np.percentile(level_db, 95) - SILENCE_BELOW_PEAK_DB).sum() * 0.01)


def measure(wave: NDArray[np.float32], rate_hz: int, text: str) -> Voice | None:
    """Pitch and pace of an utterance; None where either cannot be told.

    Args:
        wave: mono samples ``[T]``.
        rate_hz: sample rate that the header states.
        text: its transcript; one whose script does not write sounds letter by letter gives None.
    """
    letters = [c for c in text if c.isalpha()]
    if len(letters) < 6 or sum(ord(c) > 0x2E00 for c in letters) > len(letters) / 2:
        return None
    pitch = pitch_hz(wave, rate_hz)
    pace = len(letters) / max(active_s(wave, rate_hz), 0.05)
    return Voice(pitch, pace) if pitch else None


def evidence(voice: Voice, factor: float) -> float:
    """Log-likelihood ratio that this voice was recorded at `factor` times the stated rate."""
    return _log_likelihood(voice, factor) - _log_likelihood(voice, 1.0)


def _log_likelihood(voice: Voice, factor: float) -> float:
    pitch = math.log(voice.pitch_hz * factor / PITCH_HZ) / PITCH_SPREAD
    pace = math.log(voice.letters_per_s * factor / PACE_LETTERS_PER_S) / PACE_SPREAD
    return -(pitch**2 + pace**2) / 2


def median_voice(voices: Sequence[Voice]) -> Voice:
    """Medians of pitch and pace."""
    return Voice(
        float(np.median([voice.pitch_hz for voice in voices])),
        float(np.median([voice.letters_per_s for voice in voices])),
    )


def likeliest_rate(voice: Voice, stated_hz: int) -> tuple[int, float]:
    """The usual sample rate that explains the voice best, and the evidence for it against the stated one."""
    others = [r for r in USUAL_RATES_HZ if max(r / stated_hz, stated_hz / r) >= LEAST_FACTOR]
    best = max(others, key=lambda rate: evidence(voice, rate / stated_hz))
    return best, evidence(voice, best / stated_hz)
