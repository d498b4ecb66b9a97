"""How long an MP3 is, where that is certain.

libsndfile believes the Xing/Info header and, without one, guesses the length from the first frame's bit
rate: a real 153 s recording was cut at 115 s without an error. So it is used only where the header counts
frames and bytes, the bytes are those of the file, and the encoder's name stands with what it added; and for
clips without one whose frames, counted one by one, all have the bit rate of the first (as Common Voice's do).
There it gives FFmpeg's samples in less time. Bytes left unread at the end show that the count was too low.
Layout: the Xing header as LAME writes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from govor.audio.mp3_frames import ID3V1_BYTES, FrameHeader, count_alike
from govor.audio.source import EncodedAudio
from govor.errors import AudioError

_FRAMES_FLAG, _BYTES_FLAG, _SEEKING_FLAG, _QUALITY_FLAG = 1, 2, 4, 8
_SEEKING_BYTES, _QUALITY_BYTES = 100, 4
_GAPLESS_ENCODERS = (b"LAME", b"Lavf", b"Lavc")
"""Encoders that say what they added at both ends. Behind other names libsndfile takes away its own delay,
and FFmpeg nothing."""
_TAIL_TOLERANCE_BYTES = 2_048
_INDEX_BYTES = 192
"""Frame header, side information and the part of the index that is read."""
_VBRI_AT = 36
_COUNTED_BYTES = 8 << 20
"""Frames are counted in memory: larger files without a header are left to FFmpeg."""


class IndexMismatchError(AudioError):
    """The samples soundfile decoded are not those the MP3's index announced: decode with PyAV instead."""

    def __init__(self, name: str, announced: int, decoded: int) -> None:
        super().__init__(f"{name}: its index announces {announced} samples, {decoded} came", "index_mismatch")


@dataclass(frozen=True, slots=True)
class Mp3Index:
    """What a Xing or Info header says, or what was counted.

    Attributes:
        frames: MPEG frames after the header's own.
        stream_bytes: bytes of the stream, the header's frame included.
        samples_a_frame: 1,152 or 576.
        sample_rate: in Hz.
        counted: whether there is no such header, and the frames, all of one bit rate, were counted instead.
    """

    frames: int
    stream_bytes: int
    samples_a_frame: int
    sample_rate: int
    counted: bool = False

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


def trusted_index(source: EncodedAudio) -> Mp3Index | None:
    """How long `source` is, or None where that is not certain.

    Its Xing/Info header says so where it agrees with the file's size. Without one, the frames of a clip of
    constant bit rate are counted.
    """
    start, frame = _first_frame(source)
    header = FrameHeader.parse(frame)
    if header is None:
        return None
    tag = _xing(frame, header)
    if tag:
        announced = _index_of_header(tag, header)
        agrees = announced and abs(_missing_bytes(source, start, announced)) <= _TAIL_TOLERANCE_BYTES
        return announced if agrees and _encoder(tag) in _GAPLESS_ENCODERS else None
    if frame[_VBRI_AT : _VBRI_AT + 4] == b"VBRI":
        return None
    return _index_by_counting(source, start, header)


def cut_off_index(source: EncodedAudio) -> Mp3Index | None:
    """What the Xing/Info header of `source` announces, when the file ends before that does."""
    start, frame = _first_frame(source)
    header = FrameHeader.parse(frame)
    announced = _index_of_header(_xing(frame, header), header) if header else None
    if announced and _missing_bytes(source, start, announced) > _TAIL_TOLERANCE_BYTES:
        return announced
    return None


def _first_frame(source: EncodedAudio) -> tuple[int, bytes]:
    """Where the first frame begins, and its beginning."""
    start = id3v2_bytes(source.read_at(0, 10))
    return start, source.read_at(start, _INDEX_BYTES)


def _xing(frame: bytes, header: FrameHeader) -> bytes:
    """The Xing/Info header in the first frame, or nothing."""
    tag = frame[4 + header.side_bytes :]
    return tag if tag[:4] in (b"Xing", b"Info") else b""


def _index_by_counting(source: EncodedAudio, start: int, header: FrameHeader) -> Mp3Index | None:
    """The frames of a clip of constant bit rate."""
    if source.size_bytes > _COUNTED_BYTES:
        return None
    stream = source.read_at(start, source.size_bytes - start)
    frames = count_alike(stream, header)
    if not frames:
        return None
    return Mp3Index(frames, len(stream), header.samples, header.sample_rate, counted=True)


def _index_of_header(tag: bytes, header: FrameHeader) -> Mp3Index | None:
    """What a Xing/Info header says, when it counts both frames and bytes."""
    both = _FRAMES_FLAG | _BYTES_FLAG
    if _flags(tag) & both != both:
        return None
    frames, stream_bytes = int.from_bytes(tag[8:12], "big"), int.from_bytes(tag[12:16], "big")
    return Mp3Index(frames, stream_bytes, header.samples, header.sample_rate)


def _flags(tag: bytes) -> int:
    return int.from_bytes(tag[4:8], "big")


def _encoder(tag: bytes) -> bytes:
    """The first letters of the encoder's name in a Xing/Info header."""
    flags, place = _flags(tag), 16
    place += _SEEKING_BYTES if flags & _SEEKING_FLAG else 0
    place += _QUALITY_BYTES if flags & _QUALITY_FLAG else 0
    return tag[place : place + 4]


def _missing_bytes(source: EncodedAudio, start: int, announced: Mp3Index) -> int:
    """By how much the stream of `source` is shorter than announced."""
    tail = source.read_at(max(0, source.size_bytes - ID3V1_BYTES), 3)
    stream_bytes = source.size_bytes - start - (ID3V1_BYTES if tail == b"TAG" else 0)
    return announced.stream_bytes - stream_bytes
