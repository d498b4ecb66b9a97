"""Joins the windows of several clients into one batch, for one model.

A recogniser itself, so that each recording is transcribed by the very code of ``govor transcribe``.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from govor.errors import AudioError
from govor.memory import in_halves
from govor.models.base import DecodeOptions, Multilingual, Recogniser, Sound, cost_of, prompt_of
from govor.packing import pack
from govor.records import Hypothesis


@dataclass(eq=False)
class _Request:
    """What one caller waits for."""

    sounds: Sequence[Sound]
    options: DecodeOptions
    answer: Future[list[Hypothesis]] = field(default_factory=Future)
    said: dict[int, Hypothesis | AudioError] = field(default_factory=dict)

    def hear(self, place: int, said: Hypothesis | AudioError) -> None:
        """Takes the result of one sound; the last one answers the caller."""
        self.said[place] = said
        if len(self.said) < len(self.sounds) or self.answer.done():
            return
        wrong = next((one for one in self.said.values() if isinstance(one, AudioError)), None)
        if wrong is not None:
            self.answer.set_exception(wrong)
        else:
            self.answer.set_result([self.said[n] for n in range(len(self.sounds))])  # type: ignore[misc]


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

    def recognise(self, sounds: Sequence[Sound], options: DecodeOptions) -> list[Hypothesis]:
        """As `Recogniser.recognise`; waits for its turn.

        Raises:
            AudioError: a sound needs more memory than there is.
        """
        if not sounds:
            return []
        request = _Request(sounds, options)
        self._requests.put(request)
        return request.answer.result()

    def check_language(self, tag: str | None) -> None:
        """As `Multilingual.check_language`, where the recogniser is one."""
        if isinstance(self._recogniser, Multilingual):
            self._recogniser.check_language(tag)

    def describe_prompt(self, options: DecodeOptions, language: str | None) -> dict[str, Any] | None:
        """As `Prompted.describe_prompt`; None where the recogniser has no prompt."""
        return prompt_of(self._recogniser, options, language)

    def describe(self) -> dict[str, Any]:
        """As `Recogniser.describe`."""
        return self._recogniser.describe()

    def close(self) -> None:
        """Ends the thread after what is queued."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        waiting: list[_Turn] = []
        while self._receive(waiting):
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
        options = batch[0].request.options
        self.batches += 1
        try:
            found = in_halves(
                lambda part: self._recogniser.recognise([turn.sound for turn in part], options), batch
            )
        except Exception as error:
            requests = list(dict.fromkeys(turn.request for turn in batch))
            if len(requests) == 1:
                requests[0].answer.set_exception(error)
                return
            for request in requests:  # what is wrong with one is no fault of the others
                self._answer([turn for turn in batch if turn.request is request])
            return
        for turn, said in zip(batch, found, strict=True):
            turn.request.hear(turn.place, said)
