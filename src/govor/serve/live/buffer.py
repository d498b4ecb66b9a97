"""The sound of one speaker that is not final yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from govor.audio.voice import SpeechStream
from govor.serve.live.planner import Span
from govor.transcribe.speech import (
    FRAME_S,
    HANGOVER_FRAMES,
    VOICE_HANGOVER_FRAMES,
    frame_levels,
    runs,
    speech_frames,
    voiced_frames,
)

Samples = NDArray[np.float32]
HISTORY_S = 30.0
FLOAT = 1e-6
"""Of a frame: a time that was reckoned from frames is not a frame less."""


class LiveBuffer:
    """Samples from `start_s` on, and where in them somebody may speak.

    Args:
        sample_rate: in Hz.
        voice: a neural detector; None: levels decide.
    """

    def __init__(self, sample_rate: int, voice: SpeechStream | None = None) -> None:
        self.sample_rate, self._voice = sample_rate, voice
        self._frame = round(FRAME_S * sample_rate)
        self._first_frame = 0
        self._samples = np.zeros(0, np.float32)
        self._levels = np.zeros((0, 2), np.float32)
        self._history = np.zeros((0, 2), np.float32)

    @property
    def start_s(self) -> float:
        """Where it begins in the stream."""
        return self._first_frame * FRAME_S

    @property
    def end_s(self) -> float:
        """Where it ends in the stream."""
        return self.start_s + len(self._samples) / self.sample_rate

    def add(self, samples: Samples) -> None:
        """Appends samples ``[T]``."""
        self._samples = np.concatenate([self._samples, samples])
        if self._voice is not None:
            self._voice.hear(samples)
        fresh = self._samples[len(self._levels) * self._frame :]
        self._levels = np.concatenate([self._levels, frame_levels(fresh, self._frame)])

    def drop(self, to_s: float) -> None:
        """Forgets what lies before `to_s`, whole frames of it."""
        frames = min(max(0, int((to_s - self.start_s) / FRAME_S + FLOAT)), len(self._levels))
        keep = round(HISTORY_S / FRAME_S)
        self._history = np.concatenate([self._history, self._levels[:frames]])[-keep:]
        self._levels = self._levels[frames:]
        self._samples = self._samples[frames * self._frame :].copy()
        self._first_frame += frames

    def until(self, time_s: float) -> Samples:
        """The samples before `time_s`."""
        return self._samples[: round((time_s - self.start_s) * self.sample_rate)]

    def speech(self) -> tuple[Span, ...]:
        """Stretches of the stream in which somebody may speak; one ends where it is last heard."""
        heard, hangover = self._speech_frames()
        ends = ((a, b if b == len(heard) else b - hangover) for a, b in runs(heard))
        return tuple((self._time(a), self._time(b)) for a, b in ends)

    def _speech_frames(self) -> tuple[NDArray[np.bool_], int]:
        """Which frames may hold speech, and by how many too many at each side."""
        if self._voice is None:
            return speech_frames(self._levels, self._history), HANGOVER_FRAMES
        likely = self._voice.frames(self._first_frame, len(self._levels), self._frame)
        return voiced_frames(likely), VOICE_HANGOVER_FRAMES

    def _time(self, frame: int) -> float:
        return self.start_s + frame * FRAME_S
