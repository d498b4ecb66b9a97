"""Transcripts in the forms that OpenAI's transcription API answers with."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from govor.records import Word
from govor.text.compression import compression_ratio
from govor.text.spacing import space_between, spaces_before
from govor.transcribe import Segment, Transcript
from govor.transcribe.writers import render

FORMATS = ("json", "text", "srt", "vtt", "verbose_json")
TIMED = ("srt", "vtt", "verbose_json")
STREAMABLE = ("json", "text")
GRANULARITIES = ("word", "segment")
INCLUDED = ("logprobs",)
MEDIA_TYPES = {"text": "text/plain", "srt": "application/x-subrip", "vtt": "text/vtt"}
LEAST_PROBABILITY = 1e-6
"""What a confidence of 0 is shown as: JSON has no infinity."""


def body(
    transcript: Transcript,
    form: str,
    granularities: Sequence[str] = ("segment",),
    *,
    task: str = "transcribe",
    logprobs: bool = False,
) -> str:
    """The answer's body in one of `FORMATS`.

    Args:
        transcript: what was heard.
        form: one of `FORMATS`.
        granularities: of verbose_json.
        task: ``transcribe`` or ``translate``.
        logprobs: whether json says them.
    """
    if form == "text":
        return transcript.text + "\n"
    if form in ("srt", "vtt"):
        return render(transcript, form)
    plain: dict[str, object] = {"text": transcript.text}
    if form == "verbose_json":
        plain = _verbose(transcript, granularities, task)
    if logprobs:
        plain["logprobs"] = log_probabilities(transcript.segments)
    seconds = round(transcript.duration)
    return json.dumps({**plain, "usage": {"type": "duration", "seconds": seconds}}, ensure_ascii=False)


def _verbose(transcript: Transcript, granularities: Sequence[str], task: str) -> dict[str, object]:
    plain: dict[str, object] = {
        "task": task,
        "language": transcript.language or "",
        "duration": round(transcript.duration, 3),
        "text": transcript.text,
        **({"lost": list(transcript.lost)} if transcript.lost else {}),
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
    """Writes null for what was not measured: people would take a number for a measurement."""
    measured = segment.measures
    ratio = measured.compression_ratio if measured else compression_ratio(segment.text)
    return {
        "id": number,
        "seek": 0,
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": measured.temperature if measured else None,
        "avg_logprob": round(measured.avg_logprob, 4) if measured else None,
        "compression_ratio": round(ratio, 4),
        "no_speech_prob": measured.no_speech_prob if measured else None,
        **({"language": segment.language} if segment.language else {}),
    }


def has_confidences(segments: Iterable[Segment]) -> bool:
    """Whether every word has a measured probability."""
    return all(word.confidence is not None for segment in segments for word in segment.words)


def log_probabilities(segments: Sequence[Segment], said: str = "") -> list[dict[str, object]]:
    """One entry a word, so that the tokens together are the text; `said` is what stands before them."""
    entries = []
    for segment in segments:
        spaces = spaces_before([word.text for word in segment.words], segment.text)
        first = space_between(said, segment.text)
        for number, (space, word) in enumerate(zip(spaces, segment.words, strict=True)):
            entries.append(_log_probability((first if number == 0 else space) + word.text, word))
        said = segment.text
    return entries


def _log_probability(token: str, word: Word) -> dict[str, object]:
    probability = max(word.confidence or 0.0, LEAST_PROBABILITY)
    return {"token": token, "logprob": round(math.log(probability), 4), "bytes": list(token.encode())}


def event(kind: str, **fields: Any) -> str:
    """One server-sent event."""
    return f"data: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n"
