"""What samples are like: pitch, bandwidth, level, speech, channels. Every measure of sound is here alone.

`Gauge` measures a stream of any length in memory that does not grow; the functions measure what is at hand.

Legend: T samples, C channels.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from govor.audio.block import Block

Mono = NDArray[np.float32]

SPECTRUM_S = 0.032
SPECTRUM_FLOOR_DB = 55.0
"""Energy this far below the strongest band counts as nothing."""
SMOOTHING_HZ = 125.0
LOUD_SHARE = 0.25
MOST_SPECTRA = 4_000

PITCH_RATE_HZ = 4_000
PITCH_WINDOW_S, PITCH_HOP_S = 0.08, 0.03
LOWEST_HZ, HIGHEST_HZ = 25.0, 700.0
VOICED_CORRELATION = 0.6
FIRST_PEAK_SHARE = 0.88
"""The shortest lag whose peak reaches this share of the highest one is the period, not a multiple of it."""
QUIET_SHARE = 0.03
LEAST_VOICED_FRAMES = 6

LEVEL_S = 0.05
FLOOR_DBFS = -120
SPEECH_BY = "levels of 50 ms frames"
"""What says how much of every recording is speech."""
SILENT_DBFS = -60
SPEECH_WITHIN_DB = 30
"""Frames this far below the loud ones (the 95th percentile) are pauses."""
CLIPPED = 0.999
"""Samples of this size and above count as clipped where several follow each other."""
LOUD_BLOCKS = 20
"""Blocks of about a second whose spectrum and pitch are measured: the loudest ones."""


def bandwidth_hz(samples: Mono, rate_hz: int) -> float:
    """Highest frequency at which the louder frames of ``[T]`` still carry energy, in Hz.

    Speech recorded at 8 kHz and stored at 16 kHz gives about 4,000. Method: mean power spectrum of the
    loudest quarter of 32 ms Hann frames, smoothed over 125 Hz; the answer is the highest bin within 55 dB
    of the peak.

    Returns:
        Frequency in Hz; 0.0 for silence or less than one frame.
    """
    from scipy import fft

    size = int(SPECTRUM_S * rate_hz)
    count = len(samples) // size if size else 0
    if count == 0 or not np.any(samples):
        return 0.0
    frames = samples[: count * size].reshape(count, size)[:: max(1, count // MOST_SPECTRA)]
    loudness = np.einsum("ft,ft->f", frames, frames)
    chosen = frames[np.argsort(loudness)[-max(1, int(len(frames) * LOUD_SHARE)) :]]
    power = np.mean(np.abs(fft.rfft(chosen * np.hanning(size).astype(np.float32), axis=1)) ** 2, axis=0)
    width = max(1, round(SMOOTHING_HZ * SPECTRUM_S))
    smooth = np.convolve(power, np.ones(width) / width, mode="same")
    audible = np.nonzero(smooth > smooth.max() * 10 ** (-SPECTRUM_FLOOR_DB / 10))[0]
    return float(audible[-1] / SPECTRUM_S) if len(audible) else 0.0


def pitch_hz(samples: Mono, rate_hz: int) -> float | None:
    """Median fundamental frequency of ``[T]``, or None without enough voiced frames.

    Autocorrelation of windowed frames, divided by the window's own (P. Boersma, 1993), at 4 kHz; of the lags
    nearly as good as the best the shortest is the period. Against Praat on 169 real recordings in seven
    languages, 98% lie within 20%, and none is an octave off.
    """
    import soxr

    low = soxr.resample(samples, rate_hz, PITCH_RATE_HZ) if rate_hz != PITCH_RATE_HZ else samples
    length, hop = round(PITCH_WINDOW_S * PITCH_RATE_HZ), round(PITCH_HOP_S * PITCH_RATE_HZ)
    if len(low) < length:
        return None
    frames = np.lib.stride_tricks.sliding_window_view(low, length)[::hop].astype(np.float64)
    frames = frames - frames.mean(axis=1, keepdims=True)
    energy = (frames**2).mean(axis=1)
    frames = frames[energy > max(np.percentile(energy, 95) * QUIET_SHARE, 1e-12)]
    periods = [lag for row in _correlations(frames) if (lag := _period(row))]
    return PITCH_RATE_HZ / float(np.median(periods)) if len(periods) >= LEAST_VOICED_FRAMES else None


def _correlations(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    length = frames.shape[1]
    window = np.hanning(length)
    size = 1 << (2 * length - 1).bit_length()
    own = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[:length]
    both = np.fft.irfft(np.abs(np.fft.rfft(frames * window, size)) ** 2)[:, :length]
    result: NDArray[np.float64] = both / (both[:, :1] + 1e-12) / (own / own[0] + 1e-3)
    return result


def _period(row: NDArray[np.float64]) -> float | None:
    """Lag of the first peak that is nearly as high as the highest, or None where nothing repeats.

    It lies where a parabola through the peak and its neighbours has its top.
    """
    first, last = int(PITCH_RATE_HZ / HIGHEST_HZ), int(min(PITCH_RATE_HZ / LOWEST_HZ, len(row) * 0.8))
    middle = row[first:last]
    peak = (middle > row[first - 1 : last - 1]) & (middle >= row[first + 1 : last + 1])
    lags = np.flatnonzero(peak)
    if not len(lags) or middle[lags].max() < VOICED_CORRELATION:
        return None
    lag = int(lags[middle[lags] > FIRST_PEAK_SHARE * middle[lags].max()][0]) + first
    before, here, after = row[lag - 1 : lag + 2]
    return float(lag + (before - after) / (2 * (before - 2 * here + after)))


def level_db(samples: Mono) -> float:
    """Mean power of ``[T]`` in dB, full scale = 0, not below `FLOOR_DBFS`."""
    if not len(samples):
        return float(FLOOR_DBFS)
    return float(10 * np.log10(np.mean(samples.astype(np.float64) ** 2) + 10 ** (FLOOR_DBFS / 10)))


def envelope_correlation(left: Mono, right: Mono, rate_hz: int) -> float:
    """Correlation of the loudness of two channels over time; 1.0 where one never changes."""
    hop = max(1, round(LEVEL_S * rate_hz))
    count = min(len(left), len(right)) // hop
    if count < 2:
        return 1.0
    both = np.stack([left[: count * hop], right[: count * hop]]).astype(np.float64).reshape(2, count, hop)
    loudness = np.sqrt((both**2).mean(axis=2))
    if (loudness.std(axis=1) < 1e-6).any():
        return 1.0
    return float(np.corrcoef(loudness)[0, 1])


def speech_share(samples: Mono, rate_hz: int) -> float:
    """Share of ``[T]`` that is not a pause: `Levels` of all of it; 1.0 for less than a frame."""
    levels = Levels(rate_hz)
    levels.add(samples)
    return levels.speech


def silent_share(samples: Mono, rate_hz: int) -> float:
    """Share of ``[T]`` below `SILENT_DBFS`, frame by frame."""
    levels = Levels(rate_hz)
    levels.add(samples)
    return levels.silent


def longest_silence_s(samples: Mono, rate_hz: int) -> float:
    """Seconds of the longest run of frames of ``[T]`` below `SILENT_DBFS`."""
    size = max(1, int(LEVEL_S * rate_hz))
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    quiet = np.einsum("ft,ft->f", frames, frames) / size < 10 ** (SILENT_DBFS / 10)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs.max(initial=0)) * size / rate_hz


class Levels:
    """How many 50 ms frames have which level, to whole dB.

    Args:
        rate_hz: sample rate.
    """

    def __init__(self, rate_hz: int) -> None:
        self._size = max(1, int(LEVEL_S * rate_hz))
        self.counts = np.zeros(-FLOOR_DBFS + 1, np.int64)

    def add(self, block: Mono) -> None:
        """Counts the whole frames of ``[T]``."""
        frames = block[: len(block) // self._size * self._size].reshape(-1, self._size)
        power = np.einsum("ft,ft->f", frames, frames) / self._size
        levels = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DBFS / 10)))
        bins = np.minimum(levels - FLOOR_DBFS, len(self.counts) - 1).astype(np.int64)
        self.counts += np.bincount(bins, minlength=len(self.counts))

    @property
    def frames(self) -> int:
        """How many frames were counted."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> int:
        """Level that a share of the frames stays below, in dB above `FLOOR_DBFS`."""
        return int(np.searchsorted(np.cumsum(self.counts), share * self.frames))

    @property
    def silent(self) -> float:
        """Share of the frames below `SILENT_DBFS`; 0.0 without a frame."""
        return float(self.counts[: SILENT_DBFS - FLOOR_DBFS].sum()) / max(self.frames, 1)

    @property
    def speech(self) -> float:
        """Share of the frames that are neither silent nor a pause; 1.0 without a frame."""
        if not self.frames:
            return 1.0
        pause = max(self.quantile(0.95) - SPEECH_WITHIN_DB, SILENT_DBFS - FLOOR_DBFS)
        return float(self.counts[pause:].sum()) / self.frames


