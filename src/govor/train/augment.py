"""Augmentation of waves and features, drawn from (seed, epoch, id) alone.

Shapes: T samples, F frames, D feature bands. Everything here is numpy and runs in loader workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from govor.config.train import AugmentConfig
from govor.errors import RecipeError
from govor.store import given_path
from govor.train.seeds import generator

Array = NDArray[np.float32]
_NOISE_SUFFIXES = {".wav", ".flac", ".ogg", ".opus", ".mp3"}
_LONGEST_NOISE_S = 60.0


@dataclass(frozen=True)
class Augmenter:
    """What is done to the clips of a run; picklable, holds no state.

    Attributes:
        config: the settings.
        seed: the run's seed.
        sample_rate: of the waves, in Hz.
        max_s: longest wave that the model takes; slower playback never goes beyond it.
    """

    config: AugmentConfig
    seed: int
    sample_rate: int = 16_000
    max_s: float | None = None

    @property
    def active(self) -> bool:
        """Whether anything is done at all."""
        c = self.config
        features = c.time_masks or c.frequency_masks or c.smooth
        return bool(c.speed or c.gain_db or c.noise or c.reverb or features)

    def wave(self, samples: Array, epoch: int, utterance: str) -> Array:
        """Speed, room, noise and gain, in this order. Takes and gives ``[T]``; speed changes T."""
        c, draw = self.config, generator("wave", self.seed, epoch, utterance)
        if c.speed:
            samples = self._played(samples, float(c.speed[draw.integers(len(c.speed))]))
        if c.reverb and draw.random() < c.reverb:
            samples = in_room(samples, draw.uniform(*c.reverb_s), draw, self.sample_rate)
        if c.noise and draw.random() < c.noise_chance:
            snr_db = draw.uniform(*c.noise_snr_db)
            samples = with_noise(samples, _noise(c.noise, draw, self.sample_rate), snr_db, draw)
        if c.gain_db:
            samples = samples * np.float32(10 ** (draw.uniform(-c.gain_db, c.gain_db) / 20))
        return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)

    def _played(self, samples: Array, speed: float) -> Array:
        too_long = self.max_s is not None and len(samples) / self.sample_rate / speed > self.max_s
        return samples if too_long else at_speed(samples, speed, self.sample_rate)

    def features(self, values: Array, epoch: int, utterance: str) -> Array:
        """Smoothing and SpecAugment on ``[F, D]`` features; on ``[T]`` waves only time masks."""
        c, draw = self.config, generator("features", self.seed, epoch, utterance)
        if values.ndim == 2 and c.smooth and draw.random() < c.smooth:
            values = smoothed(values, c.smooth_frames)
        if c.time_masks or c.frequency_masks:
            values = masked(values, c, draw)
        return values


def at_speed(samples: Array, speed: float, sample_rate: int) -> Array:
    """The wave played `speed` times as fast (pitch moves along), by resampling."""
    import soxr

    if speed == 1.0 or not len(samples):
        return samples
    return np.asarray(soxr.resample(samples, sample_rate * speed, sample_rate, quality="HQ"), np.float32)


def in_room(samples: Array, rt60_s: float, draw: np.random.Generator, sample_rate: int) -> Array:
    """Convolved with exponentially decaying noise of reverberation time `rt60_s`, at the same energy.

    A synthetic room in the manner of Moorer (1979): the direct sound, then noise falling 60 dB in RT60.
    """
    from scipy.signal import fftconvolve

    length = max(1, int(rt60_s * sample_rate))
    decay = 10 ** (-3 * np.arange(length) / length)
    response = (0.1 * draw.standard_normal(length) * decay).astype(np.float32)
    response[0] = 1.0
    wet = fftconvolve(samples, response)[: len(samples)]
    energy = float(np.sqrt(np.mean(wet**2))) or 1.0
    return np.asarray(wet * (float(np.sqrt(np.mean(samples**2))) / energy), np.float32)


def with_noise(samples: Array, noise: Array, snr_db: float, draw: np.random.Generator) -> Array:
    """`noise` added from a random point, repeated as needed, at `snr_db` below the speech."""
    start = int(draw.integers(max(1, len(noise))))
    tiled = np.resize(np.roll(noise, -start), len(samples))
    speech, level = float(np.mean(samples**2)), float(np.mean(tiled**2))
    if speech == 0 or level == 0:
        return samples
    return np.asarray(samples + tiled * np.sqrt(speech / level / 10 ** (snr_db / 10)), np.float32)


def noise_files(folder: str) -> list[str]:
    """Sound files below `folder`, sorted.

    Raises:
        RecipeError: there is none.
    """
    files = sorted(str(p) for p in given_path(folder).rglob("*") if p.suffix.lower() in _NOISE_SUFFIXES)
    if not files:
        raise RecipeError(f"train.augment.noise: {folder} holds no sound files (wav, flac, ogg, opus, mp3)")
    return files


@lru_cache(maxsize=8)
def _noise_listing(folder: str) -> tuple[str, ...]:
    return tuple(noise_files(folder))


@lru_cache(maxsize=64)
def _noise_wave(path: str, sample_rate: int) -> Array:
    from govor.audio import load_mono

    wave: Array = load_mono(path, sample_rate=sample_rate, end=_LONGEST_NOISE_S)
    return wave


def _noise(folder: str, draw: np.random.Generator, sample_rate: int) -> Array:
    files = _noise_listing(folder)
    return _noise_wave(files[int(draw.integers(len(files)))], sample_rate)


def smoothed(values: Array, width_frames: float) -> Array:
    """The log-mel picture ``[F, D]`` blurred by a Gaussian along time and frequency."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, sigma=width_frames, mode="nearest"), np.float32)


def masked(values: Array, config: AugmentConfig, draw: np.random.Generator) -> Array:
    """SpecAugment (Park et al. 2019): spans of frames and of bands set to the mean of the features."""
    values = values.copy()
    fill = np.float32(values.mean()) if values.ndim == 2 else np.float32(0)
    for _ in range(config.time_masks):
        start, end = _span(values.shape[0], config.time_mask_share, draw)
        values[start:end] = fill
    if values.ndim == 2:
        for _ in range(config.frequency_masks):
            start, end = _span(values.shape[1], config.frequency_mask_share, draw)
            values[:, start:end] = fill
    return values


def _span(length: int, share: float, draw: np.random.Generator) -> tuple[int, int]:
    width = int(draw.integers(int(length * share) + 1))
    start = int(draw.integers(length - width + 1))
    return start, start + width
