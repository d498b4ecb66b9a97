"""All who speak at present: bounded in number, and finished before the server stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from govor.audio.voice import open_voice
from govor.models.base import FITTED, DecodeOptions, Recogniser
from govor.serve.limits import ServeLimits
from govor.serve.live.session import Ear
from govor.serve.metrics import Metrics
from govor.serve.models import ServedModel
from govor.serve.refusals import RequestError
from govor.transcribe import Transcriber
from govor.transcribe.patience import Patience
from govor.transcribe.windows import DEFAULT_WINDOW_S

LOOK_S = 0.1
LIVE_BEAMS = 1
"""Where nobody asked for more: what is heard live is decoded over and over."""


class Speaker(Protocol):
    """Who speaks, as the server sees them; called from the loop's thread."""

    def end(self, reason: str) -> None:
        """What was said is made final, then the connection ends."""

    def leave(self) -> None:
        """Nothing is decoded or told any more."""


class Rooms:
    """Speakers that are connected.

    Args:
        limits: how many may be at once.
        metrics: counts them.
    """

    def __init__(self, limits: ServeLimits, metrics: Metrics) -> None:
        self.limits, self.metrics = limits, metrics
        self.pool = ThreadPoolExecutor(limits.live, thread_name_prefix="live")
        self._open: set[Speaker] = set()
        self._stopping = False

    def refusal(self) -> RequestError | None:
        """Why nobody can begin to speak now, or None."""
        if self._stopping:
            return RequestError(503, "the server is being stopped", "stopping")
        if len(self._open) >= self.limits.live:
            return RequestError(
                429, f"{self.limits.live} people speak already, the server's limit: try again later", "busy"
            )
        return None

    @contextmanager
    def entered(self, speaker: Speaker) -> Iterator[None]:
        """Counts a speaker for as long as the connection lasts."""
        self._open.add(speaker)
        self.metrics.live.set(len(self._open))
        try:
            yield
        finally:
            speaker.leave()
            self._open.discard(speaker)
            self.metrics.live.set(len(self._open))

    async def finish(self, grace_s: float) -> None:
        """Ends all: what was said is told as final; after `grace_s` they are broken off."""
        self._stopping = True
        for speaker in self._open:
            speaker.end("stopping")
        until_s = time.monotonic() + grace_s
        while self._open and time.monotonic() < until_s:
            await asyncio.sleep(LOOK_S)
        for speaker in list(self._open):
            speaker.leave()
        self.pool.shutdown(wait=False, cancel_futures=True)


def ear_of(model: ServedModel, patience: Patience) -> Ear:
    """What hears a speaker with `model`; a newer version of it takes over between two decodings."""
    with model.borrowed() as recogniser:
        longest_s = recogniser.max_window_s or DEFAULT_WINDOW_S
        sample_rate, takes_prompt = recogniser.sample_rate, recogniser.takes_prompt
        retries = recogniser.is_timing

    @contextmanager
    def borrowed() -> Iterator[Recogniser]:
        with model.borrowed() as recogniser:
            yield recogniser.for_one(patience)

    def options(before: str | None) -> DecodeOptions:
        with model.borrowed() as recogniser:
            plain = Transcriber(recogniser.for_one(patience), model.config).options(words=True)
        beams = model.config.beam_size or LIVE_BEAMS
        windows = FITTED if retries else plain.windows
        return replace(
            plain, prompt=before or plain.prompt, beam_size=beams, retries=retries, windows=windows
        )

    return Ear(borrowed, options, sample_rate, longest_s, takes_prompt, open_voice(sample_rate))
