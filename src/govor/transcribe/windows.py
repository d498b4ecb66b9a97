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
EDGE_S = 0.5
"""A begin or end so near to a gap lies on its far or near side: models round, and there is some silence."""
KEPT_PAUSE_S = 1.1
"""Of a longer pause within a window; Whisper-base wrote as well with 0.6 to 1.2 s, and worse with 1.6 s."""
LONGEST_PAUSE_S = 10.0
"""Of those that a window reaches over: behind a longer one something new begins."""
LEAST_SURE = 0.5
"""Share of the frames between two long pauses that are speech for sure: noise stays by itself."""
LOOKAHEAD_FRAMES = 2
"""What a neural detector needs to hear behind the last frame that it is asked about."""


@dataclass(frozen=True)
class Window:
    """Samples that are recognised together.

    Attributes:
        start: seconds from the beginning of the recording.
        samples: mono ``[T]``, float32, without the gaps.
        sample_rate: in Hz.
        speech: seconds in the recording between which something is to be heard.
        overlaps: it begins before the end of the window that came before it.
        overlapped: the window that follows may begin before its end.
        regions: seconds in the recording between which somebody speaks without a pause.
        voiced_s: seconds in which a neural detector is sure of speech; None where there is no such detector.
        whole: it is all of the recording, to be heard as a clip of a data set is.
        gaps: seconds in the recording between which nobody speaks, and whose samples were left out.
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
    gaps: tuple[Region, ...] = ()

    @property
    def heard_s(self) -> float:
        """Seconds of its sound, without gaps."""
        return len(self.samples) / self.sample_rate

    @property
    def duration(self) -> float:
        """Seconds of the recording from its start to its end."""
        return self.heard_s + sum(end - start for start, end in self.gaps)

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording."""
        return self.start + self.duration

    def begin_at(self, heard_s: float) -> float:
        """Where in the recording what begins so far into the sound begins, from the window's start."""
        placed = heard_s
        for start, end in self.gaps:
            if placed < start - self.start - EDGE_S:
                break
            placed = max(placed, start - self.start) + end - start
        return placed

    def end_at(self, heard_s: float) -> float:
        """The same of what ends there."""
        placed = heard_s
        for start, end in self.gaps:
            if placed <= start - self.start + EDGE_S:
                return min(placed, start - self.start)
            placed += end - start
        return placed

    def part(self, start_s: float, end_s: float) -> Window:
        """The window of a stretch of this one, given in the recording's seconds."""
        first = max(0, self._sample_at(start_s))
        samples = self.samples[first : max(first + 1, self._sample_at(end_s))]
        gaps = tuple((a, b) for a, b in self.gaps if a > start_s and b < end_s)
        regions = tuple(
            (max(a, start_s), min(b, end_s)) for a, b in self.regions if a < end_s and b > start_s
        )
        speech = (regions[0][0], regions[-1][1]) if regions else (start_s, end_s)
        before_s = sum(b - a for a, b in self.gaps if a <= start_s)
        return Window(
            self.start + before_s + first / self.sample_rate,
            samples,
            self.sample_rate,
            speech,
            regions=regions,
            voiced_s=None if self.voiced_s is None else min(self.voiced_s, sum(b - a for a, b in regions)),
            gaps=gaps,
        )

    def _sample_at(self, seconds: float) -> int:
        """Index in `samples` of a time in the recording; of a gap's, that of what follows it."""
        left_out = sum(min(seconds, end) - start for start, end in self.gaps if start < seconds)
        return round((seconds - self.start - left_out) * self.sample_rate)


