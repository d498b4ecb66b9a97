"""A stream of samples cut into windows that a recogniser can take, in memory that does not grow.

Two ways: at pauses of speech (`cut_at_pauses`), or fixed chunks that overlap by a stride on both sides
(`cut_fixed`). Windows without speech are never made. Where no pause is found in time, the cut is forced, and
the next window begins earlier, so that the word at the cut is whole in one of the two (see ``merge``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from govor.errors import UsageError
from govor.transcribe.speech import FRAME_S, SURE, frame_levels, runs, speech_frames, voiced_frames

if TYPE_CHECKING:
    from govor.config import TranscribeConfig
    from govor.transcribe.voice import SpeechStream

Samples = NDArray[np.float32]
Region = tuple[float, float]

DEFAULT_WINDOW_S = 20.0
FORCED_OVERLAP_S = 3.0
"""Of a forced cut; longer than twice the longest word one meets."""
HISTORY_S = 30.0
LOOKAHEAD_FRAMES = 2
"""What a neural detector needs to hear behind the last frame that it is asked about."""
PAD_S = 0.4
CLOSE_PAD_S = 0.1
"""Silence left around an utterance for models that were trained on cut ones: more of it is new to them."""
SHORTEST_UTTERANCE_S = 1.0
UTTERANCE_PAUSE_S = 0.2
SHORT_PAUSE_S = 0.06
GOOD_PAUSE_S = 0.3
LONG_PAUSE_S = 2.0
"""Pauses are measured between frames of speech that a hangover has widened by 0.1 s on both sides."""


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
    """

    start: float
    samples: Samples
    sample_rate: int
    speech: tuple[float, float]
    overlaps: bool = False
    overlapped: bool = False
    regions: tuple[Region, ...] = ()
    voiced_s: float | None = None

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
        self, blocks: Iterable[Samples], sample_rate: int, voice: SpeechStream | None = None
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
            self.levels = np.concatenate([self.levels, frame_levels(fresh, self.frame_samples)])

    def drop(self, frames: int) -> None:
        """Forgets the first `frames` frames but for their levels."""
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
    return cut_at_pauses(buffer, min(longest_s, max_window_s or longest_s), full=max_window_s is not None)


def whole_window(buffer: Buffer, longest_s: float) -> Window | None:
    """The whole recording as one window, sample for sample, where it is short and without a long pause.

    So a clip of a data set is heard here just as evaluation hears it.
    """
    length = max(2, int(longest_s / FRAME_S))
    buffer.fill(length + 1)
    if not buffer.exhausted or len(buffer.levels) > length:
        return None
    mask = buffer.speech(length)
    if not mask.any() or any(b - a >= _frames(LONG_PAUSE_S) for a, b in runs(~mask)):
        return None
    return buffer.window(mask, overlaps=False, overlapped=False)


def cut_fixed(buffer: Buffer, chunk_s: float, stride_s: float) -> Iterator[Window]:
    """Windows of `chunk_s` that begin ``chunk_s - 2 * stride_s`` apart; silent ones are left out."""
    length = max(1, round(chunk_s / FRAME_S))
    step = max(1, length - 2 * round(stride_s / FRAME_S))
    overlaps = False
    while True:
        buffer.fill(length + 1)
        mask = buffer.speech(length)
        last = buffer.exhausted and len(buffer.levels) <= length
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
    length, pad = max(2, int(longest_s / FRAME_S)), _frames(PAD_S if full else CLOSE_PAD_S)
    overlaps = False
    while True:
        buffer.fill(length + 1)
        mask = buffer.speech(length)
        if not mask.any():
            if buffer.exhausted and len(buffer.levels) <= length:
                return
            buffer.drop(max(1, len(mask) - pad))
            overlaps = False
            continue
        lead = max(0, int(np.argmax(mask)) - pad)
        if lead and not overlaps:
            buffer.drop(lead)
            continue
        whole = buffer.exhausted and len(buffer.levels) <= length
        end, following, forced = _choose_cut(mask, length, pad, whole, full)
        if forced and buffer.voice is not None:  # pauses that are too short for the detector
            end, following, forced = _choose_cut(mask & buffer.loud(length), length, pad, whole, full)
        yield buffer.window(mask[:end], overlaps, forced)
        if buffer.exhausted and following >= len(buffer.levels):
            return
        buffer.drop(following)
        overlaps = forced


def _frames(seconds: float) -> int:
    return round(seconds / FRAME_S)


def _choose_cut(
    mask: NDArray[np.bool_], length: int, pad: int, whole: bool, full: bool
) -> tuple[int, int, bool]:
    """Where the window ends, where the next begins, whether the cut was forced (`whole`: nothing follows)."""
    pauses = [(a, b) for a, b in runs(~mask) if a > 0]
    ended = None if full else _utterance_end(pauses, len(mask))
    long = next((p for p in pauses if p[1] - p[0] >= _frames(LONG_PAUSE_S)), None)
    parted = min(filter(None, (ended, long)), default=None)
    if parted:
        start, end = parted
        return min(start + pad, (start + end) // 2), max((start + end) // 2, end - pad), False
    if whole:
        last = len(mask) if full else min(len(mask), int(np.flatnonzero(mask)[-1]) + 1 + pad)
        return last, len(mask), False
    chosen = _pause_to_cut(pauses, length, full)
    if chosen:
        return (chosen[0] + chosen[1]) // 2, (chosen[0] + chosen[1]) // 2, False
    overlap = min(_frames(FORCED_OVERLAP_S), length // 3)
    return len(mask), max(1, len(mask) - overlap), True


def _pause_to_cut(pauses: Sequence[tuple[int, int]], length: int, full: bool) -> tuple[int, int] | None:
    """A late pause that is good; where windows should be full, the longest of the last third before it."""
    usable = [p for p in pauses if p[1] - p[0] >= _frames(SHORT_PAUSE_S)]
    good = [p for p in usable if p[1] - p[0] >= _frames(GOOD_PAUSE_S)]
    last_third = [p for p in usable if p[0] >= 2 * length // 3] if full else []
    late = [p for p in good if p[0] >= length // 2]
    if late and (not full or late[-1][0] >= 2 * length // 3 or not last_third):
        return late[-1]
    others = last_third or [p for p in usable if p[0] >= length // 3]
    return max(others, key=lambda p: (p[1] - p[0], p[0]), default=None)


def _utterance_end(pauses: Sequence[tuple[int, int]], frames: int) -> tuple[int, int] | None:
    """The first pause that parts two utterances; what reaches the last frame may go on behind it."""
    shortest, pause = _frames(SHORTEST_UTTERANCE_S), _frames(UTTERANCE_PAUSE_S)
    return next((p for p in pauses if p[0] >= shortest and p[1] - p[0] >= pause and p[1] < frames), None)
