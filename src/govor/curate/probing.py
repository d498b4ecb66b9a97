"""One recording, decoded once from beginning to end: facts of its header, and what its samples are like.

Runs in guarded child processes (see `govor.audio.guard`); `govor.curate.probes` runs many of them.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from govor.audio import DecodeLimits, bandwidth_hz, mono_blocks
from govor.audio.measures import FRAME_S
from govor.audio.block import Block
from govor.audio.facts import facts_of
from govor.audio.mp3 import IndexMismatchError
from govor.audio.reader import open_reader
from govor.audio.source import Source, opened
from govor.audio.stream import mixed
from govor.errors import AudioError

CLIPPED = 0.999
"""Samples of this size and above count as clipped where several follow each other."""
SILENT_DBFS = -60.0
FLOOR_DBFS = -120
SILENCE_FRAME_S = 0.05
LOUD_BLOCKS = 20
"""Blocks of about a second whose spectrum is measured: the loudest ones."""
PITCH_RANGE_HZ = (15.0, 900.0)
PITCH_FRAME_S = 0.16
PITCH_CLARITY = 0.6
_HASH_BLOCK_BYTES = 1 << 20

Mono = NDArray[np.float32]


@dataclass(frozen=True)
class Probe:
    """What is known about one recording.

    Attributes:
        audio: as the corpus names it.
        error: stable code of why it cannot be decoded, or None.
        detail: the same for people.
        container: such as ``wav``.
        codec: such as ``pcm_16``.
        sample_rate: Hz.
        channels: number of channels.
        bits: bits a sample, where the codec has such a number.
        size_bytes: of the file.
        declared_s: seconds by its header, or None.
        cut_off: whether its last page is not whole (Ogg, which declares no length).
        true_s: seconds that were decoded.
        bit_rate: bits a second, by size and decoded length.
        peak: largest absolute sample.
        dc: mean sample.
        clipped: share of samples that are clipped.
        silent: share of 50 ms frames below -60 dBFS.
        range_db: between the levels that a tenth and nineteen twentieths of these frames stay below, in dB.
        bandwidth_hz: highest frequency with energy.
        pitch_hz: median pitch of voiced frames, or None.
        mix_db: power of the mix of all channels against their mean power, in dB; None for one channel.
        digest: hash of the file's bytes.
    """

    audio: str
    error: str | None = None
    detail: str = ""
    container: str | None = None
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bits: int | None = None
    size_bytes: int | None = None
    declared_s: float | None = None
    cut_off: bool | None = None
    true_s: float | None = None
    bit_rate: int | None = None
    peak: float | None = None
    dc: float | None = None
    clipped: float | None = None
    silent: float | None = None
    range_db: float | None = None
    bandwidth_hz: float | None = None
    pitch_hz: float | None = None
    mix_db: float | None = None
    digest: str | None = None


def probe_all(requests: list[tuple[str, str]], report: Callable[[dict[str, Any]], None]) -> None:
    """Probes recordings one after another; each result goes to `report`, faults too.

    Args:
        requests: name in the corpus, and path or URI.
        report: is given a `Probe` as a dictionary.
    """
    for audio, path in requests:
        try:
            found = probe_recording(audio, path)
        except AudioError as error:
            found = Probe(audio, error.code, str(error))
        report(asdict(found))


def probe_recording(audio: str, path: str, limits: DecodeLimits | None = None) -> Probe:
    """Decodes a recording once and describes it.

    Raises:
        AudioError: it cannot be decoded.
    """
    limits = limits or DecodeLimits()
    with opened(path, limits) as source:
        facts = facts_of(source, limits)
        digest = _digest(source)
        try:
            gauge = _decode(source, limits, "auto")
        except IndexMismatchError:
            gauge = _decode(source, limits, "pyav")
    true_s = gauge.samples / facts.sample_rate
    if not gauge.samples:
        raise AudioError(f"{path}: holds no samples", "no_samples")
    return Probe(
        audio,
        container=facts.container,
        codec=facts.codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        bits=facts.bits,
        size_bytes=facts.size_bytes,
        declared_s=facts.declared_s,
        cut_off=facts.cut_off,
        true_s=true_s,
        bit_rate=round(facts.size_bytes * 8 / true_s),
        digest=digest,
        **gauge.found(),
    )


def _decode(source: Source, limits: DecodeLimits, decoder: str) -> Gauge:
    reader = open_reader(source, limits, decoder)
    gauge = Gauge(reader.rate)
    try:
        for block in reader.blocks():
            mono = mixed(block, None)
            gauge.add(mono, float(np.abs(block).max(initial=0.0)))
            if block.shape[1] > 1:
                gauge.add_channels(block, mono)
            limits.check_length(gauge.samples, reader.rate, source.name)
    finally:
        reader.close()
    return gauge


def _digest(source: Source) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with source.open() as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@dataclass
class Gauge:
    """Measures a stream of mono blocks in memory that does not grow.

    Attributes:
        rate: samples a second.
        samples: how many went by.
    """

    rate: int
    samples: int = 0
    _peak: float = 0.0
    _sum: float = 0.0
    _clipped: int = 0
    _power: float = 0.0
    _mixed_power: float = 0.0
    _frames: int = 0
    _silent: int = 0
    _levels: NDArray[np.int64] = field(default_factory=lambda: np.zeros(-FLOOR_DBFS + 1, np.int64))
    _loudest: list[tuple[float, int, Mono]] = field(default_factory=list)

    def add(self, block: Mono, peak: float) -> None:
        """Measures one block ``[T]``; `peak` is that of its channels."""
        self._peak = max(self._peak, peak)
        self._sum += float(block.sum(dtype=np.float64))
        if peak >= CLIPPED:
            at_limit = np.abs(block) >= CLIPPED
            self._clipped += int((at_limit[1:] & at_limit[:-1]).sum())
        self._add_frames(block)
        energy = float(np.dot(block, block)) / max(len(block), 1)
        self.samples += len(block)
        if len(block) >= self.rate * FRAME_S:
            entry = (energy, self.samples, block)
            keep = heapq.heappush if len(self._loudest) < LOUD_BLOCKS else heapq.heappushpop
            keep(self._loudest, entry)

    def add_channels(self, block: Block, mono: Mono) -> None:
        """Measures what mixing does to the power of a block ``[T, C]``."""
        channels = block.reshape(-1)
        self._power += float(np.dot(channels, channels)) / block.shape[1]
        self._mixed_power += float(np.dot(mono, mono))

    def _add_frames(self, block: Mono) -> None:
        size = max(1, int(SILENCE_FRAME_S * self.rate))
        frames = block[: len(block) // size * size].reshape(-1, size)
        power = np.einsum("ft,ft->f", frames, frames) / size
        self._frames += len(frames)
        self._silent += int((power < 10 ** (SILENT_DBFS / 10)).sum())
        levels = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DBFS / 10)))
        bins = np.minimum(levels - FLOOR_DBFS, len(self._levels) - 1).astype(np.int64)
        self._levels += np.bincount(bins, minlength=len(self._levels))

    def found(self) -> dict[str, Any]:
        """Attributes of a `Probe` that come from the samples."""
        loud = self._loud()
        return {
            "peak": self._peak,
            "dc": self._sum / max(self.samples, 1),
            "clipped": self._clipped / max(self.samples, 1),
            "silent": self._silent / self._frames if self._frames else float(self._peak < 1e-3),
            "range_db": self._range_db(),
            "bandwidth_hz": bandwidth_hz(loud, self.rate),
            "pitch_hz": pitch_hz(loud, self.rate),
            "mix_db": self._mix_db(),
        }

    def _mix_db(self) -> float | None:
        """None for silence and for one channel."""
        if self._power <= self.samples * 10 ** (SILENT_DBFS / 10):
            return None
        return float(10 * np.log10(max(self._mixed_power / self._power, 10 ** (FLOOR_DBFS / 10))))

    def _range_db(self) -> float | None:
        """To whole dB; None where there is no frame."""
        if not self._frames:
            return None
        low, high = np.searchsorted(np.cumsum(self._levels), [0.1 * self._frames, 0.95 * self._frames])
        return float(high - low)

    def _loud(self) -> Mono:
        """The loudest blocks in order, each cut to whole frames so that joints stand between frames."""
        size = int(FRAME_S * self.rate)
        blocks = [
            block[: len(block) // size * size] for _, _, block in sorted(self._loudest, key=lambda e: e[1])
        ]
        return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def pitch_hz(samples: Mono, rate: int) -> float | None:
    """Median pitch of the voiced frames of ``[T]``, or None where there are too few.

    Normalised autocorrelation of 160 ms frames, low-passed at the highest pitch; of the lags nearly as good
    as the best the shortest counts.
    """
    size, low, high = int(PITCH_FRAME_S * rate), int(rate / PITCH_RANGE_HZ[1]), int(rate / PITCH_RANGE_HZ[0])
    count = len(samples) // size
    if count < 3:
        return None
    frames = samples[: count * size].reshape(count, size)
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = fft.rfft(frames, 2 * size, axis=1)
    spectrum[:, int(PITCH_RANGE_HZ[1] * 2 * size / rate) :] = 0.0
    correlation = fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :size]
    taper = 1.0 - np.arange(size) / size
    correlation = correlation / np.maximum(correlation[:, :1], 1e-12) / np.maximum(taper, 0.3)
    found = [_first_peak(frame, low, min(high, size - 2)) for frame in correlation]
    lags = [lag for lag in found if lag]
    return rate / float(np.median(lags)) if len(lags) >= 3 else None


def _first_peak(correlation: NDArray[np.floating[Any]], low: int, high: int) -> int | None:
    """Lag of the first peak that is nearly as high as the highest, or None where nothing repeats."""
    middle = correlation[low:high]
    peaks = np.flatnonzero(
        (middle >= correlation[low - 1 : high - 1]) & (middle > correlation[low + 1 : high + 1])
    )
    if not len(peaks):
        return None
    heights = middle[peaks]
    if heights.max() < PITCH_CLARITY:
        return None
    return int(peaks[heights >= 0.85 * heights.max()][0]) + low


def exists(path: str) -> tuple[int, int] | None:
    """Size and modification time (ns) of a local file, or None."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def load_span(path: str, channel: int | None, start: float | None, end: float | None) -> Mono:
    """16 kHz mono samples of a span, for listening."""
    return np.concatenate(
        [np.empty(0, np.float32), *mono_blocks(path, channel=channel, start=start, end=end)]
    )
