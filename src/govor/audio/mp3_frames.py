"""MPEG audio layer III frames: their headers, and counting them without decoding.

Layout: ISO/IEC 11172-3 (version 1) and 13818-3 (version 2); version 2.5 as decoders have it.
"""

from __future__ import annotations

from dataclasses import dataclass

_MPEG_1, _RESERVED = 3, 1
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_FIRST_KBITS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LATER_KBITS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Bit rates of version 1 and of later ones, without the header's 0 (a rate of the encoder's own) and 15."""
_MONO = 0xC0
"""The fourth byte of a header of one channel is at least this."""
_FORMAT_BITS = 0xFC
"""Of the third byte: bit rate and sample rate; what is left is padding and a bit for private use."""
ID3V1_BYTES = 128


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What the four bytes at the beginning of a frame say.

    Attributes:
        sample_rate: in Hz.
        samples: of each channel, 1,152 or 576.
        side_bytes: side information behind the header.
        frame_bytes: length of the frame without padding; 0 for a bit rate of the encoder's own.
    """

    sample_rate: int
    samples: int
    side_bytes: int
    frame_bytes: int

    @classmethod
    def parse(cls, frame: bytes) -> FrameHeader | None:
        """The header that `frame` begins with, or None when that is not a layer III frame."""
        if not looks_like_mp3(frame):
            return None
        version, bit_rate, rate = (frame[1] >> 3) & 3, frame[2] >> 4, (frame[2] >> 2) & 3
        if version == _RESERVED or rate == 3 or bit_rate == 15:
            return None
        first, mono = version == _MPEG_1, frame[3] >= _MONO
        sample_rate, samples = _RATES_HZ[version][rate], 1_152 if first else 576
        kbits = _FIRST_KBITS if first else _LATER_KBITS
        bits = 1_000 * kbits[bit_rate - 1] if bit_rate else 0
        side_bytes = (17 if mono else 32) if first else (9 if mono else 17)
        return cls(sample_rate, samples, side_bytes, samples * bits // (8 * sample_rate))


def looks_like_mp3(head: bytes) -> bool:
    """Whether `head`, which begins at the first frame, is an MPEG audio layer III frame."""
    return len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and (head[1] >> 1) & 3 == 1


def count_alike(stream: bytes, header: FrameHeader) -> int | None:
    """Number of frames in `stream`, when all are of the first one's bit rate and format.

    Args:
        stream: everything from the first frame to the end of the file.
        header: the first frame's.

    Returns:
        The number, or None when a frame differs, is cut off, or anything but an ID3v1 tag follows the last.
    """
    if not header.frame_bytes:
        return None
    second, third, mono = stream[1], stream[2] & _FORMAT_BITS, stream[3] >= _MONO
    frames = place = 0
    while place + header.frame_bytes <= len(stream):
        if stream[place] != 0xFF or stream[place + 1] != second or stream[place + 2] & _FORMAT_BITS != third:
            break
        if (stream[place + 3] >= _MONO) != mono:
            break
        place += header.frame_bytes + (stream[place + 2] >> 1 & 1)
        frames += 1
    tail = stream[place:]
    whole = place == len(stream) or (tail[:3] == b"TAG" and len(tail) == ID3V1_BYTES)
    return frames if whole else None
