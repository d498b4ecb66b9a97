"""Which segments are set aside, each with a stable code; nothing is decoded here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from govor.align.romanise import script_of
from govor.config import LabelConfig
from govor.label.scripts import scripts_of
from govor.label.segment import HeardRecording, HeardSegment
from govor.label.texts import is_repetitive, phrases, spoken_letters
from govor.label.usual import Usual
from govor.records import MOST_NO_SPEECH
from govor.transcribe.languages import Vote

OWN_CODES = (
    "no_speech",
    "wrong_language",
    "wrong_script",
    "repeated_text",
    "impossible_pace",
    "text_incomplete",
    "cut_in_speech",
    "stock_phrase",
)
"""Why a segment is set aside, in the order in which it is looked at."""
LEAST_CONFIDENCE = 0.37
"""OpenAI's limit of ln p, -1, as a probability."""
SURE_SHARE = 0.5
"""Of what may be speech, that a detector is sure of where somebody speaks."""
CUT_OFF_S = 0.2
"""So near to where a recording can be read no further, a word may be cut."""
STOCK_SHARE = 0.01
"""A stock phrase also stands in so many of the recordings."""


@dataclass(frozen=True)
class Surroundings:
    """What all recordings together say.

    Attributes:
        scripts: of each language.
        stock: phrases that stand in many recordings, and in how many.
        usual: how the recordings of each language sound to the model.
    """

    scripts: Mapping[str | None, tuple[str, ...]]
    stock: Mapping[str, int]
    usual: Mapping[str | None, Usual] = field(default_factory=dict)

    @classmethod
    def of(cls, recordings: Sequence[HeardRecording], config: LabelConfig) -> Surroundings:
        """What some recordings say together."""
        texts: dict[str | None, list[str]] = {}
        for one in recordings:
            texts.setdefault(one.language, []).extend(segment.text for segment in one.segments)
        scripts = {language: scripts_of(language, written) for language, written in texts.items()}
        return cls(scripts, stock_phrases(recordings, config.stock_recordings), usual_of(recordings))


def usual_of(recordings: Iterable[HeardRecording]) -> dict[str | None, Usual]:
    """How each language of recordings usually sounds to the model, where it tells languages."""
    codes: dict[str | None, str] = {}
    votes: dict[str | None, list[list[Vote[None]]]] = {}
    for one in recordings:
        if one.code:
            codes[one.language] = one.code
            spoken = map(_spoken_vote, one.segments)
            votes.setdefault(one.language, []).append([vote for vote in spoken if vote.shares])
    return {language: Usual.of(code, votes[language]) for language, code in codes.items()}


def vote_of(segment: HeardSegment) -> Vote[None]:
    """What the model takes a segment for."""
    return Vote(None, segment.languages, segment.speech_s)


def stock_phrases(recordings: Iterable[HeardRecording], least: int) -> dict[str, int]:
    """Phrases found in at least so many recordings, and in a share of all; none if `least` is 0."""
    counts: Counter[str] = Counter()
    total = 0
    for one in recordings:
        counts.update({phrase for segment in one.segments for phrase in phrases(segment.text)})
        total += 1
    needed = max(least, STOCK_SHARE * total)
    return {phrase: count for phrase, count in counts.items() if least and count >= needed}


def faults_of(
    recording: HeardRecording, around: Surroundings, config: LabelConfig
) -> list[tuple[str, str] | None]:
    """For each segment of a recording, code and detail of why it is set aside; None where it is kept."""
    usual = around.usual.get(recording.language)
    segments = [
        replace(one, forced=one.forced or _is_broken_off(one, recording)) for one in recording.segments
    ]
    votes = [_spoken_vote(segment) for segment in segments]
    others = usual.others(votes) if usual else [None] * len(votes)
    return [
        _fault(segment, recording.language, other, around, config)
        for segment, other in zip(segments, others, strict=True)
    ]


def _is_broken_off(segment: HeardSegment, recording: HeardRecording) -> bool:
    """Whether a segment goes to where a recording is damaged or was cut off."""
    return recording.damage is not None and segment.end >= recording.duration - CUT_OFF_S


def _spoken_vote(segment: HeardSegment) -> Vote[None]:
    """What the model takes a segment for; what nobody says is in no language."""
    vote = vote_of(segment)
    return replace(vote, shares=()) if _silent(segment) else vote


def _fault(
    segment: HeardSegment, language: str | None, other: str | None, around: Surroundings, config: LabelConfig
) -> tuple[str, str] | None:
    """The first reason why a segment is set aside."""
    found = (
        _silent(segment),
        _foreign(segment, language, other, config),
        _written_otherwise(segment, around.scripts.get(language, ())),
        _repeated(segment, config),
        _hurried(segment, config),
        ("text_incomplete", "nothing was understood of a part of it") if segment.lost else None,
        ("cut_in_speech", "no pause was found at its beginning or end") if segment.forced else None,
        _stock(segment, around.stock),
    )
    return next((fault for fault in found if fault), None)


def _silent(segment: HeardSegment) -> tuple[str, str] | None:
    if segment.noise or not spoken_letters(segment.text):
        return "no_speech", "nobody speaks, or nothing was understood"
    quiet = segment.no_speech is not None and segment.no_speech > MOST_NO_SPEECH
    unlikely = segment.confidence is not None and segment.confidence < LEAST_CONFIDENCE
    if quiet and (unlikely or _is_faint(segment)):
        return "no_speech", f"probability of no speech {segment.no_speech:.2f}"
    return None


def _is_faint(segment: HeardSegment) -> bool:
    """Whether a detector is not sure of most of what may be speech: music, mostly."""
    return segment.voiced_s is not None and segment.voiced_s < SURE_SHARE * segment.speech_s


def _foreign(
    segment: HeardSegment, language: str | None, other: str | None, config: LabelConfig
) -> tuple[str, str] | None:
    share, least = segment.language_probability, config.min_language_probability
    if share is None:
        return None
    if share >= least if least is not None else other is None:
        return None
    heard = f"; it sounds like {other}" if other else ""
    return "wrong_language", f"{language} has the probability {share:.3f}{heard}"


def _written_otherwise(segment: HeardSegment, scripts: Sequence[str]) -> tuple[str, str] | None:
    script = script_of(segment.text)
    if not scripts or not script or script in scripts:
        return None
    return "wrong_script", f"{script.lower()} letters, not {' or '.join(scripts).lower()}"


def _repeated(segment: HeardSegment, config: LabelConfig) -> tuple[str, str] | None:
    if segment.broken or is_repetitive(segment.text):
        return "repeated_text", "the same words are repeated"
    if segment.compression_ratio > config.max_compression:
        return "repeated_text", f"compression ratio {segment.compression_ratio:.2f}"
    return None


def _hurried(segment: HeardSegment, config: LabelConfig) -> tuple[str, str] | None:
    pace = spoken_letters(segment.text) / max(segment.speech_s, 0.1)
    if config.min_letters <= pace <= config.max_letters:
        return None
    return "impossible_pace", f"{pace:.1f} letters in a second of speech"


def _stock(segment: HeardSegment, stock: Mapping[str, int]) -> tuple[str, str] | None:
    for phrase in phrases(segment.text):
        if phrase in stock:
            return "stock_phrase", f"{phrase!r} stands in {stock[phrase]:,} recordings"
    return None