@dataclass(frozen=True)
class SoundMeasures:
    """What the samples of a recording are like.

    Attributes:
        peak: largest absolute sample.
        dc: mean sample.
        clipped: share of samples that are clipped.
        silent: share of 50 ms frames below -60 dBFS.
        speech: share of these frames that are neither silent nor a pause.
        range_db: between the levels that a tenth and nineteen twentieths of these frames stay below, in dB.
        bandwidth_hz: highest frequency with energy.
        pitch_hz: median pitch of voiced frames, or None.
        mix_db: power of the mix of all channels against their mean power, in dB; None for one channel.
    """

    peak: float | None = None
    dc: float | None = None
    clipped: float | None = None
    silent: float | None = None
    speech: float | None = None
    range_db: float | None = None
    bandwidth_hz: float | None = None
    pitch_hz: float | None = None
    mix_db: float | None = None


@dataclass
class Gauge:
    """Measures a stream of mono blocks in memory that does not grow.

    Attributes:
        rate_hz: samples a second.
        samples: how many went by.
    """

    rate_hz: int
    samples: int = 0
    _peak: float = 0.0
    _sum: float = 0.0
    _clipped: int = 0
    _power: float = 0.0
    _mixed_power: float = 0.0
    _levels: Levels = field(init=False)
    _loudest: list[tuple[float, int, Mono]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._levels = Levels(self.rate_hz)

    def add(self, block: Block, mono: Mono) -> None:
        """Measures one block ``[T, C]`` and its mix ``[T]``, which is kept."""
        peak = float(np.abs(block).max(initial=0.0))
        self._peak = max(self._peak, peak)
        self._sum += float(mono.sum(dtype=np.float64))
        if peak >= CLIPPED:
            at_limit = np.abs(mono) >= CLIPPED
            self._clipped += int((at_limit[1:] & at_limit[:-1]).sum())
        self._levels.add(mono)
        power = float(np.dot(mono, mono))
        if block.shape[1] > 1:
            channels = block.reshape(-1)
            self._power += float(np.dot(channels, channels)) / block.shape[1]
            self._mixed_power += power
        self.samples += len(mono)
        if len(mono) >= self.rate_hz * SPECTRUM_S:
            keep = heapq.heappush if len(self._loudest) < LOUD_BLOCKS else heapq.heappushpop
            keep(self._loudest, (power / len(mono), self.samples, mono))

    def measures(self) -> SoundMeasures:
        """What went by."""
        loud, levels = self._loud(), self._levels
        return SoundMeasures(
            peak=self._peak,
            dc=self._sum / max(self.samples, 1),
            clipped=self._clipped / max(self.samples, 1),
            silent=levels.silent if levels.frames else float(self._peak < 1e-3),
            speech=levels.speech,
            range_db=float(levels.quantile(0.95) - levels.quantile(0.1)) if levels.frames else None,
            bandwidth_hz=bandwidth_hz(loud, self.rate_hz),
            pitch_hz=pitch_hz(loud, self.rate_hz),
            mix_db=self.mix_db,
        )

    @property
    def mix_db(self) -> float | None:
        """Power of the mix against the channels' mean power, in dB; None for silence and one channel."""
        if self._power <= self.samples * 10 ** (SILENT_DBFS / 10):
            return None
        return float(10 * np.log10(max(self._mixed_power / self._power, 10 ** (FLOOR_DBFS / 10))))

    def _loud(self) -> Mono:
        """The loudest blocks in order, each cut to whole frames so that joints stand between frames."""
        size = int(SPECTRUM_S * self.rate_hz)
        blocks = [
            block[: len(block) // size * size] for _, _, block in sorted(self._loudest, key=lambda e: e[1])
        ]
        return np.concatenate(blocks) if blocks else np.empty(0, np.float32)
