"""Recordings as bytes in, float32 mono samples out, and clips back to bytes. No torch.

    source -> reader (soundfile or PyAV) -> mono mix or one channel -> soxr, one stream -> cut -> samples

`mono_blocks` streams, `load_mono` gathers, `probe` reads headers, `encode` writes clips, `bandwidth_hz`
measures, and `govor.audio.guard` does any of it in a child process that may crash or hang.
"""

from govor.audio.bandwidth import bandwidth_hz
from govor.audio.encoding import CODECS, EXTENSION, MIME, encode
from govor.audio.facts import AudioFacts, probe
from govor.audio.limits import DecodeLimits
from govor.audio.source import AudioSource
from govor.audio.stream import SAMPLE_RATE_HZ, load_mono, mono_blocks

__all__ = [
    "CODECS",
    "EXTENSION",
    "MIME",
    "SAMPLE_RATE_HZ",
    "AudioFacts",
    "AudioSource",
    "DecodeLimits",
    "bandwidth_hz",
    "encode",
    "load_mono",
    "mono_blocks",
    "probe",
]
