"""Transcripts as annotations: a tier for each speaker or channel, its words on a tier below it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from govor.transcribe.transcript import Segment, Transcript

if TYPE_CHECKING:
    from govor.interchange.label import Label, LabelledRecording


def textgrid(transcript: Transcript) -> str:
    """For Praat."""
    from govor.interchange import praat

    return praat.render(session_of(transcript), None)


def eaf(transcript: Transcript) -> str:
    """For ELAN."""
    from govor.interchange import elan

    return elan.render(session_of(transcript), None)


def session_of(transcript: Transcript) -> LabelledRecording:
    """A transcript as the tools that make annotations take it."""
    from govor.interchange.label import LabelledRecording

    spoken = (segment for segment in transcript.segments if segment.text.strip())
    labels = tuple(_label(number, segment) for number, segment in enumerate(spoken))
    length_ms = max([round(transcript.end * 1000), *(label.end_ms for label in labels)])
    return LabelledRecording(transcript.audio, transcript.audio, length_ms, labels, transcript.language)


def _label(number: int, segment: Segment) -> Label:
    from govor.interchange.label import Label, words_within

    label = Label.of(str(number), segment.start, segment.end, segment.text, segment.speaker)
    words = [(word.text.strip(), word.start, word.end) for word in segment.words if word.text.strip()]
    return replace(label, words=words_within(label, words))
