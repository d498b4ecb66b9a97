"""What became of a group of recordings and texts, as its file keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PLACED, PARTLY, NONE = "placed", "partly placed", "no counterpart"
PLACED_SHARE = 0.9
"""Of a recording's speech or a text's letters, to be called placed."""


@dataclass(frozen=True)
class PlacedUtterance:
    """An utterance of the corpus.

    Attributes:
        audio: the recording.
        start: seconds.
        end: seconds.
        text: as the source has it, without what nobody said.
        source: the text it is from.
        line: where it begins there.
        words: as written.
        word_starts: seconds from the recording's beginning.
        word_ends: the same.
        hypothesis: what was heard there.
        cer: character error rate of the hypothesis against the text, both folded.
        speaker: named in the text.
        language: BCP 47 tag.
        log_probability: mean of ln p over the letters; None where no model gives it.
    """

    audio: str
    start: float
    end: float
    text: str
    source: str
    line: int
    words: tuple[str, ...]
    word_starts: tuple[float, ...]
    word_ends: tuple[float, ...]
    hypothesis: str
    cer: float
    speaker: str | None = None
    language: str | None = None
    log_probability: float | None = None


@dataclass(frozen=True)
class Unplaced:
    """Text that is nowhere, or not surely.

    Attributes:
        source: the text.
        line: where it begins there.
        text: the words.
        reason: ``unplaced`` (something was heard, not surely this), ``unspoken`` (nothing was heard for it),
            or ``left_out`` (words inside an utterance that nobody said).
        detail: for people.
    """

    source: str
    line: int
    text: str
    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Untranscribed:
    """Speech without a text.

    Attributes:
        audio: the recording.
        start: seconds.
        end: seconds.
        heard: what the model heard.
    """

    audio: str
    start: float
    end: float
    heard: str = ""


@dataclass(frozen=True)
class PlacedShare:
    """How much of a recording or a text was placed.

    Attributes:
        name: the file.
        status: ``placed``, ``partly placed`` or ``no counterpart``.
        share: of the recording's speech, or of the text's letters.
        partners: texts or recordings it is paired with.
        detail: why it is not placed, where that is known.
    """

    name: str
    status: str
    share: float
    partners: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """All of a group."""

    key: str = ""
    utterances: tuple[PlacedUtterance, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    untranscribed: tuple[Untranscribed, ...] = ()
    recordings: tuple[PlacedShare, ...] = ()
    texts: tuple[PlacedShare, ...] = ()
    speakers: Mapping[str, int] = field(default_factory=dict)


def status_of(share: float) -> str:
    """What a share is called."""
    return PLACED if share >= PLACED_SHARE else PARTLY if share > 0 else NONE
