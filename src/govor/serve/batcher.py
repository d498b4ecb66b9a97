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

from govor.models.base import DecodeOptions, Recogniser, Wave
from govor.records import Hypothesis
from govor.text import Normaliser


@dataclass
class _Request:
    waves: Sequence[Wave]
    options: DecodeOptions
    languages: Sequence[str | None] | None
    answer: Future[list[Hypothesis]] = field(default_factory=Future)

    @property
    def longest_samples(self) -> int:
        return max((len(wave) for wave in self.waves), default=0)


class Batcher:
    """Runs one recogniser in one thread, for any number of callers.

    Args:
        recogniser: what is served; `swap` exchanges it without a pause.
        batch_s: padded seconds decoded together.
    """

    def __init__(self, recogniser: Recogniser, batch_s: float = 240.0) -> None:
        self._recogniser, self._batch_s = recogniser, batch_s
        self._requests: queue.Queue[_Request | None] = queue.Queue()
        self._held: _Request | None = None
        self._thread = threading.Thread(target=self._run, name="recogniser", daemon=True)
        self._thread.start()
        self.batches = 0

    name: str = property(lambda self: self._recogniser.name)  # type: ignore[assignment]
    sample_rate: int = property(lambda self: self._recogniser.sample_rate)  # type: ignore[assignment]
    max_window_s: float | None = property(lambda self: self._recogniser.max_window_s)  # type: ignore[assignment]
    normaliser: Normaliser = property(lambda self: self._recogniser.normaliser)  # type: ignore[assignment]

    def recognise(
        self, waves: Sequence[Wave], options: DecodeOptions, languages: Sequence[str | None] | None = None
    ) -> list[Hypothesis]:
        """As `Recogniser.recognise`; waits for its turn."""
        request = _Request(waves, options, languages)
        self._requests.put(request)
        return request.answer.result()

    def describe(self) -> dict[str, Any]:
        """As `Recogniser.describe`."""
        return self._recogniser.describe()

    def swap(self, recogniser: Recogniser) -> None:
        """Serves `recogniser` from the next batch on."""
        self._recogniser = recogniser

    def close(self) -> None:
        """Ends the thread after what is queued."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._held or self._requests.get()
            self._held = None
            if first is None:
                return
            self._answer(self._together(first))

    def _together(self, first: _Request) -> list[_Request]:
        """`first` and what waits behind it, as long as it is asked the same way and fits."""
        batch, longest, count = [first], first.longest_samples, len(first.waves)
        while not self._requests.empty():
            following = self._requests.get()
            if following is None:
                self._requests.put(None)
                break
            longest = max(longest, following.longest_samples)
            count += len(following.waves)
            padded_s = longest * count / self.sample_rate
            if following.options != first.options or padded_s > self._batch_s:
                self._held = following
                break
            batch.append(following)
        return batch

    def _answer(self, batch: list[_Request]) -> None:
        waves = [wave for request in batch for wave in request.waves]
        languages = [name for request in batch for name in _languages(request)]
        self.batches += 1
        try:
            found = self._recogniser.recognise(waves, batch[0].options, languages)
        except Exception as error:
            for request in batch:
                request.answer.set_exception(error)
            return
        for request in batch:
            request.answer.set_result(found[: len(request.waves)])
            found = found[len(request.waves) :]


def _languages(request: _Request) -> Sequence[str | None]:
    return request.languages or [None] * len(request.waves)
