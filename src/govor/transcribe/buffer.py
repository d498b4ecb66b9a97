"""The part of a stream that windows are cut from, and which of its frames hold speech."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from govor.audio.voice import SURE
from govor.transcribe.cuts import too_much_pause
from govor.transcribe.speech import FRAME_S, Levels, frame_levels, runs, speech_frames, voiced_frames
from govor.transcribe.window import Samples, Window

if TYPE_CHECKING:
    from govor.audio.voice import SpeechStream

HISTORY_S = 30.0
LOOKAHEAD_FRAMES = 2
"""What a neural detector needs to hear behind the last frame that it is asked about."""


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
