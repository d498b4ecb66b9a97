"""Bytes of a recording become float32 mono samples, and clips become bytes again; no torch.

    source -> reader (soundfile or PyAV) -> mono mix or one channel -> soxr, one stream -> cut -> samples

`mono_blocks` streams, `load_mono` gathers, `probe` reads headers, `encode` writes clips, `bandwidth_hz`
measures, and `govor.audio.guard` does any of it in a child process that may crash or hang. Names are imported
when they are used: who only plans needs no decoder.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from govor.audio.codecs import CODECS, EXTENSION, MIME
    from govor.audio.encoding import encode
    from govor.audio.facts import AudioFacts, probe
    from govor.audio.limits import DecodeLimits
    from govor.audio.measures import bandwidth_hz
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

_HOMES = {
    "measures": ("bandwidth_hz",),
    "codecs": ("CODECS", "EXTENSION", "MIME"),
    "encoding": ("encode",),
    "facts": ("AudioFacts", "probe"),
    "limits": ("DecodeLimits",),
    "source": ("AudioSource",),
    "stream": ("SAMPLE_RATE_HZ", "load_mono", "mono_blocks"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"govor.audio.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
