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

from govor.models.base import DecodeOptions, Multilingual, Recogniser, Wave, least_s, prompt_of
from govor.records import Hypothesis


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
        recogniser: what is served.
        batch_s: seconds that are computed together.

    Attributes:
        users: recordings being transcribed with it; counted by `ServedModel`.
    """

    def __init__(self, recogniser: Recogniser, batch_s: float = 240.0) -> None:
        self._recogniser, self._batch_s, self._least_s = recogniser, batch_s, least_s(recogniser)
        self._requests: queue.Queue[_Request | None] = queue.Queue()
        self._held: _Request | None = None
        self._thread = threading.Thread(target=self._run, name="recogniser", daemon=True)
        self._thread.start()
        self.batches = self.users = 0
        self.name, self.sample_rate = recogniser.name, recogniser.sample_rate
        self.max_window_s, self.normaliser = recogniser.max_window_s, recogniser.normaliser

    def recognise(
        self, waves: Sequence[Wave], options: DecodeOptions, languages: Sequence[str | None] | None = None
    ) -> list[Hypothesis]:
        """As `Recogniser.recognise`; waits for its turn."""
        request = _Request(waves, options, languages)
        self._requests.put(request)
        return request.answer.result()

    def check_language(self, tag: str | None) -> None:
        """As `Multilingual.check_language`, where the recogniser is one."""
        if isinstance(self._recogniser, Multilingual):
            self._recogniser.check_language(tag)

    def describe_prompt(self, options: DecodeOptions) -> dict[str, Any] | None:
        """As `Prompted.describe_prompt`; None where the recogniser has no prompt."""
        return prompt_of(self._recogniser, options)

    def describe(self) -> dict[str, Any]:
        """As `Recogniser.describe`."""
        return self._recogniser.describe()

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
            computed_s = max(longest / self.sample_rate, self._least_s) * count
            if following.options != first.options or computed_s > self._batch_s:
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
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for request in batch:  # what is wrong with one is no fault of the others
                self._answer([request])
            return
        for request in batch:
            request.answer.set_result(found[: len(request.waves)])
            found = found[len(request.waves) :]


def _languages(request: _Request) -> Sequence[str | None]:
    return request.languages or [None] * len(request.waves)
