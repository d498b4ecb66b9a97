"""Decoding with FFmpeg's libraries: whatever libsndfile does not read exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import av
import numpy as np
from av.error import FFmpegError, InvalidDataError
from numpy.typing import NDArray

from govor.audio.block import Block, finite
from govor.audio.limits import BLOCK_S, DecodeLimits, block_frames
from govor.audio.source import EncodedAudio
from govor.errors import AudioError
from govor.shown import first_line

AV_FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,eac3,flac,flv,loas,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,"
    "nistsphere,nut,ogg,rm,sox,tak,tta,voc,w64,wav,wv,mpc,mpc8,dsf,spdif,g722,gsm,latm"
)
"""Containers FFmpeg may open; playlists and every format that names other files are not among them."""

_FRAME_SAMPLES = 8_192
"""Room for the frame that passes the end of a block; a longer one makes more."""
_DAMAGED = (InvalidDataError, av.error.PatchWelcomeError, av.error.UndefinedError, ValueError)
_TIMED = frozenset(("matroska", "mov", "ogg", "mpegts", "flv", "asf"))
"""Containers whose packets carry a time of their own; that of others is counted or guessed."""
_LEAST_HOLE_S, _MOST_HOLE_S = 0.1, 60.0
"""A jump of time between these is missing sound; less is rounding, more is a clock that began anew."""
_INT_SCALES = {"u1": 1 / 128, "i2": 1 / 32_768, "i4": 1 / 2_147_483_648}


class AvReader:
    """Decoding with FFmpeg's libraries."""

    decoder = "pyav"
    provisional = False
    declared_samples: int | None = None

    def __init__(self, source: EncodedAudio, limits: DecodeLimits) -> None:
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
        self._holes: list[tuple[int, int]] = []
        self._made = 0
        self._zero_s: float | None = None
        self.bits: int | None = None
        if self._stream.duration and self._stream.time_base and self.container not in ("mp3", "aac"):
            self.declared_samples = int(self._stream.duration * self._stream.time_base * self.rate)
        elif self.container == "matroska" and self._container.duration and len(self._container.streams) == 1:
            self.declared_samples = self._container.duration * self.rate // av.time_base

    def _open(self) -> tuple[Any, Any]:
        try:
            container = av.open(
                self._file,
                options={"format_whitelist": AV_FORMATS, "protocol_whitelist": "file"},
                metadata_errors="replace",
            )
        except (FFmpegError, ValueError, OSError) as error:
            why = f"{self._source.name}: no decoder opens it ({first_line(error)})"
            raise AudioError(why, "unreadable") from None
        if not container.streams.audio:
            container.close()
            raise AudioError(f"{self._source.name}: it holds no audio", "no_audio")
        stream = container.streams.audio[0]
        if stream.codec_context is None:
            raise AudioError(f"{self._source.name}: there is no decoder for its codec", "unsupported_codec")
        stream.codec_context.thread_count = 1
        return container, stream

    @property
    def holes(self) -> Sequence[tuple[int, int]]:
        """Samples between which silence stands for what is damaged or missing."""
        return self._holes

    def seek(self, sample: int) -> int:
        """Does not move: FFmpeg's times after a seek are not exact."""
        return 0

    def blocks(self, block_s: float = BLOCK_S) -> Iterator[Block]:
        """Blocks ``[T, C]``; what is damaged or missing becomes silence: what follows keeps its time."""
        wanted = block_frames(block_s, self.rate, self.channels)
        buffer = np.empty((self.channels, wanted + _FRAME_SAMPLES), np.float32)
        held = samples = 0
        for piece in self._pieces():
            stop = held + piece.shape[1]
            if stop > buffer.shape[1]:
                buffer = np.concatenate([buffer[:, :held], np.empty_like(piece)], axis=1)
            buffer[:, held:stop] = piece
            held = stop
            if held >= wanted:
                samples += held
                self._limits.check_length(samples, self.rate, self._source.name)
                yield self._ready(buffer[:, :held])
                held = 0
        if held:
            self._limits.check_length(samples + held, self.rate, self._source.name)
            yield self._ready(buffer[:, :held])

    def _ready(self, block: Block) -> Block:
        return (finite(block) if self.codec.startswith("pcm_f") else block).T

    def _pieces(self) -> Iterator[Block]:
        """Samples ``[C, T]`` of every frame, good until the next is asked for."""
        damaged = packets = 0
        try:
            for packet in self._container.demux(self._stream):
                packets += 1
                try:
                    frames = packet.decode()
                except _DAMAGED:
                    damaged += 1
                    yield from self._silence(self._samples_of(packet))
                    continue
                for frame in frames:
                    yield from self._silence(self._missing_before(frame))
                    yield self._counted(self._samples(frame))
        except (InvalidDataError, EOFError):
            pass
        except FFmpegError as error:
            raise self._corrupt(first_line(error)) from None
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
            return np.frombuffer(planes[0], np.float32, frame.samples)[None, :]
        values = frame.to_ndarray()
        channels = frame.layout.nb_channels
        self._limits.check_format(self.rate, channels, self._source.name)
        if values.shape[0] == 1 and channels > 1:
            values = values.reshape(-1, channels).T
        return _matched(_as_float(values), self.channels)

    def _counted(self, piece: Block) -> Block:
        self._made += piece.shape[1]
        return piece

    def _samples_of(self, packet: Any) -> int:
        """Samples in a packet that cannot be decoded, by what it says of itself."""
        if not (packet.duration and packet.time_base):
            return 0
        samples = int(packet.duration * packet.time_base * self.rate)
        return samples if samples <= 10 * self.rate else 0

    def _missing_before(self, frame: Any) -> int:
        """Samples that are not there, by the time of `frame`: its packets were lost or never sent."""
        if self.container not in _TIMED or frame.pts is None or not frame.time_base:
            return 0
        at_s, made_s = float(frame.pts * frame.time_base), self._made / self.rate
        if self._zero_s is None or not -_LEAST_HOLE_S < at_s - self._zero_s - made_s < _MOST_HOLE_S:
            self._zero_s = at_s - made_s
        missing_s = at_s - self._zero_s - made_s
        return round(missing_s * self.rate) if missing_s > _LEAST_HOLE_S else 0

    def _silence(self, samples: int) -> Iterator[Block]:
        if samples:
            goes_on = self._holes and self._holes[-1][1] == self._made
            start = self._holes.pop()[0] if goes_on else self._made
            self._holes.append((start, self._made + samples))
            yield self._counted(np.zeros((self.channels, samples), np.float32))

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