class Buffer:
    """The part of a stream that is still needed, with its frame levels and those before it.

    Positions are frames of 20 ms; ``frames`` are the recording's, of which some may be left out.
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
        self.frames = np.zeros(0, dtype=np.int64)
        self._next_frame = self._padding = 0
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
                self._padding = -have % self.frame_samples
                block = np.zeros(self._padding, dtype=np.float32)
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
            stop = self._next_frame + len(self.levels) - len(self.frames)
            self.frames = np.concatenate([self.frames, np.arange(self._next_frame, stop)])
            self._next_frame = stop

    def kept_levels(self) -> Levels | None:
        """Those of all whole frames so far ``[N, 2]``; None where they are not kept."""
        if self._kept is None:
            return None
        whole = self.read_samples // self.frame_samples
        return np.concatenate([np.zeros((0, 2), np.float32), *self._kept])[:whole]

    def fill_spoken(self, frames: int) -> None:
        """The same, with long pauses between speech shortened."""
        self.fill(frames)
        while self._shorten() and not self.exhausted and len(self.levels) < frames:
            self.fill(frames)

    def _shorten(self) -> bool:
        """Leaves out what is too much of the pauses that a window may reach over; tells whether any was."""
        if self.voice is None:
            return False
        voiced = self._voiced(len(self.levels))
        mask = voiced_frames(voiced)
        left_out = too_much_pause(mask, voiced > SURE)
        if not left_out.any():
            return False
        samples = np.repeat(~left_out, self.frame_samples)
        rest = self.samples[len(samples) :]
        self.samples = np.concatenate([self.samples[: len(samples)][samples], rest])
        self.levels, self.frames = self.levels[~left_out], self.frames[~left_out]
        return True

    def ends_within(self, frames: int) -> bool:
        """Whether the stream ends before so many frames are over."""
        return self.exhausted and len(self.levels) <= frames

    def drop(self, frames: int) -> None:
        """Forgets the first `frames` frames except for their levels."""
        keep = round(HISTORY_S / FRAME_S)
        self.history = np.concatenate([self.history, self.levels[:frames]])[-keep:]
        self.levels = self.levels[frames:]
        self.samples = self.samples[frames * self.frame_samples :].copy()
        self.frames = self.frames[frames:]

    def speech(self, frames: int) -> NDArray[np.bool_]:
        """Which of the first `frames` frames may hold speech."""
        if self.voice is None:
            return self.loud(frames)
        return voiced_frames(self._voiced(len(self.levels)))[:frames]

    def loud(self, frames: int) -> NDArray[np.bool_]:
        """The same by levels alone."""
        return speech_frames(self.levels, self.history)[:frames]

    def _voiced(self, frames: int) -> NDArray[np.float32]:
        """Probabilities of speech in the first `frames` frames."""
        assert self.voice is not None
        places = self.frames[:frames]
        if not len(places):
            return np.zeros(0, np.float32)
        first, last = int(places[0]), int(places[-1])
        return self.voice.frames(first, last + 1 - first, self.frame_samples)[places - first]

    def window(self, mask: NDArray[np.bool_], overlaps: bool, overlapped: bool) -> Window:
        """The window of the buffer's first frames, `mask` saying which of them hold speech.

        It ends with the recording: what fills the last frame is not part of it.
        """
        real = len(self.samples) - self._padding
        samples = self.samples[: min(real, len(mask) * self.frame_samples)].copy()
        spoken = np.flatnonzero(mask)
        end_s = min(self._end(int(spoken[-1])), self.read_samples / self.sample_rate)
        speech = self._begin(int(spoken[0])), end_s
        regions = tuple((self._begin(a), min(self._end(b - 1), end_s)) for a, b in runs(mask))
        sure = None if self.voice is None else float((self._voiced(len(mask)) > SURE).sum()) * FRAME_S
        jumps = np.flatnonzero(np.diff(self.frames[: len(mask)]) > 1)
        gaps = tuple((self._end(int(j)), self._begin(int(j) + 1)) for j in jumps)
        return Window(
            self._begin(0),
            samples,
            self.sample_rate,
            speech,
            overlaps,
            overlapped,
            regions,
            sure,
            gaps=gaps,
        )

    def _begin(self, frame: int) -> float:
        """Time in the recording at which a buffer frame begins."""
        return float(self.frames[frame]) * self.frame_samples / self.sample_rate

    def _end(self, frame: int) -> float:
        return float(self.frames[frame] + 1) * self.frame_samples / self.sample_rate


def too_much_pause(mask: NDArray[np.bool_], sure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Frames to leave out of pauses that a window reaches over: the middle of long ones between speech.

    Args:
        mask: which frames may hold speech ``[N]``.
        sure: which hold it for sure ``[N]``.

    Returns:
        ``[N]``.
    """
    left_out = np.zeros(len(mask), dtype=bool)
    kept = frames(KEPT_PAUSE_S)
    long = [(a, b) for a, b in runs(~mask) if b - a > kept]
    edges = [0, *(edge for pause in long for edge in pause), len(mask)]
    spoken = [_is_spoken(mask[a:b], sure[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    for (a, b), before, behind in zip(long, spoken[:-1], spoken[1:], strict=True):
        if before and behind and b - a <= frames(LONGEST_PAUSE_S):
            left_out[a + kept // 2 : b - (kept - kept // 2)] = True
    return left_out


def _is_spoken(mask: NDArray[np.bool_], sure: NDArray[np.bool_]) -> bool:
    return bool(mask.any() and (sure & mask).sum() >= LEAST_SURE * mask.sum())


def cut(
    buffer: Buffer, config: TranscribeConfig, max_window_s: float | None, *, one_language: bool = False
) -> Iterator[Window]:
    """Windows of a stream, as `config` asks and no longer than the recogniser takes.

    Args:
        buffer: the stream.
        config: lengths that are asked for.
        max_window_s: what the recogniser takes; None: any length.
        one_language: all of it is heard in one, so that windows may reach over long pauses.

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
    return cut_at_pauses(buffer, min(config.window or COMFORTABLE_S, max_window_s), packed=one_language)


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


def cut_at_pauses(
    buffer: Buffer, longest_s: float, full: bool = True, packed: bool = False
) -> Iterator[Window]:
    """Windows of at most `longest_s` that begin and end in pauses where there are any.

    Args:
        buffer: the stream.
        longest_s: what the recogniser takes.
        full: windows as long as can be, for recognisers whose windows cost the same whatever their length;
            others get theirs cut at the first pause, with little silence around, like the utterances they
            were trained on.
        packed: windows reach over long pauses, most of which are left out.
    """
    most, pad = max(2, int(longest_s / FRAME_S)), frames(PAD_S if full else CLOSE_PAD_S)
    length = max(most // 2, most - frames(ROOM_S)) if full else most
    reach = 2 * length if full else length
    fill, overlaps = buffer.fill_spoken if packed else buffer.fill, False
    while True:
        fill(reach + 1)
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
