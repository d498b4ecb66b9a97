"""Decoders: blocks of float32 samples at the recording's own rate.

soundfile reads what libsndfile reads exactly (WAV, FLAC, Ogg, Opus, and MP3 with a trustworthy index); PyAV
reads everything else. Content decides, never the extension.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import av
import numpy as np
import soundfile as sf
from av.error import FFmpegError, InvalidDataError
from numpy.typing import NDArray

from govor.audio.limits import BLOCK_S, DecodeLimits
from govor.audio.mp3 import Mp3Index, id3v2_bytes, looks_like_mp3, trusted_index
from govor.audio.source import Source
from govor.errors import AudioError

Block = NDArray[np.float32]

SOUNDFILE_SUBTYPES = frozenset(
    ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "VORBIS", "OPUS")
)
"""Subtypes decoded by libsndfile; its ADPCM decoders have known overflows and are left to FFmpeg."""

AV_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,loas,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,"
    "nistsphere,nut,ogg,rm,sox,tak,tta,voc,w64,wav,wv,mpc,mpc8,dsf,spdif,g722,gsm,latm"
)
"""Containers FFmpeg may open; playlists and every format that names other files are not among them."""

FLAC_UNREAD_BYTES = 32_768
"""libFLAC stops where the header says the end is; more than this behind it means that the header is wrong."""

_DAMAGED = (InvalidDataError, av.error.PatchWelcomeError, av.error.UndefinedError, ValueError)
_INT_SCALES = {"u1": 1 / 128, "i2": 1 / 32_768, "i4": 1 / 2_147_483_648}
_SOUNDFILE_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff", b".snd", b"NIST", b"riff")


class IndexMismatchError(AudioError):
    """The samples soundfile decoded are not those the MP3's index announced: decode with PyAV instead."""

    def __init__(self, name: str, announced: int, decoded: int) -> None:
        super().__init__(f"{name}: its index announces {announced} samples, {decoded} came", "index_mismatch")


class Reader(Protocol):
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

    def blocks(self) -> Iterator[Block]:
        """Blocks ``[T, C]``, -1..1; a block may be overwritten by the next."""

    def seek(self, sample: int) -> int:
        """Moves to `sample` where that is exact; returns the sample it stands at."""

    def close(self) -> None:
        """Lets go of the file."""


def open_reader(source: Source, limits: DecodeLimits, decoder: str = "auto") -> Reader:
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
        try:
            return SoundfileReader(source, limits, index)
        except (sf.LibsndfileError, _NotForSoundfileError):
            pass
    return AvReader(source, limits)


def _choose(source: Source) -> tuple[str, Mp3Index | None]:
    head = source.read_at(0, 16)
    if head[:4] in _SOUNDFILE_MAGIC:
        return "soundfile", None
    start = id3v2_bytes(head)
    if looks_like_mp3(source.read_at(start, 4) if start else head):
        index = trusted_index(source)
        return ("soundfile" if index else "pyav"), index
    return "pyav", None


def indexed(source: Source) -> bool:
    """Whether `source` is an MP3 that is decoded by its own index, which its end may prove wrong."""
    return _choose(source)[1] is not None


class _NotForSoundfileError(Exception):
    pass


class SoundfileReader:
    """Decoding with libsndfile."""

    decoder = "soundfile"

    def __init__(self, source: Source, limits: DecodeLimits, index: Mp3Index | None = None) -> None:
        self._source, self._limits, self._index = source, limits, index
        self._raw = source.open()
        try:
            file = self._raw if source.path is None else self._raw.fileno()
            self._file = sf.SoundFile(file, closefd=False)
        except BaseException:
            self._raw.close()
            raise
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.container, self.codec = self._file.format.lower(), self._file.subtype.lower()
        self.bits = _bits(self._file.subtype)
        self.provisional = index is not None
        self._announced = self._file.frames
        self.declared_samples: int | None = self._announced if self._announced < 2**62 else None
        try:
            self._check(limits)
        except BaseException:
            self.close()
            raise

    def _check(self, limits: DecodeLimits) -> None:
        if self._file.subtype not in SOUNDFILE_SUBTYPES and not self._index:
            raise _NotForSoundfileError
        limits.check_format(self.rate, self.channels, self._source.name)
        if self._index and abs(self._announced - self._index.samples) > 4 * 1_152:
            raise _NotForSoundfileError

    def seek(self, sample: int) -> int:
        """Moves to `sample` (exact for everything soundfile is used for here)."""
        return int(self._file.seek(min(sample, self._announced)))

    def blocks(self) -> Iterator[Block]:
        """Blocks ``[T, C]``; one buffer is filled again and again."""
        buffer = np.empty((max(1, int(BLOCK_S * self.rate)), self.channels), np.float32)
        samples, start = 0, self._file.tell()
        clean = self.codec in ("float", "double")
        while True:
            try:
                block = self._file.read(out=buffer)
            except (sf.LibsndfileError, RuntimeError) as error:
                if self._index:
                    raise IndexMismatchError(self._source.name, self._announced, start + samples) from None
                raise AudioError(f"{self._source.name}: damaged after {samples / self.rate:.2f} s ({error})",
                                 "corrupt") from None  # fmt: skip
            samples += len(block)
            self._limits.check_length(start + samples, self.rate, self._source.name)
            if len(block):
                yield _finite(block) if clean else block
            if len(block) < len(buffer):
                break
        if self._index and start + samples != self._announced:
            raise IndexMismatchError(self._source.name, self._announced, start + samples)
        if self.container == "flac" and self._unread_bytes() > FLAC_UNREAD_BYTES:
            raise IndexMismatchError(self._source.name, self._announced, start + samples)

    def _unread_bytes(self) -> int:
        if self._source.path is None:
            return 0
        return self._source.size_bytes - os.lseek(self._raw.fileno(), 0, os.SEEK_CUR)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
        self._raw.close()


