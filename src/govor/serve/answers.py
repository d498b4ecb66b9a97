"""Transcripts in the forms that OpenAI's transcription API answers with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from govor.transcribe import Segment, Transcript
from govor.transcribe.writers import render

FORMATS = ("json", "text", "srt", "vtt", "verbose_json")
GRANULARITIES = ("word", "segment")
MEDIA_TYPES = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}


def body(transcript: Transcript, form: str, granularities: Sequence[str] = ("segment",)) -> str:
    """The answer's body in one of `FORMATS`."""
    if form == "text":
        return transcript.text + "\n"
    if form in ("srt", "vtt"):
        return render(transcript, form)
    plain: dict[str, object] = {"text": transcript.text}
    if form == "verbose_json":
        plain = _verbose(transcript, granularities)
    seconds = round(transcript.duration)
    return json.dumps({**plain, "usage": {"type": "duration", "seconds": seconds}}, ensure_ascii=False)


def _verbose(transcript: Transcript, granularities: Sequence[str]) -> dict[str, object]:
    plain: dict[str, object] = {
        "task": "transcribe",
        "language": transcript.language or "",
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
    }
    if "segment" in granularities:
        plain["segments"] = [_segment(i, segment) for i, segment in enumerate(transcript.segments)]
    if "word" in granularities:
        plain["words"] = [
            {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for segment in transcript.segments
            for word in segment.words
        ]
    return plain


def _segment(number: int, segment: Segment) -> dict[str, object]:
    return {
        "id": number,
        "seek": 0,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": 0.0,
        "compression_ratio": 0.0,
        "no_speech_prob": 0.0,
    }


def event(kind: str, **fields: Any) -> str:
    """One server-sent event."""
    return f"data: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n"
