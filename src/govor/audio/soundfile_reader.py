"""Decoding with libsndfile: what it reads exactly."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import soundfile as sf

from govor.audio.block import Block, finite
from govor.audio.limits import BLOCK_S, DecodeLimits, block_frames
from govor.audio.mp3 import IndexMismatchError, Mp3Index
from govor.audio.source import EncodedAudio
from govor.errors import AudioError

SOUNDFILE_SUBTYPES = frozenset(
    ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "VORBIS", "OPUS")
)
"""Subtypes decoded by libsndfile; its ADPCM decoders have known overflows and are left to FFmpeg."""

SMALL_PIECE = 1_024
"""Samples; a frame of FLAC, which is damaged as a whole, has 4,096 most often."""
UNREAD_BYTES = {"flac": 1_024, "mp3": 8_192}
"""These decoders stop where the header says the end is. More than this behind it (tags, the frames that an
MP3 is padded with) means that the header is wrong."""


class NotForSoundfileError(Exception):
    """libsndfile does not open it, or does not read it exactly."""


class _Forward(sf.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file read from one end to the other.

    soundfile seeks after every read to where it stands. In an MP3 that starts the decoder again in the middle
    of a frame, without the earlier frames that this one draws on: the sound is wrong up to the frame's end.
    """

    def seekable(self) -> bool:
        """No, so that `read` does not seek; `seek` itself does not ask."""
        return False


class SoundfileReader:
    """Decoding with libsndfile."""

    decoder = "soundfile"
    holes: Sequence[tuple[int, int]] = ()

    def __init__(self, source: EncodedAudio, limits: DecodeLimits, index: Mp3Index | None = None) -> None:
        self._source, self._limits, self._index = source, limits, index
        self._raw = source.open()
        try:
            self._file = _decoder(source, self._raw)
        except sf.LibsndfileError:
            self._raw.close()
            raise NotForSoundfileError from None
        except BaseException:
            self._raw.close()
            raise
        self.rate, self.channels = self._file.samplerate, self._file.channels
        self.container, self.codec = self._file.format.lower(), self._file.subtype.lower()
        self.bits = _bits(self._file.subtype)
        self.provisional = index is not None
        self._announced = index.samples if index and index.counted else self._file.frames
        self.declared_samples: int | None = self._announced if self._announced < 2**62 else None
        try:
            self._check(limits)
        except BaseException:
            self.close()
            raise

    def _check(self, limits: DecodeLimits) -> None:
        if self._file.subtype not in SOUNDFILE_SUBTYPES and not self._index:
            raise NotForSoundfileError
        limits.check_format(self.rate, self.channels, self._source.name)
        if self._index and not _believable(self._file.frames, self._index):
            raise NotForSoundfileError

    def seek(self, sample: int) -> int:
        """Moves to `sample` (exact for everything soundfile is used for here)."""
        return int(self._file.seek(min(sample, self._announced)))

    def blocks(self, block_s: float = BLOCK_S) -> Iterator[Block]:
        """Blocks ``[T, C]``; one buffer is filled again and again."""
        buffer = np.empty((block_frames(block_s, self.rate, self.channels), self.channels), np.float32)
        samples, start = 0, self._file.tell()
        may_hold_nan = self.codec in ("float", "double")
        end = self._announced if self.container == "flac" else sys.maxsize  # libFLAC would read on unheard
        while len(room := buffer[: end - start - samples]):
            try:
                block = self._file.read(out=room)
            except (sf.LibsndfileError, RuntimeError) as error:
                if self._index:
                    raise IndexMismatchError(self._source.name, self._announced, start + samples) from None
                for piece in self._before_damage(start + samples):
                    samples += len(piece)
                    yield piece
                reached_s = (start + samples) / self.rate
                raise AudioError(
                    f"{self._source.name}: damaged after {reached_s:.2f} s ({error})", "corrupt"
                ) from None
            samples += len(block)
            self._limits.check_length(start + samples, self.rate, self._source.name)
            if len(block):
                yield finite(block) if may_hold_nan else block
            if len(block) < len(buffer):
                break
        come_short = self._index is not None and start + samples != self._announced
        if come_short or self._unread_bytes() > UNREAD_BYTES.get(self.container, sys.maxsize):
            raise IndexMismatchError(self._source.name, self._announced, start + samples)

    def _before_damage(self, sample: int) -> Iterator[Block]:
        """Small pieces from `sample` on, as far as they can be read: a whole block met with damage."""
        if self.container != "flac":
            return
        with self._source.open() as raw, _decoder(self._source, raw) as file:
            try:
                file.seek(sample)
                while len(piece := file.read(SMALL_PIECE, dtype="float32", always_2d=True)):
                    yield piece
            except (sf.LibsndfileError, RuntimeError):
                return

    def _unread_bytes(self) -> int:
        if self._source.path is None:
            return self._source.size_bytes - self._raw.tell()
        return self._source.size_bytes - os.lseek(self._raw.fileno(), 0, os.SEEK_CUR)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
        self._raw.close()


def _decoder(source: EncodedAudio, raw: BinaryIO) -> _Forward:
    """libsndfile on `raw`, the opened `source`."""
    return _Forward(raw if source.path is None else raw.fileno(), closefd=False)


def _believable(frames: int, index: Mp3Index) -> bool:
    """Whether libsndfile's length `frames` lets all samples through that `index` tells of.

    A header also says what an encoder added at both ends, which libsndfile takes away. Without one,
    libsndfile guesses, and reads no further than that.
    """
    if index.counted:
        return frames >= index.samples
    return abs(frames - index.samples) <= 4 * 1_152


def _bits(subtype: str) -> int | None:
    known = {"FLOAT": 32, "DOUBLE": 64, "ULAW": 8, "ALAW": 8, "PCM_S8": 8, "PCM_U8": 8}
    if subtype in known:
        return known[subtype]
    return int(subtype[4:]) if subtype.startswith("PCM_") else None
