"""A transcript: text with times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from govor.records import Measures, Word
from govor.text.spacing import joined

TIME_DIGITS = 3


class Stretch(TypedDict):
    """A stretch of a recording, in seconds."""

    start: float
    end: float


class LanguageStretch(Stretch):
    """A stretch and what is spoken in it."""

    language: str


def in_stretches(regions: Iterable[tuple[float, float]]) -> list[Stretch]:
    """Begins and ends as files have them."""
    return [{"start": round(start, TIME_DIGITS), "end": round(end, TIME_DIGITS)} for start, end in regions]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording and what is said in it.

    Attributes:
        start: seconds from the beginning of the recording.
        end: seconds.
        text: what is said.
        words: times of its words, empty where they were not asked for.
        language: it was decoded in; None for models without a choice.
        measures: of the window it was decoded in; None for models that give none.
        speaker: who speaks, as far as it is known: a channel; None where nothing tells.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str | None = None
    measures: Measures | None = None
    speaker: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain data; ``words``, ``language`` and measures only where there are any."""
        plain: dict[str, object] = {
            "start": round(self.start, TIME_DIGITS),
            "end": round(self.end, TIME_DIGITS),
            "text": self.text,
        }
        if self.speaker:
            plain["speaker"] = self.speaker
        if self.language:
            plain["language"] = self.language
        if self.measures:
            plain |= _plain_measures(self.measures)
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
        damage: why the recording was read no further than `duration`, or where silence stands for what could
            not be read; None where all of it was.
        lost: stretches in which somebody speaks and nothing was understood.
        offset: where in the recording what was decoded begins, in seconds.
    """

    audio: str
    duration: float
    language: str | None
    segments: tuple[Segment, ...]
    timing: Mapping[str, float] = field(default_factory=dict)
    prompt: Mapping[str, object] | None = None
    damage: str | None = None
    lost: tuple[Stretch, ...] = ()
    offset: float = 0.0

    @property
    def end(self) -> float:
        """Where in the recording what was decoded ends, in seconds."""
        return self.offset + self.duration

    @property
    def languages(self) -> list[LanguageStretch]:
        """Stretches of the recording with their languages, in order of time."""
        found: list[LanguageStretch] = []
        for segment in self.segments:
            if segment.language is None:
                continue
            if not found or found[-1]["language"] != segment.language:
                (stretch,) = in_stretches([(segment.start, segment.end)])
                found.append({**stretch, "language": segment.language})
            found[-1]["end"] = round(segment.end, TIME_DIGITS)
        return found

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
            **({"languages": self.languages} if len(self.languages) > 1 else {}),
            **({"lost": list(self.lost)} if self.lost else {}),
            **({"clip": in_stretches([(self.offset, self.end)])[0]} if self.offset else {}),
        }


def _plain_measures(measures: Measures) -> dict[str, object]:
    """Under the names that OpenAI's Whisper has for them."""
    quiet = measures.no_speech_prob
    return {
        "avg_logprob": round(measures.avg_logprob, 4),
        "compression_ratio": round(measures.compression_ratio, 4),
        **({} if quiet is None else {"no_speech_prob": round(quiet, 4)}),
        "temperature": measures.temperature,
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
