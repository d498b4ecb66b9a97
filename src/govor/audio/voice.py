"""Where somebody speaks, as Silero's network hears it (silero-vad 6, MIT): its weights, computed with numpy.

The package itself is not imported: it would bring torch into processes that do without, and set its number of
threads. Its network is small: a Fourier transform as a convolution, four convolutions, an LSTM, one output.
Quiet recordings are raised first, by a level that follows them, for the network expects loud ones.

Shapes: N chunks of 32 ms, T samples.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

Array = NDArray[np.float32]

RATE = 16_000
CHUNK = 512
CONTEXT = 64
STRIDE, TRANSFORM = 128, 256
LOUD = 0.05
"""Level that quiet recordings are raised to."""
MOST_GAIN = 300.0
FADE = 0.998
"""Of the loudest chunk, what is left of it a chunk later: a half after eleven seconds."""
NAME = "silero-vad 6"
SURE = 0.5
"""Probability above which it is sure of speech."""
LISTENED_S = 60.0
"""Of a recording's beginning, where only a share is asked for."""


class SpeechStream:
    """Probabilities of speech along a stream at 16 kHz, chunk by chunk.

    Attributes:
        chunks: probability of each whole chunk so far.
    """

    def __init__(self, weights: dict[str, Array]) -> None:
        self._net = _Network(weights)
        self._rest = np.zeros(0, np.float32)
        self._before = np.zeros(CONTEXT, np.float32)
        self._loudest = 0.0
        self.chunks = np.zeros(0, np.float32)

    def hear(self, samples: Array) -> None:
        """Takes what comes next."""
        self._rest = np.concatenate([self._rest, samples])
        count = len(self._rest) // CHUNK
        if not count:
            return
        whole, self._rest = self._rest[: count * CHUNK], self._rest[count * CHUNK :].copy()
        raised = (whole.reshape(count, CHUNK) * self._gains(whole)[:, None]).ravel()
        waves = np.concatenate([self._before, raised])
        self._before = waves[-CONTEXT:]
        self.chunks = np.concatenate([self.chunks, self._net(waves, count)])

    def _gains(self, samples: Array) -> Array:
        levels = np.sqrt(np.mean(samples.reshape(-1, CHUNK) ** 2, axis=1))
        gains = np.empty(len(levels), np.float32)
        for place, level in enumerate(levels):
            self._loudest = max(self._loudest * FADE, float(level))
            gains[place] = min(MOST_GAIN, max(1.0, LOUD / max(self._loudest, 1e-9)))
        return gains

    def frames(self, first: int, count: int, frame_samples: int) -> Array:
        """Probabilities of frames ``[count]``; those not heard yet are as the last chunk is.

        Args:
            first: the first frame, counted from the beginning of the stream.
            count: how many.
            frame_samples: samples a frame.
        """
        if not len(self.chunks):
            return np.ones(count, np.float32)
        middles = (np.arange(first, first + count) * frame_samples + frame_samples // 2) // CHUNK
        return self.chunks[np.minimum(middles, len(self.chunks) - 1)]


class VoiceShare:
    """What share of the beginning of a stream is speech.

    Args:
        rate_hz: samples a second.
    """

    def __init__(self, rate_hz: int) -> None:
        self._voice = open_voice(RATE)
        self._left = round(LISTENED_S * rate_hz)
        self._resampler = soxr.ResampleStream(rate_hz, RATE, 1, dtype="float32")

    def add(self, mono: Array) -> None:
        """Takes what comes next ``[T]``."""
        if self._voice is not None and self._left > 0:
            self._voice.hear(self._resampler.resample_chunk(mono[: self._left]))
            self._left -= len(mono)

    @property
    def share(self) -> float | None:
        """Share of the chunks that are surely speech; None where nothing was heard."""
        if self._voice is None or not len(self._voice.chunks):
            return None
        return float((self._voice.chunks >= SURE).mean())


class _Network:
    """Silero's, with the state of its LSTM."""

    def __init__(self, weights: dict[str, Array]) -> None:
        self._weights = weights
        self._hidden, self._cell = np.zeros(128, np.float32), np.zeros(128, np.float32)

    def __call__(self, waves: Array, count: int) -> Array:
        """Probabilities ``[N]`` of the chunks of ``waves``, which begins with the context of the first."""
        pieces = np.lib.stride_tricks.sliding_window_view(waves, CONTEXT + CHUNK)[::CHUNK][:count]
        padded = np.pad(pieces, ((0, 0), (0, CONTEXT)), mode="reflect")
        x = _spectrum(padded, self._weights["stft_conv.weight"][:, 0])
        for layer, stride in ((1, 1), (2, 2), (3, 2), (4, 1)):
            weight, bias = self._weights[f"conv{layer}.weight"], self._weights[f"conv{layer}.bias"]
            x = np.maximum(_convolved(x, weight, stride) + bias, 0.0)
        out = self._remembered(x[:, 0])
        score = np.maximum(out, 0.0) @ self._weights["final_conv.weight"][0, :, 0]
        return _sigmoid(score + self._weights["final_conv.bias"][0])

    def _remembered(self, inputs: Array) -> Array:
        """The LSTM's outputs ``[N, 128]``."""
        w = self._weights
        driven = inputs @ w["lstm_cell.weight_ih"].T + w["lstm_cell.bias_ih"] + w["lstm_cell.bias_hh"]
        recurrent = np.ascontiguousarray(w["lstm_cell.weight_hh"])
        out = np.empty((len(inputs), 128), np.float32)
        for place, row in enumerate(driven):
            gates = row + recurrent @ self._hidden
            let = _sigmoid(gates)
            self._cell = let[128:256] * self._cell + let[:128] * np.tanh(gates[256:384])
            self._hidden = let[384:] * np.tanh(self._cell)
            out[place] = self._hidden
        return out


def _spectrum(pieces: Array, basis: Array) -> Array:
    """Magnitudes ``[N, 4, 129]``."""
    windows = np.lib.stride_tricks.sliding_window_view(pieces, TRANSFORM, axis=1)[:, ::STRIDE]
    parts = windows @ basis.T
    return np.asarray(np.sqrt(parts[..., :129] ** 2 + parts[..., 129:] ** 2), np.float32)


def _convolved(x: Array, weight: Array, stride: int) -> Array:
    """``[N, places, out]`` of ``[N, places, in]`` with kernels of three."""
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
    flat = windows.reshape(*windows.shape[:2], -1)
    return np.asarray(flat @ weight.reshape(len(weight), -1).T, np.float32)


def _sigmoid(x: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)


def open_voice(sample_rate: int) -> SpeechStream | None:
    """The detector; None where silero-vad is not installed, or the rate is not its own."""
    path = _weights_path()
    return SpeechStream(_weights(path)) if path is not None and sample_rate == RATE else None


@lru_cache(maxsize=1)
def _weights_path() -> Path | None:
    found = find_spec("silero_vad")
    places = [Path(place) / "data" / "silero_vad_16k.safetensors" for place in _folders(found)]
    return next((place for place in places if place.exists()), None)


def _folders(found: object) -> list[str]:
    return list(getattr(found, "submodule_search_locations", None) or [])


@lru_cache(maxsize=1)
def _weights(path: Path) -> dict[str, Array]:
    from safetensors.numpy import load_file

    return dict(load_file(path))
