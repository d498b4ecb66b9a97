"""Decoders: blocks of float32 samples at the recording's own rate.

soundfile reads what libsndfile reads exactly (WAV, FLAC, Ogg and Opus without a damaged page, and MP3 whose
length is certain); PyAV reads everything else. Content decides, never the extension. Each is imported when
the first file asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from govor.audio.block import Block
from govor.audio.limits import BLOCK_S, DecodeLimits
from govor.audio.mp3 import Mp3Index, id3v2_bytes, trusted_index
from govor.audio.mp3_frames import looks_like_mp3
from govor.audio.ogg import has_holes
from govor.audio.source import EncodedAudio

_SOUNDFILE_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"NIST", b"riff")


class AudioReader(Protocol):
    """A recording opened for decoding.

    Attributes:
        decoder: ``soundfile`` or ``pyav``.
        rate: samples a second.
        channels: number of channels.
        declared_samples: samples a trustworthy header announces, else None.
        container: such as ``wav``.
        codec: such as ``pcm_16``.
        bits: bits a sample, where the codec has such a number.
        provisional: whether the end of `blocks` may still tell that another decoder must be used.
    """

    decoder: str
    rate: int
    channels: int
    declared_samples: int | None
    container: str
    codec: str
    bits: int | None
    provisional: bool

    @property
    def holes(self) -> Sequence[tuple[int, int]]:
        """Samples between which silence stands for what is damaged or missing, as far as it is decoded."""

    def blocks(self, block_s: float = BLOCK_S) -> Iterator[Block]:
        """Blocks ``[T, C]`` of about `block_s` seconds, -1..1; a block may be overwritten by the next."""

    def seek(self, sample: int) -> int:
        """Moves to `sample` where that is exact; returns the sample it stands at."""

    def close(self) -> None:
        """Lets go of the file."""


def open_reader(source: EncodedAudio, limits: DecodeLimits, decoder: str = "auto") -> AudioReader:
    """Opens `source` with the decoder that reads it exactly.

    Args:
        source: the encoded audio.
        limits: bounds of the decode.
        decoder: ``auto``, or ``soundfile`` or ``pyav`` to insist.

    Raises:
        AudioError: neither decoder opens it, or it is out of bounds.
    """
    index = None
    if decoder == "auto":
        decoder, index = _choose(source)
    if decoder == "soundfile":
        from govor.audio.soundfile_reader import NotForSoundfileError, SoundfileReader

        try:
            return SoundfileReader(source, limits, index)
        except NotForSoundfileError:
            pass
    from govor.audio.av_reader import AvReader

    return AvReader(source, limits)


def _choose(source: EncodedAudio) -> tuple[str, Mp3Index | None]:
    head = source.read_at(0, 16)
    if head[:4] == b"OggS" and has_holes(source):  # libsndfile leaves holes out: what follows is too early
        return "pyav", None
    if head[:4] in _SOUNDFILE_MAGIC:
        return "soundfile", None
    start = id3v2_bytes(head)
    if looks_like_mp3(source.read_at(start, 4) if start else head):
        index = trusted_index(source)
        return ("soundfile" if index else "pyav"), index
    return "pyav", None


def indexed(source: EncodedAudio) -> bool:
    """Whether `source` is an MP3 that is decoded by its own index, which its end may prove wrong."""
    return _choose(source)[1] is not None
