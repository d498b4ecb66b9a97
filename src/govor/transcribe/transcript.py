"""A transcript: text with times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from govor.records import Word
from govor.text.spacing import joined

TIME_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording and what is said in it.

    Attributes:
        start: seconds from the beginning of the recording.
        end: seconds.
        text: what is said.
        words: times of its words, empty where they were not asked for.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain data; ``words`` only where there are any."""
        plain: dict[str, object] = {
            "start": round(self.start, TIME_DIGITS),
            "end": round(self.end, TIME_DIGITS),
            "text": self.text,
        }
        if self.words:
            plain["words"] = [_plain_word(word) for word in self.words]
        return plain


@dataclass(frozen=True)
class Transcript:
    """What a model heard in one recording.

    Attributes:
        audio: name of the recording.
        duration: seconds that were decoded.
        language: given or detected.
        segments: in order of time.
        timing: ``load_s``, ``decode_s`` and ``rtf`` (decoding seconds per second of audio).
        prompt: that the model was given; None for models without one.
        damage: why the recording was read no further than `duration`; None where all of it was.
    """

    audio: str
    duration: float
    language: str | None
    segments: tuple[Segment, ...]
    timing: Mapping[str, float] = field(default_factory=dict)
    prompt: Mapping[str, Any] | None = None
    damage: str | None = None

    @property
    def text(self) -> str:
        """All segments, joined as their scripts are written."""
        return joined([segment.text for segment in self.segments])

    def as_dict(self) -> dict[str, object]:
        """The transcript as its JSON file holds it."""
        return {
            "audio": self.audio,
            "duration": round(self.duration, TIME_DIGITS),
            "language": self.language,
            "text": self.text,
            "segments": [segment.as_dict() for segment in self.segments],
            "timing": dict(self.timing),
            **({"prompt": dict(self.prompt)} if self.prompt else {}),
            **({"damage": self.damage} if self.damage else {}),
        }


def _plain_word(word: Word) -> dict[str, object]:
    plain: dict[str, object] = {
        "word": word.text,
        "start": round(word.start, TIME_DIGITS),
        "end": round(word.end, TIME_DIGITS),
    }
    if word.confidence is not None:
        plain["confidence"] = round(word.confidence, 4)
    return plain
