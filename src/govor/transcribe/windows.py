"""A stream of samples cut into windows that a recogniser can take, in memory that does not grow.

Two ways: at pauses of speech (`cut_at_pauses`), or fixed chunks that overlap by a stride on both sides
(`cut_fixed`). Windows without speech are never made. Where no pause is found in time, the cut is forced, and
the next window begins earlier, so that the word at the cut is whole in one of the two (see ``merge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from govor.audio.voice import SURE
from govor.errors import UsageError
from govor.transcribe.cuts import CLOSE_PAD_S, LONG_PAUSE_S, PAD_S, choose_cut, frames, halves_of
from govor.transcribe.speech import FRAME_S, Levels, frame_levels, runs, speech_frames, voiced_frames

if TYPE_CHECKING:
    from govor.audio.voice import SpeechStream
    from govor.config import TranscribeConfig

Samples = NDArray[np.float32]
Region = tuple[float, float]

DEFAULT_WINDOW_S = 20.0
HISTORY_S = 30.0
COMFORTABLE_S = 25.0
"""Windows of models with a fixed one, unless others are asked for: longer ones cost most, and a model takes
the end for cut off where speech fills its window."""
ROOM_S = 1.0
"""Left free behind speech in them, for the pause that they end in."""
LOOKAHEAD_FRAMES = 2
"""What a neural detector needs to hear behind the last frame that it is asked about."""


@dataclass(frozen=True)
class Window:
    """Samples that are recognised together.

    Attributes:
        start: seconds from the beginning of the recording.
        samples: mono ``[T]``, float32.
        sample_rate: in Hz.
        speech: seconds in the recording between which something is to be heard.
        overlaps: it begins before the end of the window that came before it.
        overlapped: the window that follows may begin before its end.
        regions: seconds in the recording between which somebody speaks without a pause.
        voiced_s: seconds in which a neural detector is sure of speech; None where there is no such detector.
        whole: it is all of the recording, to be heard as a clip of a data set is.
    """

    start: float
    samples: Samples
    sample_rate: int
    speech: tuple[float, float]
    overlaps: bool = False
    overlapped: bool = False
    regions: tuple[Region, ...] = ()
    voiced_s: float | None = None
    whole: bool = False

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording."""
        return self.start + self.duration

    def part(self, start_s: float, end_s: float) -> Window:
        """The window of a stretch of this one, given in the recording's seconds."""
        first = max(0, round((start_s - self.start) * self.sample_rate))
        samples = self.samples[first : max(first + 1, round((end_s - self.start) * self.sample_rate))]
        regions = tuple(
            (max(a, start_s), min(b, end_s)) for a, b in self.regions if a < end_s and b > start_s
        )
        speech = (regions[0][0], regions[-1][1]) if regions else (start_s, end_s)
        return Window(
            self.start + first / self.sample_rate,
            samples,
            self.sample_rate,
            speech,
            regions=regions,
            voiced_s=None if self.voiced_s is None else min(self.voiced_s, sum(b - a for a, b in regions)),
        )


class Buffer:
    """The part of a stream that is still needed, with its frame levels and those before it.

    Positions are frames of 20 ms; ``first_frame`` is the recording's frame at which the buffer begins.
    """

    def __init__(
        self,
        blocks: Iterable[Samples],
        sample_rate: int,
        voice: SpeechStream | None = None,
        keep_levels: bool = False,
    ) -> None:
        self.voice = voice
        self.sample_rate = sample_rate
        self.frame_samples = round(FRAME_S * sample_rate)
        self.first_frame = 0
        self.exhausted = False
        self.read_samples = 0
        self.samples = np.zeros(0, dtype=np.float32)
        self.levels = np.zeros((0, 2), dtype=np.float32)
        self.history = np.zeros((0, 2), dtype=np.float32)
        self._blocks = iter(blocks)
        self._kept: list[Levels] | None = [] if keep_levels else None

    def fill(self, frames: int) -> None:
        """Reads until `frames` frames are there or the stream ends; its last frame is filled with zeros."""
        pieces, have = [self.samples], len(self.samples)
        while have < (frames + LOOKAHEAD_FRAMES) * self.frame_samples and not self.exhausted:
            block = next(self._blocks, None)
            if block is None:
                self.exhausted = True
                block = np.zeros(-have % self.frame_samples, dtype=np.float32)
            else:
                self.read_samples += len(block)
            if self.voice is not None:
                self.voice.hear(np.asarray(block, dtype=np.float32))
            pieces.append(np.asarray(block, dtype=np.float32))
            have += len(block)
        if len(pieces) > 1:
            self.samples = np.concatenate(pieces)
            fresh = self.samples[len(self.levels) * self.frame_samples :]
            levels = frame_levels(fresh, self.frame_samples)
            self.levels = np.concatenate([self.levels, levels])
            if self._kept is not None:
                self._kept.append(levels)

    def kept_levels(self) -> Levels | None:
        """Those of all whole frames so far ``[N, 2]``; None where they are not kept."""
        if self._kept is None:
            return None
        whole = self.read_samples // self.frame_samples
        return np.concatenate([np.zeros((0, 2), np.float32), *self._kept])[:whole]

    def ends_within(self, frames: int) -> bool:
        """Whether the stream ends before so many frames are over."""
        return self.exhausted and len(self.levels) <= frames

    def drop(self, frames: int) -> None:
        """Forgets the first `frames` frames except for their levels."""
        keep = round(HISTORY_S / FRAME_S)
        self.history = np.concatenate([self.history, self.levels[:frames]])[-keep:]
        self.levels = self.levels[frames:]
        self.samples = self.samples[frames * self.frame_samples :].copy()
        self.first_frame += frames

    def speech(self, frames: int) -> NDArray[np.bool_]:
        """Which of the first `frames` frames may hold speech."""
        if self.voice is None:
            return self.loud(frames)
        return voiced_frames(self._voiced(len(self.levels)))[:frames]

    def loud(self, frames: int) -> NDArray[np.bool_]:
        """The same by levels alone."""
        return speech_frames(self.levels, self.history)[:frames]

    def _voiced(self, frames: int) -> NDArray[np.float32]:
        assert self.voice is not None
        return self.voice.frames(self.first_frame, frames, self.frame_samples)

    def window(self, mask: NDArray[np.bool_], overlaps: bool, overlapped: bool) -> Window:
        """The window of the buffer's first frames, `mask` saying which of them hold speech.

        It ends with the recording: what fills the last frame is not part of it.
        """
        real = self.read_samples - self.first_frame * self.frame_samples
        samples = self.samples[: min(real, len(mask) * self.frame_samples)].copy()
        spoken = np.flatnonzero(mask)
        end_s = min(self.seconds(int(spoken[-1]) + 1), self.read_samples / self.sample_rate)
        speech = self.seconds(int(spoken[0])), end_s
        regions = tuple((self.seconds(a), min(self.seconds(b), end_s)) for a, b in runs(mask))
        sure = None if self.voice is None else float((self._voiced(len(mask)) > SURE).sum()) * FRAME_S
        return Window(self.seconds(0), samples, self.sample_rate, speech, overlaps, overlapped, regions, sure)

    def seconds(self, frame: int) -> float:
        """Time in the recording of a buffer frame."""
        return (self.first_frame + frame) * self.frame_samples / self.sample_rate


