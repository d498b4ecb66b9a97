"""Transcripts as HTML: text that can be clicked, and that a player follows. All of it is escaped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from govor.transcribe import Segment, Transcript

FILE_ROUTE = "/gradio_api/file="


@dataclass
class Heard:
    """What one model has heard so far.

    Attributes:
        name: of the model.
        segments: so far.
        read_s: seconds of audio read so far.
        transcript: when it is done.
        failure: what went wrong, for people.
    """

    name: str
    segments: list[Segment] = field(default_factory=list)
    read_s: float = 0.0
    transcript: Transcript | None = None
    failure: str = ""


def transcripts_html(heard: Sequence[Heard], audio: str) -> str:
    """A player and one column a model."""
    source = f"{FILE_ROUTE}{quote(audio)}"
    player = f'<audio id="govor-player" controls preload="metadata" src="{escape(source)}"></audio>'
    columns = "".join(_column(one) for one in heard)
    return f'{player}<div class="govor-columns">{columns}</div>'


def _column(one: Heard) -> str:
    if one.failure:
        return f'<section><h3>{escape(one.name)}</h3><p role="alert">{escape(one.failure)}</p></section>'
    rows = "".join(_segment(segment) for segment in one.segments)
    empty = "<p>Nothing was said.</p>" if one.transcript is not None and not rows else ""
    return f"<section><h3>{escape(one.name)}</h3>{empty}<ol>{rows}</ol></section>"


def _segment(segment: Segment) -> str:
    time = f"{int(segment.start) // 60}:{int(segment.start) % 60:02d}"
    times = f'data-start="{segment.start:.3f}" data-end="{segment.end:.3f}"'
    return (
        f'<li><button type="button" {times}><time>{time}</time>'
        f'<span dir="auto">{escape(segment.text)}</span></button></li>'
    )


def failed_html(body: bytes) -> str:
    """The sentence of an API error."""
    return str(json.loads(body)["error"]["message"])
