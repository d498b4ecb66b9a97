"""Joins the windows of several recordings into one batch, for one model: a folder's, or a server's clients'.

A recogniser itself, so that each recording is transcribed by the same code, alone or in company.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field

from govor.errors import AudioError
from govor.memory import in_halves
from govor.models.base import (
    DecodeOptions,
    ModelFacts,
    Multilingual,
    PromptFacts,
    Recogniser,
    Sound,
    Timing,
    cost_of,
    language_refusal,
    prompt_of,
    tasks_of,
)
from govor.packing import pack
from govor.records import Hypothesis
from govor.transcribe.patience import OverError, Patience


@dataclass(eq=False)
class _Request:
    """What one caller waits for."""

    sounds: Sequence[Sound]
    options: DecodeOptions
    answer: Future[list[Hypothesis]] = field(default_factory=Future)
    said: dict[int, Hypothesis | AudioError] = field(default_factory=dict)
    spent_s: float = 0.0

    def hear(self, place: int, said: Hypothesis | AudioError) -> None:
        """Takes the result of one sound; the last one answers the caller."""
        self.said[place] = said
        if len(self.said) < len(self.sounds):
            return
        wrong = next((one for one in self.said.values() if isinstance(one, AudioError)), None)
        if wrong is not None:
            self.fail(wrong)
            return
        with suppress(InvalidStateError):  # it was forgotten
            self.answer.set_result([self.said[n] for n in range(len(self.sounds))])  # type: ignore[misc]

    def fail(self, error: Exception) -> None:
        """Answers the caller with an error, unless it is answered."""
        with suppress(InvalidStateError):
            self.answer.set_exception(error)

    def forget(self) -> None:
        """Its caller waits no longer: what is not in a batch yet never will be."""
        self.fail(OverError())


@dataclass(frozen=True, eq=False)
class _Turn:
    """One sound of a request, waiting to be recognised."""

    request: _Request
    place: int

    @property
    def sound(self) -> Sound:
        return self.request.sounds[self.place]


class Batcher:
    """Runs one recogniser in one thread, for any number of callers.

    Args:
        recogniser: what is served.
        batch_s: seconds that are computed together.

    Attributes:
        users: recordings being transcribed with it; counted by `ServedModel`.
    """

    def __init__(self, recogniser: Recogniser, batch_s: float = 240.0) -> None:
        self._recogniser, self._batch_s = recogniser, batch_s
        self._requests: queue.Queue[_Request | None] = queue.Queue()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="recogniser", daemon=True)
        self._thread.start()
        self.batches = self.users = 0
        self.name, self.sample_rate = recogniser.name, recogniser.sample_rate
        self.max_window_s, self.normaliser = recogniser.max_window_s, recogniser.normaliser
        self.tasks = tasks_of(recogniser)
        self.takes_prompt = prompt_of(recogniser, DecodeOptions()) is not None
        self.is_timing = isinstance(recogniser, Timing)

    def recognise(
        self, sounds: Sequence[Sound], options: DecodeOptions, patience: Patience | None = None
    ) -> list[Hypothesis]:
        """As `Recogniser.recognise`; waits for its turn, as long as there is patience.

        Raises:
            AudioError: a sound needs more memory than there is.
            OverError: the patience ended before.
        """
        return self.timed(sounds, options, patience)[0]

    def timed(
        self, sounds: Sequence[Sound], options: DecodeOptions, patience: Patience | None = None
    ) -> tuple[list[Hypothesis], float]:
        """The same, with the seconds of computing that fall to these sounds."""
        if not sounds:
            return [], 0.0
        request = _Request(sounds, options)
        self._requests.put(request)
        take_back = patience.when_over(request.forget) if patience else None
        try:
            return request.answer.result(), request.spent_s
        finally:
            if take_back:
                take_back()

    def known_times(self) -> bool | None:
        """`Timing.writes_times` of the recogniser, where it is one; the batcher itself never is."""
        return self._recogniser.writes_times if isinstance(self._recogniser, Timing) else False

    def for_one(self, patience: Patience) -> OneCaller:
        """The recogniser for one caller, who may leave."""
        return (TimingCaller if self.is_timing else OneCaller)(self, patience)

    def language_refusal(self, tag: str) -> str | None:
        """As `govor.models.base.language_refusal`."""
        return language_refusal(self._recogniser, tag)

    def check_language(self, tag: str | None) -> None:
        """As `Multilingual.check_language`, where the recogniser is one."""
        if isinstance(self._recogniser, Multilingual):
            self._recogniser.check_language(tag)

    def describe_prompt(self, options: DecodeOptions, language: str | None) -> PromptFacts | None:
        """As `Prompted.describe_prompt`; None where the recogniser has no prompt."""
        return prompt_of(self._recogniser, options, language)

    def describe(self) -> ModelFacts:
        """As `Recogniser.describe`."""
        return self._recogniser.describe()

    def close(self) -> None:
        """Ends the thread after what is queued."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        waiting: list[_Turn] = []
        while self._receive(waiting):
            waiting = [turn for turn in waiting if not turn.request.answer.done()]
            if not waiting:
                continue
            batch = self._first_batch(waiting)
            self._answer(batch)
            done = set(batch)
            waiting = [turn for turn in waiting if turn not in done and not turn.request.answer.done()]

    def _receive(self, waiting: list[_Turn]) -> bool:
        """Adds what has come, and waits for it where nothing is left to do; false once all is done."""
        while True:
            try:
                request = self._requests.get(block=not waiting and not self._closed)
            except queue.Empty:
                return bool(waiting)
            if request is None:
                self._closed = True
            else:
                waiting += [_Turn(request, place) for place in range(len(request.sounds))]

    def _first_batch(self, waiting: Sequence[_Turn]) -> list[_Turn]:
        """The sound that has waited longest, and those that are decoded the same way, as many as fit."""
        options = waiting[0].request.options
        same = (turn for turn in waiting if turn.request.options == options)
        return next(pack(same, self._seconds, self._batch_s, cost_of(self.max_window_s)))

    def _seconds(self, turn: _Turn) -> float:
        return len(turn.sound.wave) / self.sample_rate

    def _answer(self, batch: list[_Turn]) -> None:
        options, begun_s = batch[0].request.options, time.perf_counter()
        self.batches += 1
        try:
            found = in_halves(
                lambda part: self._recogniser.recognise([turn.sound for turn in part], options), batch
            )
        except Exception as error:
            requests = list(dict.fromkeys(turn.request for turn in batch))
            if len(requests) == 1:
                requests[0].fail(error)
                return
            for request in requests:  # what is wrong with one is no fault of the others
                self._answer([turn for turn in batch if turn.request is request])
            return
        share_s = (time.perf_counter() - begun_s) / len(batch)
        for turn, said in zip(batch, found, strict=True):
            turn.request.spent_s += share_s
            turn.request.hear(turn.place, said)


class OneCaller:
    """A `Batcher` as one caller sees it: calls end when the caller leaves.

    Attributes:
        spent_s: seconds of computing that fell to this caller.
    """

    def __init__(self, batcher: Batcher, patience: Patience) -> None:
        self._batcher, self._patience = batcher, patience
        self.spent_s = 0.0
        self.name, self.sample_rate = batcher.name, batcher.sample_rate
        self.max_window_s, self.normaliser = batcher.max_window_s, batcher.normaliser
        self.check_language, self.describe_prompt = batcher.check_language, batcher.describe_prompt
        self.describe = batcher.describe

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """As `Batcher.recognise`.

        Raises:
            OverError: the caller has left.
        """
        said, spent_s = self._batcher.timed(sounds, options, self._patience)
        self.spent_s += spent_s
        return said


class TimingCaller(OneCaller):
    """The same of a recogniser that may write times itself."""

    @property
    def writes_times(self) -> bool | None:
        """As `Timing.writes_times`."""
        return self._batcher.known_times()