def cut(buffer: Buffer, config: TranscribeConfig, max_window_s: float | None) -> Iterator[Window]:
    """Windows of a stream, as `config` asks and no longer than the recogniser takes.

    Raises:
        UsageError: the recogniser's windows are too short for the strides.
    """
    if config.chunk is not None:
        longest_s = min(config.chunk, max_window_s or config.chunk)
        if longest_s <= 2 * config.stride:
            raise UsageError(
                f"windows are at most {longest_s:g} s here, two strides of {config.stride:g} s leave nothing "
                "of them: use a shorter --stride"
            )
        return cut_fixed(buffer, longest_s, config.stride)
    longest_s = config.window or max_window_s or DEFAULT_WINDOW_S
    whole = whole_window(buffer, min(longest_s, max_window_s or longest_s))
    if whole is not None:
        return iter([whole])
    if max_window_s is None:
        return cut_at_pauses(buffer, longest_s, full=False)
    return cut_at_pauses(buffer, min(config.window or COMFORTABLE_S, max_window_s))


def whole_window(buffer: Buffer, longest_s: float) -> Window | None:
    """The whole recording as one window, sample for sample, if it is short and has no long pause.

    So a clip of a data set is heard here just as evaluation hears it.
    """
    length = max(2, int(longest_s / FRAME_S))
    buffer.fill(length + 1)
    if not buffer.ends_within(length):
        return None
    mask = buffer.speech(length)
    if not mask.any() or any(b - a >= frames(LONG_PAUSE_S) for a, b in runs(~mask)):
        return None
    return replace(buffer.window(mask, overlaps=False, overlapped=False), whole=True)


def cut_fixed(buffer: Buffer, chunk_s: float, stride_s: float) -> Iterator[Window]:
    """Windows of `chunk_s` that begin ``chunk_s - 2 * stride_s`` apart; silent ones are left out."""
    length = max(1, round(chunk_s / FRAME_S))
    step = max(1, length - 2 * round(stride_s / FRAME_S))
    overlaps = False
    while True:
        buffer.fill(length + 1)
        mask = buffer.speech(length)
        last = buffer.ends_within(length)
        if mask.any():
            yield buffer.window(mask, overlaps, step < length)
        overlaps = bool(mask.any()) and step < length
        if last:
            return
        buffer.drop(step)


def cut_at_pauses(buffer: Buffer, longest_s: float, full: bool = True) -> Iterator[Window]:
    """Windows of at most `longest_s` that begin and end in pauses where there are any.

    Args:
        buffer: the stream.
        longest_s: what the recogniser takes.
        full: windows as long as can be, for recognisers whose windows cost the same whatever their length;
            others get theirs cut at the first pause, with little silence around, like the utterances they
            were trained on.
    """
    most, pad = max(2, int(longest_s / FRAME_S)), frames(PAD_S if full else CLOSE_PAD_S)
    length = max(most // 2, most - frames(ROOM_S)) if full else most
    reach = 2 * length if full else length
    overlaps = False
    while True:
        buffer.fill(reach + 1)
        mask, whole = buffer.speech(length), buffer.ends_within(length)
        if not mask.any():
            if whole:
                return
            buffer.drop(max(1, len(mask) - pad))
            overlaps = False
            continue
        lead = max(0, int(np.argmax(mask)) - pad)
        if lead and not overlaps:
            buffer.drop(lead)
            continue
        ahead = buffer.speech(reach) if full else mask
        halves = halves_of(ahead, length, buffer.ends_within(reach)) if full else None
        cut = choose_cut(ahead, length, most, full=full, whole=whole, halves=halves)
        if cut.forced and buffer.voice is not None:  # pauses that are too short for the detector
            loud = ahead & buffer.loud(len(ahead))
            cut = choose_cut(loud, length, most, full=full, whole=whole, halves=halves)
        yield buffer.window(ahead[: cut.end], overlaps, cut.forced)
        if buffer.exhausted and cut.following >= len(buffer.levels):
            return
        buffer.drop(cut.following)
        overlaps = cut.forced
