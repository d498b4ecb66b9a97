"""Recordings as one stream of mono samples at the wanted rate, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import gcd
from pathlib import Path
from typing import cast

import numpy as np
import soxr
from numpy.typing import NDArray

from govor.audio.block import Block
from govor.audio.limits import DecodeLimits
from govor.audio.mp3 import IndexMismatchError
from govor.audio.reader import AudioReader, open_reader
from govor.audio.source import AudioSource, EncodedAudio, opened
from govor.errors import AudioError

Mono = NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
SEEK_FROM_S = 30.0
"""Spans that begin later than this are reached by seeking, where the decoder seeks exactly."""
PREROLL_S = 1.0
"""Seconds decoded before a seek's target: longer than the resampler's filter and a codec's memory."""
ANTIPHASE_DB = -12.0
"""Channels whose mean has so much less power than they have are one sound with opposite signs. Mixing costs
channels with nothing in common 3 dB, and so it does where one of two is silent."""


class Lane:
    """One channel (or the mix of all) on its way to the wanted rate, as one stream without seams.

    Args:
        channel: channel number, or None for the mean of all channels.
        rate: rate of the recording in Hz.
        sample_rate: wanted rate in Hz.
        upright: see `mono_blocks`.
    """

    def __init__(self, channel: int | None, rate: int, sample_rate: int, upright: bool = False) -> None:
        self.channel, self._upright = channel, upright
        self._resampler = None
        if rate != sample_rate:
            self._resampler = soxr.ResampleStream(rate, sample_rate, 1, dtype="float32", quality="HQ")

    def push(self, block: Block) -> Mono:
        """Samples ``[T']`` that are ready after `block` ``[T, C]``."""
        mono = _one_channel(block, self.channel)
        if self._upright and self.channel is None and _cancels(block, mono):
            mono = np.ascontiguousarray(block[:, 0])
        if self._resampler is None:
            return _own(mono, block)
        return cast(Mono, self._resampler.resample_chunk(mono))

    def finish(self) -> Mono:
        """The last samples ``[T']``."""
        nothing = np.empty(0, np.float32)
        if self._resampler is None:
            return nothing
        return cast(Mono, self._resampler.resample_chunk(nothing, last=True))


def mixed(block: Block, channel: int | None) -> Mono:
    """One channel of ``[T, C]``, or the mean of all, as its own contiguous ``[T]``."""
    return _own(_one_channel(block, channel), block)


def _own(mono: Mono, block: Block) -> Mono:
    """Samples that do not change with `block`."""
    return mono.copy() if np.may_share_memory(mono, block) else mono


def _one_channel(block: Block, channel: int | None) -> Mono:
    """As `mixed`, but the samples may be those of `block` itself."""
    if channel is not None or block.shape[1] == 1:
        return np.ascontiguousarray(block[:, channel or 0])
    if block.shape[1] == 2:
        mono: Mono = np.add(block[:, 0], block[:, 1])
        mono *= np.float32(0.5)
        return mono
    return cast(Mono, block.mean(axis=1, dtype=np.float32))


def _cancels(block: Block, mean: Mono) -> bool:
    """Whether the `mean` of the channels of ``[T, C]`` is next to silence and they are not."""
    if block.shape[1] == 1:
        return False
    each = block.ravel()
    mean_power = float(np.dot(each, each)) / block.shape[1]
    return bool(np.dot(mean, mean) < 10 ** (ANTIPHASE_DB / 10) * mean_power)


def check_channel(channel: int | None, reader: AudioReader, name: str) -> None:
    """Refuses a channel that the recording does not have.

    Raises:
        AudioError: ``no_such_channel``.
    """
    if channel is not None and not 0 <= channel < reader.channels:
        raise AudioError(
            f"{name}: channel {channel} asked for, it has {reader.channels} (numbered from 0)",
            "no_such_channel",
        )


