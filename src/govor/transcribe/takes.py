"""What is heard of a recording: a stretch of it, its channels mixed or one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.config import TranscribeConfig
from govor.config.clip import clip_of
from govor.errors import AudioError
from govor.transcribe.damage import readable_blocks
from govor.transcribe.transcript import Segment, Stretch, Transcript

SPLIT = "split"


@dataclass(frozen=True)
class Take:
    """A stretch of one channel, or of the mix.

    Attributes:
        start: seconds.
        end: seconds, or None for the recording's end.
        channel: from 0, or None for the mix.
    """

    start: float = 0.0
    end: float | None = None
    channel: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the mix of the whole recording."""
        return self == Take()

    @property
    def speaker(self) -> str | None:
        """What the channel's tier is called."""
        return None if self.channel is None else f"channel {self.channel + 1}"

    def placed(self, transcript: Transcript) -> Transcript:
        """What was heard of this take, at its place in the recording."""
        segments = tuple(self._in_recording(segment) for segment in transcript.segments)
        lost: tuple[Stretch, ...] = tuple(
            {"start": one["start"] + self.start, "end": one["end"] + self.start} for one in transcript.lost
        )
        return replace(transcript, segments=segments, lost=lost, offset=self.start)

    def _in_recording(self, segment: Segment) -> Segment:
        words = tuple(word.shifted(self.start) for word in segment.words)
        begin, end = segment.start + self.start, segment.end + self.start
        return replace(segment, start=begin, end=end, words=words, speaker=self.speaker)


def takes_of(config: TranscribeConfig, channels: int) -> list[Take]:
    """What the settings ask for of a recording with so many channels."""
    start, end = clip_of(config.clip) if config.clip else (0.0, None)
    if config.channels == SPLIT and channels > 1:
        return [Take(start, end, channel) for channel in range(channels)]
    return [Take(start, end)]


class Sounding:
    """The blocks of a take; a file that is damaged further on ends where it can no longer be decoded.

    Attributes:
        damage: why it ended early or has holes, or None; known when all blocks have come.
    """

    def __init__(self, path: Path, take: Take, sample_rate: int) -> None:
        self._path, self._take, self._sample_rate = path, take, sample_rate
        self.damage: str | None = None

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        take = self._take
        blocks = readable_blocks(self._path, self._sample_rate, take.channel, take.start or None, take.end)
        yield from blocks
        self.damage = blocks.damage
        if not blocks.samples and take.start:
            raise AudioError(
                f"{self._path} ends before {take.start:g} s, where --clip begins: name an earlier stretch",
                "clip_outside",
            )


def together(transcripts: Sequence[Transcript]) -> Transcript:
    """The transcripts of a recording's channels as one, in order of time."""
    first = transcripts[0]
    if len(transcripts) == 1:
        return first
    segments = sorted((s for one in transcripts for s in one.segments), key=lambda s: (s.start, s.end))
    lost = sorted((s for one in transcripts for s in one.lost), key=lambda s: (s["start"], s["end"]))
    longest = max(transcripts, key=lambda one: one.duration)
    decode_s = sum(one.timing.get("decode_s", 0.0) for one in transcripts)
    rtf = round(decode_s / longest.duration, 5) if longest.duration else 0.0
    return replace(
        first,
        duration=longest.duration,
        language=max(transcripts, key=_letters).language,
        segments=tuple(segments),
        timing={**first.timing, "decode_s": round(decode_s, 3), "rtf": rtf},
        damage=next((one.damage for one in transcripts if one.damage), None),
        lost=tuple(lost),
    )


def _letters(transcript: Transcript) -> int:
    return len(transcript.text)
