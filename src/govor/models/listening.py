"""How well texts fit a sound: an ability that a family may have, and what it answers with.

Decoding says what a model would write. Scoring says how likely it holds a text that is given, so two texts
can be compared on a clip even where everything that it would write itself is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from govor.models.base import Sound


@dataclass(frozen=True)
class Fit:
    """How well a text fits a sound; log-probabilities are natural.

    Attributes:
        total: log-probability of the text; -inf where it cannot be said in the time.
        units: of the text that were scored (tokens, or characters).
        before: nats of surprise that the text begins where it does: high where speech comes before it, or
            where its first word is not said.
        after: nats of surprise that it ends where it does: high where speech follows.
    """

    total: float
    units: int
    before: float = 0.0
    after: float = 0.0

    @property
    def mean(self) -> float:
        """Log-probability a unit."""
        return self.total / max(self.units, 1)


class EncodedSound(Protocol):
    """A sound that was encoded once.

    Attributes:
        languages: probability of each language, by the model's code; empty where it does not tell.
    """

    languages: Mapping[str, float]

    def fits(self, texts: Sequence[str]) -> list[Fit]:
        """How well each normalised text fits."""


@runtime_checkable
class Listening(Protocol):
    """A family that scores texts which it did not write itself."""

    def listen(self, sound: Sound, windows: str = "full") -> EncodedSound:
        """Encodes a sound, over ``full`` or ``short`` encoder windows."""

    def language_code(self, tag: str | None) -> str | None:
        """The model's code for a BCP 47 tag; None where it tells no languages apart, or not this one."""
