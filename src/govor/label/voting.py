"""The first pass over a recording: which language it is in, by a vote of all its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from govor.memory import in_halves
from govor.models.base import Detecting, Recogniser, Sound, cost_of, own_language
from govor.packing import Cost, pack
from govor.records import Hypothesis
from govor.transcribe.languages import Vote, likeliest
from govor.transcribe.window import Window

DIGITS = 4
MOST_NAMED = 10
"""Languages of a segment that are kept: what the others have is not worth its room."""


@dataclass(frozen=True)
class Tongue:
    """The language of a recording.

    Attributes:
        language: given, the model's own, or voted on; None where nothing tells.
        code: what the model calls it; None where it does not know it, or tells no languages.
    """

    language: str | None
    code: str | None = None

    def probability(self, said: Hypothesis) -> float | None:
        """Of this language in a segment."""
        if self.code is None or not said.languages:
            return None
        return float(dict(said.languages).get(self.code, 0.0))

    def shares(self, said: Hypothesis) -> tuple[tuple[str, float], ...]:
        """The likeliest languages of a segment and this one, with probabilities."""
        if self.code is None:
            return ()
        ranked = enumerate(said.languages)
        named = [one for place, one in ranked if place < MOST_NAMED or one[0] == self.code]
        return tuple((name, round(float(share), DIGITS)) for name, share in named)


def tongue_of(
    recogniser: Recogniser, windows: Callable[[], Iterable[Window]], given: str | None, batch_s: float
) -> Tongue:
    """The language of a recording: the given one, the model's own, or one that all segments vote on.

    Args:
        recogniser: of one language, or of several.
        windows: cuts the recording.
        given: BCP 47 tag.
        batch_s: seconds computed together.
    """
    known = given or own_language(recogniser)
    if not isinstance(recogniser, Detecting):
        return Tongue(known)
    if known:
        return Tongue(known, recogniser.language_code(known))
    won = likeliest(_votes(recogniser, windows(), batch_s, cost_of(recogniser.max_window_s)))
    return Tongue(won, won)


def _votes(
    recogniser: Detecting, windows: Iterable[Window], batch_s: float, cost: Cost
) -> Iterable[Vote[None]]:
    for batch in pack(windows, lambda window: window.duration, batch_s, cost):
        found = in_halves(recogniser.detect, [Sound(window.samples) for window in batch])
        for window, shares in zip(batch, found, strict=True):
            if not isinstance(shares, Exception):
                yield Vote(None, shares, speech_s(window))


def speech_s(window: Window) -> float:
    """Seconds of speech in a window; all of it where its regions are not known."""
    return sum(end - start for start, end in window.regions) or window.duration
