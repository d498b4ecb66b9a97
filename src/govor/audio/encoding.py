"""Clips as encoded bytes that are the same whenever they are made from the same samples."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from govor.audio.codecs import CODECS

Pcm = NDArray[np.int16]

OPUS_BIT_RATE = 24_000
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
_SCALE = np.float32(32_767.0)


def to_pcm(samples: NDArray[np.float32]) -> Pcm:
    """Float samples ``[T]`` rounded to 16 bits; what lies outside -1..1 is clipped."""
    scaled = samples * _SCALE
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32_768.0, 32_767.0, out=scaled)
    return scaled.astype(np.int16)


class ClipEncoder(Protocol):
    """Encodes a clip piece by piece, so that a long one is never held as samples."""

    def write(self, pcm: Pcm) -> None:
        """Adds samples ``[T]``."""

    @property
    def encoded_bytes(self) -> int:
        """Bytes held so far."""

    def finish(self) -> bytes:
        """The encoded clip."""


def clip_encoder(codec: str, sample_rate: int) -> ClipEncoder:
    """An encoder for one clip.

    Args:
        codec: ``flac``, ``opus`` or ``wav``.
        sample_rate: in Hz.

    Raises:
        ValueError: the codec is unknown or does not know the rate.
    """
    if codec == "opus":
        return _OpusEncoder(sample_rate)
    if codec in ("flac", "wav"):
        return _SoundfileEncoder(codec.upper(), sample_rate)
    raise ValueError(f"codec {codec!r} is not one of {', '.join(CODECS)}")


def encode(samples: NDArray[np.float32], sample_rate: int, codec: str = "flac") -> bytes:
    """Samples ``[T]``, float32, as one encoded file in memory: the same bytes for the same samples."""
    encoder = clip_encoder(codec, sample_rate)
    encoder.write(to_pcm(samples))
    return encoder.finish()


class _InMemory:
    """Holds what is encoded so far."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    @property
    def encoded_bytes(self) -> int:
        """Bytes held so far."""
        return self._buffer.getbuffer().nbytes


class _SoundfileEncoder(_InMemory):
    def __init__(self, container: str, sample_rate: int) -> None:
        super().__init__()
        self._file = sf.SoundFile(self._buffer, "w", sample_rate, 1, "PCM_16", format=container)

    def write(self, pcm: Pcm) -> None:
        self._file.write(pcm)

    def finish(self) -> bytes:
        self._file.close()
        return self._buffer.getvalue()


class _OpusEncoder(_InMemory):
    """Ogg Opus with a fixed stream serial, which is what makes its bytes reproducible."""

    def __init__(self, sample_rate: int) -> None:
        if sample_rate not in OPUS_RATES_HZ:
            raise ValueError(f"opus takes {', '.join(map(str, OPUS_RATES_HZ))} Hz, not {sample_rate}")
        import av

        super().__init__()
        self._container: Any = av.open(self._buffer, "w", format="ogg", options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream("libopus", rate=sample_rate, layout="mono")
        self._stream.bit_rate = OPUS_BIT_RATE
        self._stream.codec_context.options = {"application": "voip", "compression_level": "5"}
        self._stream.codec_context.time_base = Fraction(1, sample_rate)
        self._rate, self._samples = sample_rate, 0

    def write(self, pcm: Pcm) -> None:
        from av import AudioFrame

        frame = AudioFrame.from_ndarray(np.ascontiguousarray(pcm)[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._samples
        frame.time_base = Fraction(1, self._rate)
        self._samples += len(pcm)
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._buffer.getvalue()