def mono_blocks(
    source: AudioSource,
    *,
    sample_rate: int = SAMPLE_RATE_HZ,
    channel: int | None = None,
    limits: DecodeLimits | None = None,
    start: float | None = None,
    end: float | None = None,
    decoder: str = "auto",
    upright: bool = False,
    on_hole: Callable[[float, float], None] = lambda _start, _end: None,
) -> Iterator[Mono]:
    """Decodes `source` as a stream of mono blocks, in memory that does not grow with its length.

    The recording is mixed to mono (the mean of its channels) or one channel is taken, resampled as one stream
    with soxr at high quality, and only then cut at ``round(seconds * sample_rate)``: cutting leaves no edges.

    Args:
        source: path, URI or encoded bytes.
        sample_rate: wanted rate in Hz.
        channel: channel number from 0, or None for the mix.
        limits: bounds of the decode.
        start: seconds; None is the beginning.
        end: seconds; None is the end.
        decoder: ``auto``, ``soundfile`` or ``pyav``.
        upright: where channels cancel each other (one has its poles exchanged), take the first of them.
        on_hole: called in the end with the seconds of every stretch in which silence stands for what is
            damaged or missing.

    Yields:
        Float32 samples ``[T]``, -1..1, about a second each.

    Raises:
        AudioError: it cannot be decoded; ``code`` is the stable reason.
    """
    how = _How(sample_rate, channel, limits or DecodeLimits(), decoder, upright, on_hole)
    with opened(source, how.limits) as opened_source:
        first = round((start or 0.0) * sample_rate)
        last = None if end is None else round(end * sample_rate)
        given = 0
        try:
            for block in _span(opened_source, first, last, how):
                given += len(block)
                yield block
        except IndexMismatchError:
            yield from _span(opened_source, first + given, last, replace(how, decoder="pyav"))


@dataclass(frozen=True)
class _How:
    """The arguments of `mono_blocks` that say how it decodes."""

    sample_rate: int
    channel: int | None
    limits: DecodeLimits
    decoder: str
    upright: bool
    on_hole: Callable[[float, float], None]


def _span(source: EncodedAudio, first: int, last: int | None, how: _How) -> Iterator[Mono]:
    reader = open_reader(source, how.limits, how.decoder)
    try:
        check_channel(how.channel, reader, source.name)
        position = _seek_near(reader, first, how.sample_rate)
        for block in _resampled(reader, Lane(how.channel, reader.rate, how.sample_rate, how.upright)):
            low, high = first - position, len(block) if last is None else last - position
            position += len(block)
            piece = block[max(0, low) : max(0, high)]
            if len(piece):
                yield piece
            if last is not None and position >= last:
                return
    finally:
        reader.close()
        for start, end in reader.holes:
            how.on_hole(start / reader.rate, end / reader.rate)


def _seek_near(reader: AudioReader, first: int, sample_rate: int) -> int:
    """Seeks to shortly before output sample `first`; returns the output sample the reader stands at."""
    if first < SEEK_FROM_S * sample_rate or reader.decoder != "soundfile":
        return 0
    shared = gcd(reader.rate, sample_rate)
    step_in, step_out = reader.rate // shared, sample_rate // shared
    steps = int(first - PREROLL_S * sample_rate) // step_out
    if reader.seek(steps * step_in) != steps * step_in:
        reader.seek(0)
        return 0
    return steps * step_out


def _resampled(reader: AudioReader, lane: Lane) -> Iterator[Mono]:
    for block in reader.blocks():
        yield lane.push(block)
    yield lane.finish()


def load_mono(
    source: AudioSource,
    *,
    sample_rate: int = SAMPLE_RATE_HZ,
    channel: int | None = None,
    start: float | None = None,
    end: float | None = None,
    limits: DecodeLimits | None = None,
) -> Mono:
    """All samples ``[T]`` of `source` (or of its span), float32; arguments as in `mono_blocks`.

    Raises:
        AudioError: it cannot be decoded, or holds not one sample (``no_samples``).
    """
    blocks = list(
        mono_blocks(source, sample_rate=sample_rate, channel=channel, start=start, end=end, limits=limits)
    )
    if not sum(map(len, blocks)):
        name = "audio in memory" if isinstance(source, bytes) else source
        raise AudioError(f"{name}: there are no samples in it", "no_samples")
    return np.concatenate(blocks)


def send_blocks(
    path: str, sample_rate: int, max_s: float, max_bytes: int, *, report: Callable[[Mono], None]
) -> int:
    """Runs in a guarded child: decodes `path` and reports every block; returns the number of samples.

    It stands here, and not with who asks for it, because a child imports the module that it runs.
    """
    limits = DecodeLimits(max_s=max_s, max_bytes=max_bytes)
    samples = 0
    for block in mono_blocks(Path(path), sample_rate=sample_rate, limits=limits):
        samples += len(block)
        report(block)
    return samples
