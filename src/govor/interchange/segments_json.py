"""JSON as Whisper writes it: text, language, segments with times, perhaps speakers and words."""

from __future__ import annotations

import json

from govor.interchange.label import Label, LabelledRecording
from govor.interchange.session_format import SessionFormat


def held_text(text: str) -> str:
    """The text as this format keeps it."""
    return text.strip()


def held_speaker(speaker: str) -> str:
    """The name as this format keeps it."""
    return speaker


def render(session: LabelledRecording, audio: str | None) -> str:
    """One JSON object."""
    segments = [_segment(number, label) for number, label in enumerate(session.labels)]
    text = " ".join(held_text(label.text) for label in session.labels)
    whole = {"text": text, "segments": segments, "language": session.language}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _segment(number: int, label: Label) -> dict[str, object]:
    words = [{"word": one.text, **_span(one)} for one in label.words]
    return {
        "id": number,
        **_span(label),
        "text": held_text(label.text),
        **({"speaker": label.speaker} if label.speaker else {}),
        **({"words": words} if words else {}),
    }


def _span(label: Label) -> dict[str, float]:
    return {"start": label.start_ms / 1000, "end": label.end_ms / 1000}


FORMAT = SessionFormat(
    "whisper-json", ".json", frozenset({"speaker", "words"}), held_text, held_speaker, render
)
