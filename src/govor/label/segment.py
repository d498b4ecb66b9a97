"""A stretch of a recording with what a model wrote for it, as the file of its recording keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeardSegment:
    """One segment.

    Attributes:
        start: seconds.
        end: seconds.
        speech_s: seconds in which somebody may speak.
        voiced_s: seconds in which a neural detector is sure of it; None where there is no such detector.
        text: what the model wrote.
        second: what the second model, or the same one in other windows, wrote.
        confidence: geometric mean probability of the tokens; None where the model gives none.
        language_probability: of the recording's language here; None where the model tells none.
        languages: the likeliest ones and the recording's, by the model's codes, with probabilities, the
            likeliest first; empty where the model tells none.
        no_speech: probability that nobody speaks; None where the model tells none.
        compression_ratio: bytes of the text over those that zlib makes of it.
        noise: detector and model agree that nobody speaks.
        broken: the model repeated itself, or did not end.
        lost: somebody speaks inside, and nothing was understood there.
        forced: no pause was found: a word at its beginning or end may be cut.
    """

    start: float
    end: float
    speech_s: float
    text: str
    second: str = ""
    voiced_s: float | None = None
    confidence: float | None = None
    language_probability: float | None = None
    languages: tuple[tuple[str, float], ...] = ()
    no_speech: float | None = None
    compression_ratio: float = 0.0
    noise: bool = False
    broken: bool = False
    lost: bool = False
    forced: bool = False


@dataclass(frozen=True)
class HeardRecording:
    """All segments of one recording.

    Attributes:
        audio: the file.
        duration: seconds that could be read.
        language: given, the model's own, or voted on; None where nothing tells.
        segments: in order of time.
        code: what the model calls the language; None where it does not know it, or tells no languages.
        damage: why it was read no further, or not all of it; None where all of it was.
    """

    audio: str
    duration: float
    language: str | None
    segments: tuple[HeardSegment, ...]
    code: str | None = None
    damage: str | None = None
