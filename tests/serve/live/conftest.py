"""Speech as live clients send it."""

import io

import numpy as np
import pytest
import soundfile as sf
import soxr


@pytest.fixture(scope="session")
def pcm(speech_wav):
    """16 bits at 16 kHz of the sentences that the other tests send as a file."""
    samples, rate = sf.read(io.BytesIO(speech_wav), dtype="float32")
    return (soxr.resample(samples, rate, 16_000) * 32_767).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def silence():
    return np.zeros(16_000, "<i2").tobytes()
