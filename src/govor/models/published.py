"""What a released model is known to reach: an ability that a family may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class PublishedRate:
    """A word error rate that was measured with a model of this kind and size.

    Attributes:
        wer: errors over words.
        on: what it was measured on.
        source: where that stands.
    """

    wer: float
    on: str
    source: str


@runtime_checkable
class Measured(Protocol):
    """A family that knows what its released models reach."""

    def published(self, language: str | None) -> PublishedRate | None:
        """In a language, by its BCP 47 tag; None where no figure with a source is known."""
