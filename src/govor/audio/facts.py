"""What a recording's header says, without decoding it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import cut_off_index, trusted_index
from govor.audio.ogg import ends_within_a_page
from govor.audio.reader import AudioReader, open_reader
from govor.audio.source import AudioSource, EncodedAudio, opened

_RIFF_CHUNK_BYTES = 8
_SOX_BYTES, _SIGNED_BYTES, _UNSIGNED_BYTES = 0x7FFFF000, 0x80000000, 0xFFFFFF00
"""What stands for the size of sound in a pipe, where nobody can go back and write the right one."""
DIFFERENCE_S, DIFFERENCE_SHARE = 0.25, 0.01


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What the header of a recording says.

    Attributes:
        container: such as ``wav``, ``mp3``, ``mov``.
        codec: such as ``pcm_16``, ``vorbis``, ``aac``.
        sample_rate: in Hz.
        channels: number of channels.
        bits: bits a sample, where the codec has such a number.
        declared_s: seconds the header announces, or None when it announces none that can be trusted.
        size_bytes: bytes of the file.
        bit_rate: bits a second by size and declared length, or None.
        decoder: which decoder reads it, ``soundfile`` or ``pyav``.
        cut_off: whether its last page is not whole (Ogg, which declares no length).
    """

    container: str
    codec: str
    sample_rate: int
    channels: int
    bits: int | None
    declared_s: float | None
    size_bytes: int
    bit_rate: int | None
    decoder: str
    cut_off: bool = False

    def as_dict(self) -> dict[str, object]:
        """The facts as plain data."""
        return asdict(self)


def probe(source: AudioSource) -> AudioFacts:
    """Reads the header of `source`.

    Raises:
        AudioError: it cannot be opened, or is out of bounds.
    """
    limits = DecodeLimits()
    with opened(source, limits) as opened_source:
        return facts_of(opened_source, limits)


def facts_of(source: EncodedAudio, limits: DecodeLimits) -> AudioFacts:
    """As `probe`, of a source that is open."""
    reader = open_reader(source, limits)
    try:
        declared_s = declared_seconds(source, reader)
        return AudioFacts(
            container=reader.container,
            codec=reader.codec,
            sample_rate=reader.rate,
            channels=reader.channels,
            bits=reader.bits,
            declared_s=declared_s,
            size_bytes=source.size_bytes,
            bit_rate=round(source.size_bytes * 8 / declared_s) if declared_s else None,
            decoder=reader.decoder,
            cut_off=cut_off(source, reader),
        )
    finally:
        reader.close()


def declared_seconds(source: EncodedAudio, reader: AudioReader) -> float | None:
    """Seconds that the header of an opened recording announces, None when it says nothing reliable."""
    riff_s = _riff_declared_s(source) if reader.container == "wav" else None
    if riff_s is not None:
        return riff_s
    if reader.declared_samples is not None:
        return float(reader.declared_samples / reader.rate)
    index = (cut_off_index(source) or trusted_index(source)) if reader.container == "mp3" else None
    return index.samples / index.sample_rate if index else None


def cut_off(source: EncodedAudio, reader: AudioReader) -> bool:
    """Whether an opened recording without a declared length ends where no such file ends."""
    return reader.container == "ogg" and ends_within_a_page(source)


def length_differs(true_s: float, stated_s: float | None) -> bool:
    """Whether a stated length is off by more than rounding and codec padding."""
    if stated_s is None:
        return False
    return abs(true_s - stated_s) > max(DIFFERENCE_S, DIFFERENCE_SHARE * stated_s)


def missing_end(true_s: float, declared_s: float | None, cut_off: bool) -> str | None:
    """How it shows that a recording was cut off, in words; None where it was not.

    Args:
        true_s: seconds that it holds.
        declared_s: seconds by its header, None when that says nothing reliable.
        cut_off: whether it ends where no such file ends.
    """
    if cut_off:
        return "it ends in the middle of a page"
    if declared_s is not None and true_s < declared_s and length_differs(true_s, declared_s):
        return f"its header tells of {declared_s:.2f} s"
    return None


def _riff_declared_s(source: EncodedAudio) -> float | None:
    """Seconds that a WAV's ``data`` chunk promises: more than the file holds when it was cut off."""
    head = source.head
    byte_rate, place, frame_bytes = 0, 12, 1
    while place + _RIFF_CHUNK_BYTES <= len(head) and head[:4] == b"RIFF":
        name, size = head[place : place + 4], int.from_bytes(head[place + 4 : place + 8], "little")
        if name == b"fmt " and len(head) >= place + 20:
            byte_rate = int.from_bytes(head[place + 16 : place + 20], "little")
            frame_bytes = int.from_bytes(head[place + 20 : place + 22], "little")
        if name == b"data":
            return size / byte_rate if byte_rate and not _is_streamed(size, frame_bytes) else None
        place += _RIFF_CHUNK_BYTES + size + size % 2
    return None


def _is_streamed(size: int, frame_bytes: int) -> bool:
    """Whether the size of a ``data`` chunk stands for one that was not known when it was written.

    Nothing (GStreamer); 0x7FFFF000 or the next smaller number of whole frames (SoX), up to 0x80000000
    (arecord); 0xFFFFFFFF (ffmpeg). A recording of 2 GB to a byte would be taken for one of these.
    """
    return not size or _SOX_BYTES - frame_bytes < size <= _SIGNED_BYTES or size >= _UNSIGNED_BYTES
