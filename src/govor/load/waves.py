"""Encoded clip to samples."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from govor.audio.block import finite
from govor.errors import AudioError

Wave = NDArray[np.float32]
PLAIN_HEADS = (b"fLaC", b"RIFF", b"OggS")  # what prepare writes; soundfile reads these exactly


def decode_clip(content: bytes, sample_rate: int) -> Wave:
    """Samples ``[T]`` of an encoded clip, mono, -1..1.

    Args:
        content: FLAC, Opus or WAV as ``prepare`` writes them; other formats go the way of recordings.
        sample_rate: that the samples shall have, in Hz.

    Raises:
        AudioError: it cannot be decoded.
    """
    if content[:4] not in PLAIN_HEADS:
        return _as_recording(content, sample_rate)
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=False)
    except (RuntimeError, TypeError, ValueError) as error:
        raise AudioError(f"a clip of {len(content)} bytes cannot be decoded ({error})") from error
    if samples.ndim != 1 or rate != sample_rate:
        return _as_recording(content, sample_rate)
    wave: Wave = finite(samples)
    return wave


def _as_recording(content: bytes, sample_rate: int) -> Wave:
    from govor.audio import load_mono

    return load_mono(content, sample_rate=sample_rate)