class AvReader:
    """Decoding with FFmpeg's libraries."""

    decoder = "pyav"
    provisional = False
    declared_samples: int | None = None

    def __init__(self, source: Source, limits: DecodeLimits) -> None:
        self._source, self._limits = source, limits
        self._file: BinaryIO = source.open()
        try:
            self._container, self._stream = self._open()
            context = self._stream.codec_context
            self.rate, self.channels = int(context.sample_rate or 0), int(context.channels or 0)
            limits.check_format(self.rate, self.channels, source.name)
        except BaseException:
            self._file.close()
            raise
        self.container = self._container.format.name.split(",")[0]
        self.codec = context.codec.canonical_name
        self.bits: int | None = None
        if self._stream.duration and self._stream.time_base and self.container not in ("mp3", "aac"):
            self.declared_samples = int(self._stream.duration * self._stream.time_base * self.rate)

    def _open(self) -> tuple[Any, Any]:
        try:
            container = av.open(
                self._file,
                options={"format_whitelist": AV_FORMATS, "protocol_whitelist": "file"},
                metadata_errors="replace",
            )
        except (FFmpegError, ValueError, OSError) as error:
            why = f"{self._source.name}: no decoder opens it ({_short(error)})"
            raise AudioError(why, "unreadable") from None
        if not container.streams.audio:
            container.close()
            raise AudioError(f"{self._source.name}: it holds no audio", "no_audio")
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise AudioError(f"{self._source.name}: there is no decoder for its codec", "unsupported_codec")
        stream.codec_context.thread_count = 1
        return container, stream

    def seek(self, sample: int) -> int:
        """Does not move: FFmpeg's times after a seek are not exact."""
        return 0

    def blocks(self) -> Iterator[Block]:
        """Blocks ``[T, C]``; damaged packets become silence, so that what follows keeps its time."""
        pieces: list[Block] = []
        held = samples = 0
        for piece in self._pieces():
            pieces.append(piece)
            held += piece.shape[1]
            if held >= BLOCK_S * self.rate:
                samples += held
                self._limits.check_length(samples, self.rate, self._source.name)
                yield self._joined(pieces)
                pieces, held = [], 0
        if pieces:
            self._limits.check_length(samples + held, self.rate, self._source.name)
            yield self._joined(pieces)

    def _joined(self, pieces: list[Block]) -> Block:
        block = np.concatenate(pieces, axis=1)
        return (_finite(block) if self.codec.startswith("pcm_f") else block).T

    def _pieces(self) -> Iterator[Block]:
        """Samples ``[C, T]`` of every frame."""
        damaged = packets = 0
        try:
            for packet in self._container.demux(self._stream):
                packets += 1
                try:
                    frames = packet.decode()
                except _DAMAGED:
                    damaged += 1
                    yield from self._silence(packet)
                    continue
                for frame in frames:
                    yield self._samples(frame)
        except (InvalidDataError, EOFError):
            pass
        except FFmpegError as error:
            raise self._corrupt(_short(error)) from None
        if damaged > max(1, packets * self._limits.max_damaged_share):
            raise self._corrupt(f"{damaged} of {packets} packets are damaged")

    def _samples(self, frame: Any) -> Block:
        if frame.sample_rate != self.rate:
            raise AudioError(
                f"{self._source.name}: its sample rate changes from {self.rate} to {frame.sample_rate} Hz",
                "rate_changes",
            )
        planes = frame.planes
        if self.channels == 1 == len(planes) and frame.format.name in ("fltp", "flt"):
            return np.frombuffer(planes[0], np.float32, frame.samples)[None, :].copy()
        values = frame.to_ndarray()
        channels = frame.layout.nb_channels
        self._limits.check_format(self.rate, channels, self._source.name)
        if values.shape[0] == 1 and channels > 1:
            values = values.reshape(-1, channels).T
        return _matched(_as_float(values), self.channels)

    def _silence(self, packet: Any) -> Iterator[Block]:
        if packet.duration and packet.time_base:
            samples = int(packet.duration * packet.time_base * self.rate)
            if 0 < samples <= 10 * self.rate:
                yield np.zeros((self.channels, samples), np.float32)

    def _corrupt(self, why: str) -> AudioError:
        return AudioError(f"{self._source.name}: damaged ({why})", "corrupt")

    def close(self) -> None:
        """Lets go of the file."""
        self._container.close()
        self._file.close()


def _as_float(values: NDArray[Any]) -> Block:
    kind = values.dtype.str[1:]
    if kind == "f4" or kind == "f8":
        return values.astype(np.float32, copy=False)
    scaled = values.astype(np.float32)
    if kind == "u1":
        scaled -= 128.0
    scaled *= _INT_SCALES.get(kind, 1.0)
    return scaled


def _matched(block: Block, channels: int) -> Block:
    if block.shape[0] == channels:
        return block
    return np.repeat(block.mean(axis=0, keepdims=True), channels, axis=0)


def _finite(block: Block) -> Block:
    if np.isfinite(block.sum()):
        return block
    return np.nan_to_num(block, copy=True, nan=0.0, posinf=1.0, neginf=-1.0)


def _bits(subtype: str) -> int | None:
    known = {"FLOAT": 32, "DOUBLE": 64, "ULAW": 8, "ALAW": 8, "PCM_S8": 8, "PCM_U8": 8}
    if subtype in known:
        return known[subtype]
    return int(subtype[4:]) if subtype.startswith("PCM_") else None


def _short(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
