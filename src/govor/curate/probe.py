"""One recording, decoded once from beginning to end: facts of its header, and what its samples are like.

Runs in guarded child processes (see `govor.audio.guard`); `govor.curate.probes` runs many of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from govor.audio import DecodeLimits, mono_blocks
from govor.audio.facts import facts_of
from govor.audio.measures import Gauge, Mono, SoundMeasures
from govor.audio.mp3 import IndexMismatchError
from govor.audio.reader import open_reader
from govor.audio.source import EncodedAudio, opened
from govor.audio.stream import mixed
from govor.audio.voice import VoiceShare
from govor.errors import AudioError

_HASH_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Probe(SoundMeasures):
    """What is known about one recording; `SoundMeasures` where it can be decoded.

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
        true_s: seconds that were decoded; what silence stands for is not.
        bit_rate: bits a second, by size and decoded length.
        digest: hash of the file's bytes.
        voice: share of its beginning that a neural detector takes for speech; None where none listened.
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
    digest: str | None = None
    voice: float | None = None


Request = tuple[str, str, bool]
"""Name in the corpus, path or URI, whether the neural detector listens too."""


def probe_all(requests: list[Request], report: Callable[[Probe], None]) -> None:
    """Probes recordings one after another; each result goes to `report`, faults too.

    Args:
        requests: the recordings.
        report: is given each.
    """
    for audio, path, listen in requests:
        try:
            found = probe_recording(audio, path, listen)
        except AudioError as error:
            found = Probe(audio=audio, error=error.code, detail=str(error))
        report(found)


def probe_recording(audio: str, path: str, listen: bool = False) -> Probe:
    """Decodes a recording once and describes it.

    Args:
        audio: as the corpus names it.
        path: or URI.
        listen: the neural detector hears its beginning.

    Raises:
        AudioError: it cannot be decoded.
    """
    limits = DecodeLimits()
    with opened(path, limits) as source:
        facts = facts_of(source, limits)
        digest = _digest(source)
        try:
            gauge, voice, holes = _decode(source, limits, "auto", listen)
        except IndexMismatchError:
            gauge, voice, holes = _decode(source, limits, "pyav", listen)
    true_s = (gauge.samples - holes) / facts.sample_rate
    if not gauge.samples:
        raise AudioError(f"{path}: holds no samples", "no_samples")
    return Probe(
        audio=audio,
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
        voice=voice,
        **vars(gauge.measures()),
    )


def _decode(
    source: EncodedAudio, limits: DecodeLimits, decoder: str, listen: bool
) -> tuple[Gauge, float | None, int]:
    """What the samples are like, what share of the beginning is speech where that is asked for, and how many
    samples are silence that stands for what is damaged."""
    reader = open_reader(source, limits, decoder)
    gauge, listener = Gauge(reader.rate), VoiceShare(reader.rate) if listen else None
    try:
        for block in reader.blocks():
            mono = mixed(block, None)
            gauge.add(block, mono)
            if listener:
                listener.add(mono)
            limits.check_length(gauge.samples, reader.rate, source.name)
    finally:
        reader.close()
    holes = sum(end - start for start, end in reader.holes)
    return gauge, listener.share if listener else None, holes


def _digest(source: EncodedAudio) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with source.open() as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


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
