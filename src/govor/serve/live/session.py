"""One person who speaks: takes sound from one thread, decodes in another, and says what is final."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from govor.audio.voice import SpeechStream
from govor.models.base import DecodeOptions, Recogniser, Sound
from govor.records import Hypothesis, Word
from govor.serve.live import events
from govor.serve.live.agreement import Agreement
from govor.serve.live.buffer import LiveBuffer, Samples
from govor.serve.live.events import Event
from govor.serve.live.planner import (
    Close,
    Decode,
    Finish,
    LiveRules,
    Move,
    Situation,
    Skip,
    Wait,
    next_cut,
    next_move,
    next_step,
)
from govor.text.spacing import spaces_before
from govor.transcribe.segments import spread

TOLD_PACE_S = 0.5
"""A change of the step that is worth telling."""
PROMPT_CHARACTERS = 200
RECENT_WORDS = 100


@dataclass(frozen=True)
class Ear:
    """What hears a speaker.

    Attributes:
        borrowed: gives the shared recogniser for one decoding.
        options: how it decodes, given the text before or None.
        sample_rate: of the samples, in Hz.
        longest_s: most seconds that it takes at once.
        takes_prompt: whether the text before makes a difference to it.
        voice: a detector of speech of its own for each speaker; None: levels decide.
    """

    borrowed: Callable[[], AbstractContextManager[Recogniser]]
    options: Callable[[str | None], DecodeOptions]
    sample_rate: int
    longest_s: float
    takes_prompt: bool = False
    voice: SpeechStream | None = None


class LiveSession:
    """Sound in with `feed`, events out of `step`, which blocks as long as a decoding takes.

    Args:
        ear: what hears.
        language: given language or None: then the first seconds of speech settle it.
        rules: how speech is cut.
        now: seconds, for the pace.
    """

    def __init__(
        self,
        ear: Ear,
        language: str | None = None,
        rules: LiveRules | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        rules = rules or LiveRules()
        self.ear, self.language, self._now = ear, language, now
        self.rules = rules.within(ear.longest_s)
        self.text = ""
        self.is_done = False
        self.step_s = self.rules.step_s
        self._lock = threading.Lock()
        self._pending: list[Samples] = []
        self._received = 0
        self._reason: str | None = None
        self._buffer = LiveBuffer(ear.sample_rate, ear.voice)
        self._said = Agreement()
        self._decoded_s = 0.0
        self._partial = ""
        self._in_utterance = False
        self._recent: deque[Word] = deque(maxlen=RECENT_WORDS)
        self._told_s = self.step_s
        self._votes: Counter[str] = Counter()
        self._voted_s = 0.0

    @property
    def received_s(self) -> float:
        """Seconds of sound so far."""
        return self._received / self.ear.sample_rate

    @property
    def reason(self) -> str | None:
        """Why nothing more comes; None while it may."""
        return self._reason

    @property
    def behind_s(self) -> float:
        """Seconds of sound that were never decoded."""
        return self.received_s - max(self._decoded_s, self._buffer.start_s)

    def feed(self, samples: Samples) -> None:
        """Takes samples ``[T]``; what comes after the end is left out."""
        with self._lock:
            if self._reason is None:
                self._pending.append(samples)
                self._received += len(samples)

    def end(self, reason: str = "end") -> None:
        """Nothing more comes; the first reason counts."""
        with self._lock:
            self._reason = self._reason or reason

    def step(self) -> list[Event] | None:
        """Does the next thing and says what came of it; None: nothing can be done before more sound."""
        self._take()
        move = next_move(self._situation(), self.step_s, self.rules)
        if isinstance(move, Wait):
            return None
        return [*self._do(move), *self._pace()]

    def _take(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, []
        if pending:
            self._buffer.add(np.concatenate(pending))

    def _situation(self) -> Situation:
        with self._lock:
            ended = self._reason is not None and not self._pending
        buffer = self._buffer
        is_open = bool(self._said.tail)
        return Situation(buffer.start_s, buffer.end_s, self._decoded_s, buffer.speech(), ended, is_open)

    def _do(self, move: Move) -> list[Event]:
        if isinstance(move, Skip):
            self._drop(move.to_s)
            return []
        if isinstance(move, Decode):
            return self._decode(move.until_s)
        if isinstance(move, Close):
            return self._close(move)
        assert isinstance(move, Finish)
        self.is_done = True
        return [events.done(self.text, self.received_s, self._reason or "end")]

    def _decode(self, until_s: float) -> list[Event]:
        self._said, fresh = self._said.hear(self._words_until(until_s))
        cut = next_cut(self._said, self._buffer.start_s, until_s, self.rules)
        if cut is not None:
            self._said, forced = self._said.settle(cut.forced)
            fresh = (*fresh, *forced)
            self._drop(cut.start_s)
        return self._events(fresh, closed=False)

    def _close(self, move: Close) -> list[Event]:
        fresh: tuple[Word, ...] = ()
        if move.again:
            self._said, fresh = self._said.hear(self._words_until(move.until_s))
        self._said, rest = self._said.settle()
        self._drop(move.until_s)
        return self._events((*fresh, *rest), closed=True)

    def _drop(self, to_s: float) -> None:
        self._buffer.drop(to_s)
        self._said = self._said.cut(self._buffer.start_s)

    def _events(self, fresh: Sequence[Word], closed: bool) -> list[Event]:
        told = []
        if fresh or (closed and self._in_utterance):
            fresh = events.spaced(fresh, self.text)
            told.append(events.final(fresh, closed))
            self.text += told[0]["text"]
            self._recent += fresh
            self._in_utterance = not closed
        tail = events.partial(events.spaced(self._said.tail, self.text))
        if tail["text"] != self._partial:
            self._partial = tail["text"]
            told.append(tail)
        return told

    def _words_until(self, until_s: float) -> list[Word]:
        """The words of the buffer up to `until_s`, in the stream's seconds."""
        start_s, begun_s = self._buffer.start_s, self._now()
        sound = Sound(self._buffer.until(until_s), self._asked_language())
        options = self.ear.options(self._before() if self.ear.takes_prompt else None)
        with self.ear.borrowed() as recogniser:
            (hypothesis,) = recogniser.recognise([sound], options)
        self._vote(hypothesis, until_s)
        self._decoded_s = until_s
        self.step_s = next_step(self.step_s, self._now() - begun_s, self.rules)
        return _words_of(hypothesis, start_s, until_s)

    def _before(self) -> str | None:
        """The end of the text that was said before the buffer: what is heard in it is not a prompt."""
        said = "".join(word.text for word in self._recent if word.end <= self._buffer.start_s)
        return said[-PROMPT_CHARACTERS:].strip() or None

    def _asked_language(self) -> str | None:
        settled = self._voted_s >= self.rules.settle_s and self._votes
        return self.language or (self._votes.most_common(1)[0][0] if settled else None)

    def _vote(self, hypothesis: Hypothesis, until_s: float) -> None:
        fresh_s = until_s - max(self._decoded_s, self._buffer.start_s)
        if hypothesis.language and hypothesis.text.strip():
            self._votes[hypothesis.language] += round(1000 * fresh_s)
            self._voted_s += fresh_s

    def _pace(self) -> list[Event]:
        """Told where it has changed, and where it is as it should be again."""
        usual = self.step_s == self.rules.step_s != self._told_s
        if abs(self.step_s - self._told_s) < TOLD_PACE_S and not usual:
            return []
        self._told_s = self.step_s
        return [events.pace(self.step_s, self.behind_s)]


def _words_of(hypothesis: Hypothesis, start_s: float, end_s: float) -> list[Word]:
    """Its words, each with the space before it; laid out by their lengths where it has no times."""
    text = hypothesis.text.strip()
    words = hypothesis.words or tuple(w.shifted(-start_s) for w in spread(text, start_s, end_s))
    spaces = spaces_before([word.text.strip() for word in words], text)
    pairs = zip(spaces, words, strict=True)
    timed = (replace(word, text=space + word.text.strip()).shifted(start_s) for space, word in pairs)
    return [word for word in timed if word.text.strip()]
