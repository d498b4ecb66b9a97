"""A wave becomes what a model reads: normalised samples or log-mel frames, with numpy and scipy alone.

An extractor is plain data (it pickles, it needs no model and no torch), so loader workers compute features
without holding either. Which extractor a model needs is read from its own settings in ``govor.models``; the
results agree with the model's transformers feature extractor, computed several times faster because only real
audio is transformed and everything stays in float32.

Shapes: T samples, F frames, M mel bins, D feature size (M times the frames stacked).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Wave = NDArray[np.float32]
Features = NDArray[np.float32]

FRAMES_PER_BLOCK = 512  # of one FFT call: frames and spectra stay in the processor's cache
VARIANCE_FLOOR = 1e-7
RANGE_DECADES = 8.0  # "range" normalising keeps this many decades below the loudest bin
RANGE_FLOOR_DECADES = -10.0
STANDARD_DEVIATION_FLOOR = 1e-5


@dataclass(frozen=True)
class Labels:
    """What a model is to write about a clip.

    Attributes:
        tokens: label ids, special ones included.
        context: ids that the decoder is shown before them; the loss leaves them out.
    """

    tokens: tuple[int, ...]
    context: tuple[int, ...] = ()


@dataclass(frozen=True)
class Example:
    """A clip, decoded and featurised.

    Attributes:
        id: of the utterance.
        features: ``[F, D]`` log-mel frames, or ``[T]`` samples for models that read waves.
        labels: token ids ``[L]``; empty when only decoding.
        seconds: length of the audio.
        language: BCP 47 tag or None.
        padding: value of features behind the clip's end.
        draw: number that stands for (seed, epoch, id); what is random about the example hangs on it.
        context: ids that the decoder is shown before the labels; the loss leaves them out.
    """

    id: str
    features: Features
    labels: tuple[int, ...]
    seconds: float
    language: str | None = None
    padding: float = 0.0
    draw: int = 0
    context: tuple[int, ...] = ()


class Extractor(Protocol):
    """Turns one wave into features; plain data that pickles."""

    @property
    def sample_rate(self) -> int:
        """Of the waves it takes, in Hz."""

    def __call__(self, wave: Wave) -> Features:
        """Features of one mono wave ``[T]``."""

    def frames(self, samples: int) -> int:
        """Length of the features of so many samples."""

    def padding(self, features: Features) -> float:
        """The value that features have where there is no audio."""


@dataclass(frozen=True)
class WaveSpec:
    """Samples as they are, or with zero mean and unit variance.

    Attributes:
        sample_rate: in Hz.
        normalise: subtract the mean, divide by the standard deviation.
    """

    sample_rate: int = 16_000
    normalise: bool = True

    def __call__(self, wave: Wave) -> Features:
        """Samples ``[T]``."""
        wave = np.ascontiguousarray(wave, dtype=np.float32)
        if not self.normalise or not len(wave):
            return wave
        scaled: Features = (wave - wave.mean()) / np.sqrt(wave.var() + np.float32(VARIANCE_FLOOR))
        return scaled

    def frames(self, samples: int) -> int:
        """As many as there are samples."""
        return samples

    def padding(self, features: Features) -> float:
        """Silence."""
        return 0.0


@dataclass(frozen=True)
class LogMelSpec:
    """How log-mel frames are computed; the defaults are 25 ms windows every 10 ms at 16 kHz.

    Attributes:
        sample_rate: in Hz.
        mels: mel bins M.
        window_samples: length of the analysis window.
        hop_samples: from one frame to the next.
        fft_samples: length of the Fourier transform (zeros follow the window).
        window: ``hann`` (periodic), ``hann_symmetric`` or ``povey``.
        edges: what stands before the first sample: ``reflect``, ``zeros``, or ``none`` (frames lie inside).
        limit_samples: the model's fixed window, at whose end a reflected edge stands; None without one.
        preemphasis: of the whole wave (``zeros``) or of each frame (``none``).
        scale: factor on the samples.
        remove_offset: subtract each frame's mean.
        filters: ``slaney`` or ``kaldi`` mel filters.
        low_hz: lower end of the filters.
        high_hz: upper end of the filters.
        log: ``log10_floor``, ``log_add`` (natural, offset added) or ``log_floor`` (natural, floored).
        log_offset: the offset or the floor.
        normalise: ``range`` (8 decades, then (x + 4) / 4), ``per_mel`` (mean and deviation per bin over the
            clip) or ``per_mel_variance`` (the same with the floor inside the root).
        stack: frames put side by side into one.
        padding_value: what stands behind the clip's end, where `normalise` does not say it.
    """

    sample_rate: int = 16_000
    mels: int = 80
    window_samples: int = 400
    hop_samples: int = 160
    fft_samples: int = 400
    window: str = "hann"
    edges: str = "reflect"
    limit_samples: int | None = None
    preemphasis: float = 0.0
    scale: float = 1.0
    remove_offset: bool = False
    filters: str = "slaney"
    low_hz: float = 0.0
    high_hz: float = 8_000.0
    log: str = "log10_floor"
    log_offset: float = 1e-10
    normalise: str = "range"
    stack: int = 1
    padding_value: float = 0.0

    def __call__(self, wave: Wave) -> Features:
        """Log-mel frames ``[F, D]`` (float32) of a wave ``[T]``."""
        wave = np.asarray(wave, dtype=np.float32)
        count = self._plain_frames(len(wave))
        if count <= 0:
            return np.zeros((0, self.mels * self.stack), np.float32)
        log_mels = _log_mels(self, self._framed(wave, count))
        return _stacked(_NORMALISE[self.normalise](log_mels), self.stack)

    def frames(self, samples: int) -> int:
        """Frames F of so many samples."""
        return max(self._plain_frames(samples), 0) // self.stack

    def padding(self, features: Features) -> float:
        """The value of frames that hold no audio: the clip's own floor, or `padding_value`."""
        if self.normalise != "range" or not features.size:
            return self.padding_value
        floor = (RANGE_FLOOR_DECADES + 4.0) / 4.0
        return max(floor, float(features.max()) - RANGE_DECADES / 4.0)

    def _plain_frames(self, samples: int) -> int:
        if self.edges == "none":
            return 1 + (samples - self.window_samples) // self.hop_samples
        if self.edges == "zeros":
            return samples // self.hop_samples
        touching = math.ceil((samples + self.window_samples // 2) / self.hop_samples)
        most = self.limit_samples // self.hop_samples if self.limit_samples else touching
        return min(touching, most)

    def _framed(self, wave: Wave, count: int) -> NDArray[np.float32]:
        """Overlapping frames ``[F, window]`` as a view of the wave with its edges."""
        needed = (count - 1) * self.hop_samples + self.window_samples
        if self.preemphasis and self.edges != "none":
            wave = np.concatenate([wave[:1], wave[1:] - np.float32(self.preemphasis) * wave[:-1]])
        half = 0 if self.edges == "none" else self.window_samples // 2
        padded = np.zeros(needed, np.float32)
        kept = wave[: min(self.limit_samples or len(wave), needed - half)]
        padded[half : half + len(kept)] = kept
        if self.edges == "reflect":
            padded[:half] = padded[half + 1 : 2 * half + 1][::-1]
            self._reflect_end(padded, half)
        if self.scale != 1.0:
            padded *= np.float32(self.scale)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.window_samples)
        return windows[:: self.hop_samples]

    def _reflect_end(self, padded: NDArray[np.float32], half: int) -> None:
        end = half + (self.limit_samples or len(padded))
        beyond = len(padded) - end
        if beyond > 0:
            padded[end:] = padded[end - beyond - 1 : end - 1][::-1]


def _log_mels(spec: LogMelSpec, frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frames ``[F, window]`` to log-mel ``[F, M]``."""
    window = window_of(spec.window, spec.window_samples)
    filters = mel_filters(
        spec.filters, spec.mels, spec.fft_samples, spec.sample_rate, spec.low_hz, spec.high_hz
    )
    mels = np.empty((len(frames), spec.mels), np.float32)
    for first in range(0, len(frames), FRAMES_PER_BLOCK):
        block = frames[first : first + FRAMES_PER_BLOCK]
        if spec.edges == "none":
            block = _conditioned(spec, block)
        spectrum = fft.rfft(block * window, n=spec.fft_samples, axis=1, overwrite_x=True)
        power = np.square(spectrum.real)
        power += np.square(spectrum.imag)
        np.matmul(power, filters, out=mels[first : first + FRAMES_PER_BLOCK])
    return _LOG[spec.log](mels, np.float32(spec.log_offset))


def _conditioned(spec: LogMelSpec, block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Offset removal and pre-emphasis inside each frame, as Kaldi does."""
    block = block - block.mean(axis=1, keepdims=True) if spec.remove_offset else block.copy()
    factor = np.float32(spec.preemphasis)
    emphasised = np.empty_like(block)
    emphasised[:, 1:] = block[:, 1:] - factor * block[:, :-1]
    emphasised[:, 0] = block[:, 0] * (1 - factor)
    return emphasised


def _log10_floor(mels: NDArray[np.float32], floor: np.float32) -> NDArray[np.float32]:
    return np.log10(np.maximum(mels, floor, out=mels), out=mels)


def _log_add(mels: NDArray[np.float32], offset: np.float32) -> NDArray[np.float32]:
    mels += offset
    return np.log(mels, out=mels)


def _log_floor(mels: NDArray[np.float32], floor: np.float32) -> NDArray[np.float32]:
    return np.log(np.maximum(mels, floor, out=mels), out=mels)


def _range_normalised(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    np.maximum(mels, mels.max() - np.float32(RANGE_DECADES), out=mels)
    mels += np.float32(4.0)
    mels *= np.float32(0.25)
    return mels


def _per_mel(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    mels -= mels.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviation = _deviation(mels) + np.float32(STANDARD_DEVIATION_FLOOR)
    mels /= deviation
    return mels


def _per_mel_variance(mels: NDArray[np.float32]) -> NDArray[np.float32]:
    mels -= mels.mean(axis=0, dtype=np.float64).astype(np.float32)
    mels /= np.sqrt(_deviation(mels) ** 2 + np.float32(VARIANCE_FLOOR))
    return mels


def _deviation(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    degrees = max(len(centred) - 1, 1)
    deviation: NDArray[np.float32] = np.sqrt(np.einsum("fm,fm->m", centred, centred) / np.float32(degrees))
    return deviation


def _stacked(frames: NDArray[np.float32], stack: int) -> Features:
    if stack == 1:
        return frames
    whole = len(frames) // stack
    return np.ascontiguousarray(frames[: whole * stack].reshape(whole, -1))


_LOG = {"log10_floor": _log10_floor, "log_add": _log_add, "log_floor": _log_floor}
_NORMALISE = {"range": _range_normalised, "per_mel": _per_mel, "per_mel_variance": _per_mel_variance}


@lru_cache(maxsize=16)
def window_of(name: str, samples: int) -> NDArray[np.float32]:
    """Analysis window ``[samples]``: ``hann`` (periodic), ``hann_symmetric`` or ``povey`` (Hann^0.85)."""
    period = samples if name == "hann" else samples - 1
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / period)
    return (hann**0.85 if name == "povey" else hann).astype(np.float32)


@lru_cache(maxsize=16)
def mel_filters(
    kind: str, mels: int, fft_samples: int, sample_rate: int, low_hz: float, high_hz: float
) -> NDArray[np.float32]:
    """Triangular mel filters ``[fft_samples // 2 + 1, mels]``.

    ``slaney``: linear below 1 kHz, logarithmic above, triangles in Hz, each of unit area (Slaney's Auditory
    Toolbox, as librosa computes it). ``kaldi``: 1127 ln(1 + f / 700), triangles in mels, peak 1.
    """
    bins_hz = np.linspace(0, sample_rate / 2, fft_samples // 2 + 1)
    to_mel, to_hz = (_slaney_mel, _slaney_hz) if kind == "slaney" else (_kaldi_mel, _kaldi_hz)
    edges_mel = np.linspace(to_mel(np.array(low_hz)), to_mel(np.array(high_hz)), mels + 2)
    edges, bins = (to_hz(edges_mel), bins_hz) if kind == "slaney" else (edges_mel, to_mel(bins_hz))
    rising = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[:-1]
    falling = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[1:]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    if kind == "slaney":
        triangles *= 2.0 / (edges[2:] - edges[:-2])
    return np.ascontiguousarray(triangles, dtype=np.float32)


def _slaney_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(
        hz < 1000.0, 3.0 * hz / 200.0, 15.0 + np.log(np.maximum(hz, 1e-9) / 1000.0) * 27.0 / np.log(6.4)
    )


def _slaney_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < 15.0, 200.0 * mel / 3.0, 1000.0 * np.exp(np.log(6.4) / 27.0 * (mel - 15.0)))


def _kaldi_mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1127.0 * np.log1p(hz / 700.0)


def _kaldi_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700.0 * np.expm1(mel / 1127.0)
