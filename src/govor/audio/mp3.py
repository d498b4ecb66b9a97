"""Whether an MP3's own index can be trusted.

libsndfile believes the Xing/Info header and, without one, guesses the length from the first frame's bit
rate: a real 153 s recording was cut at 115 s without an error. So it is used only where the header counts
frames and bytes and these agree with the file. Layout: the Xing header as LAME writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from govor.audio.source import Source
from govor.errors import AudioError

_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_FRAMES_FLAG, _BYTES_FLAG = 1, 2
_TAIL_TOLERANCE_BYTES = 2_048
_ID3V1_BYTES = 128
_INDEX_BYTES = 64
"""Frame header, side information and the part of the index that is read."""


class IndexMismatchError(AudioError):
    """The samples soundfile decoded are not those the MP3's index announced: decode with PyAV instead."""

    def __init__(self, name: str, announced: int, decoded: int) -> None:
        super().__init__(f"{name}: its index announces {announced} samples, {decoded} came", "index_mismatch")


@dataclass(frozen=True, slots=True)
class Mp3Index:
    """What a Xing or Info header says.

    Attributes:
        frames: MPEG frames after the header's own.
        stream_bytes: bytes of the stream, the header's frame included.
        samples_a_frame: 1,152 or 576.
        sample_rate: in Hz.
    """

    frames: int
    stream_bytes: int
    samples_a_frame: int
    sample_rate: int

    @property
    def samples(self) -> int:
        """Samples in all frames, encoder delay and padding included."""
        return self.frames * self.samples_a_frame


def id3v2_bytes(head: bytes) -> int:
    """Bytes of the ID3v2 tag that `head` begins with (0 without one)."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = (head[6] & 127) << 21 | (head[7] & 127) << 14 | (head[8] & 127) << 7 | head[9] & 127
    return 10 + size + (10 if head[5] & 0x10 else 0)


def looks_like_mp3(head: bytes) -> bool:
    """Whether `head`, which begins at the first frame, is an MPEG audio layer III frame."""
    return len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and (head[1] >> 1) & 3 == 1


def trusted_index(source: Source) -> Mp3Index | None:
    """The Xing/Info index of `source`, or None when it is missing or disagrees with the file's size."""
    start = id3v2_bytes(source.read_at(0, 10))
    index = _parse(source.read_at(start, _INDEX_BYTES))
    if index is None:
        return None
    tail = source.read_at(max(0, source.size_bytes - _ID3V1_BYTES), 3)
    stream_bytes = source.size_bytes - start - (_ID3V1_BYTES if tail == b"TAG" else 0)
    return index if abs(stream_bytes - index.stream_bytes) <= _TAIL_TOLERANCE_BYTES else None


def _parse(frame: bytes) -> Mp3Index | None:
    if not looks_like_mp3(frame):
        return None
    version, rate_index, mono = (frame[1] >> 3) & 3, (frame[2] >> 2) & 3, frame[3] >> 6 == 3
    if version == 1 or rate_index == 3:
        return None
    side_bytes = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    tag = 4 + side_bytes
    if frame[tag : tag + 4] not in (b"Xing", b"Info"):
        return None
    flags = int.from_bytes(frame[tag + 4 : tag + 8], "big")
    if flags & 3 != _FRAMES_FLAG | _BYTES_FLAG:
        return None
    frames = int.from_bytes(frame[tag + 8 : tag + 12], "big")
    stream_bytes = int.from_bytes(frame[tag + 12 : tag + 16], "big")
    return Mp3Index(frames, stream_bytes, 1_152 if version == 3 else 576, _RATES_HZ[version][rate_index])
