"""Wave, spectrogram and features as pictures; no pyplot, so they can be drawn in any thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from govor.inspection.stages import Inspection
from govor.pages import SERIES, figure_png, new_figure

WIDTH_IN = 10.0
COLUMNS = 1200
FLOOR_DB = -80.0


def wave_png(shown: Inspection) -> bytes:
    """The wave at the source's rate: lowest and highest sample of each column of the picture."""
    wave, rate = shown.subject.wave, shown.subject.facts.sample_rate
    figure, axes = new_figure(WIDTH_IN, 1.9)
    time_s, low, high = envelope(wave, rate)
    axes.fill_between(time_s, low, high, color=SERIES[0], linewidth=0.6)
    axes.set(xlim=(0, max(len(wave) / rate, 1e-3)), xlabel="s", ylim=(-1.02, 1.02), title="Wave")
    return figure_png(figure)


def envelope(
    wave: NDArray[np.float32], rate_hz: int, columns: int = COLUMNS
) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float32]]:
    """Time (s), lowest and highest sample of up to `columns` stretches of ``[T]``."""
    if not len(wave):
        return np.zeros(1), np.zeros(1, np.float32), np.zeros(1, np.float32)
    edges = np.unique(np.linspace(0, len(wave), min(columns, len(wave)) + 1).astype(int)[:-1])
    return edges / rate_hz, np.minimum.reduceat(wave, edges), np.maximum.reduceat(wave, edges)


def spectrogram_png(shown: Inspection) -> bytes:
    """Power by time and frequency at the source's rate, 80 dB deep; a line marks what the model hears."""
    wave, rate = shown.subject.wave, shown.subject.facts.sample_rate
    figure, axes = new_figure(WIDTH_IN, 3.0)
    power_db = spectrogram_db(wave, rate)
    extent = (0, max(len(wave) / rate, 1e-3), 0, rate / 2000)
    axes.imshow(power_db.T, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=FLOOR_DB, vmax=0)
    if rate > shown.rate_hz:
        axes.axhline(shown.rate_hz / 2000, color="#ffffff", linewidth=1.2, linestyle="--")
    axes.set(xlabel="s", ylabel="kHz", title=f"Spectrogram at the source's {rate:,} Hz")
    axes.grid(False)
    return figure_png(figure)


def spectrogram_db(wave: NDArray[np.float32], rate_hz: int) -> NDArray[np.float64]:
    """Power of 25 ms Hann windows ``[frames, bins]`` in dB below the strongest."""
    size = max(16, round(0.025 * rate_hz))
    hop = max(1, round(0.010 * rate_hz), len(wave) // (2 * COLUMNS))
    padded = np.pad(wave, (0, max(0, size - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    decibels: NDArray[np.float64] = 10 * np.log10(power / max(power.max(), 1e-20) + 1e-12)
    return decibels


def features_png(shown: Inspection) -> bytes | None:
    """The features exactly as the model gets them, with the words it heard below."""
    if shown.features is None or not len(shown.features):
        return None
    figure, axes = new_figure(WIDTH_IN, 3.2)
    length_s = len(shown.features) * shown.frame_s
    extent = (0, length_s, 0, shown.features.shape[1])
    axes.imshow(shown.features.T, origin="lower", aspect="auto", extent=extent, cmap="magma")
    axes.set(xlabel="s", ylabel="band", title="Log-mel, as the model gets it", xlim=(0, length_s))
    axes.grid(False)
    _write_words(axes, shown)
    return figure_png(figure)


def _write_words(axes: Any, shown: Inspection) -> None:
    for word in shown.hypothesis.words if shown.hypothesis else ():
        axes.axvline(word.start, color="#ffffff", linewidth=0.5, alpha=0.6)
        axes.text(
            word.start, 1.0, f" {word.text}", color="#ffffff", fontsize=8, va="bottom", parse_math=False
        )
