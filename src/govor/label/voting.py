"""The first pass over a recording: which language it is in, by a vote of all its segments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from govor.memory import in_halves
from govor.models.base import Detecting, Recogniser, Sound, cost_of
from govor.packing import pack
from govor.transcribe.languages import Vote
from govor.transcribe.windows import Window

Shares = Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Ballot:
    """What the segments of a recording say of its language.

    Attributes:
        language: given, the model's own, or voted on; None where nothing tells.
        code: what the model calls it.
        votes: languages of each segment with probabilities, by the segment's number; empty where the model
            tells none, or does not know the language.
    """

    language: str | None
    code: str | None = None
    votes: Sequence[Vote[int]] = field(default_factory=tuple)

    def probability(self, number: int) -> float | None:
        """Of the recording's language in a segment."""
        if number >= len(self.votes) or not self.votes[number].shares or self.code is None:
            return None
        return float(dict(self.votes[number].shares).get(self.code, 0.0))

    def likeliest(self, number: int) -> str | None:
        """Another language that the model is sure of in a segment."""
        if number >= len(self.votes) or self.code is None:
            return None
        favoured = self.votes[number].favours(self.code)
        return favoured if favoured != self.code else None


def ballot_of(
    recogniser: Recogniser, windows: Callable[[], Iterable[Window]], given: str | None, batch_s: float
) -> Ballot:
    """Votes on the language of a recording, unless it is given or the model has one of its own.

    Args:
        recogniser: of one language, or of several.
        windows: cuts the recording.
        given: BCP 47 tag.
        batch_s: seconds computed together.
    """
    known = given or own_language(recogniser)
    if not isinstance(recogniser, Detecting):
        return Ballot(known)
    votes = _votes(recogniser, windows(), batch_s)
    code = recogniser.language_code(known) if known else _winner(votes)
    return Ballot(known or code, code, votes if code else ())


def own_language(recogniser: Recogniser) -> str | None:
    """The language that a model was trained for, where what is saved with it says so."""
    settings: Mapping[str, Any] = getattr(recogniser, "settings", {})
    language = settings.get("language")
    return str(language) if language else None


def _votes(recogniser: Any, windows: Iterable[Window], batch_s: float) -> list[Vote[int]]:
    votes: list[Vote[int]] = []
    for batch in pack(windows, lambda window: window.duration, batch_s, cost_of(recogniser.max_window_s)):
        found = in_halves(recogniser.detect, [Sound(window.samples) for window in batch])
        for window, shares in zip(batch, found, strict=True):
            told: Shares = () if isinstance(shares, Exception) else shares
            votes.append(Vote(len(votes), told, speech_s(window)))
    return votes


def _winner(votes: Iterable[Vote[int]]) -> str | None:
    """The language of most of the speech, weighted by how likely it is."""
    sums: dict[str, float] = {}
    for vote in votes:
        for language, share in vote.shares:
            sums[language] = sums.get(language, 0.0) + share * vote.seconds
    return max(sums, key=sums.__getitem__, default=None)


def speech_s(window: Window) -> float:
    """Seconds of speech in a window; all of it where its regions are not known."""
    return sum(end - start for start, end in window.regions) or window.duration
