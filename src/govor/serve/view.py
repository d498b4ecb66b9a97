"""Transcripts as HTML: text that can be clicked, and that a player follows. All of it is escaped."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from urllib.parse import quote

from govor.transcribe import Segment, Transcript, render

FILE_ROUTE = "/gradio_api/file="
DOWNLOADS = {"srt": "application/x-subrip", "vtt": "text/vtt", "txt": "text/plain;charset=utf-8"}


@dataclass
class ModelTranscript:
    """What one model has heard so far.

    Attributes:
        name: of the model.
        segments: so far.
        read_s: seconds of audio read so far.
        transcript: when it is done.
        failure: what went wrong, for people.
        stopped: the transcript is of what was heard until the visitor stopped it.
    """

    name: str
    segments: list[Segment] = field(default_factory=list)
    read_s: float = 0.0
    transcript: Transcript | None = None
    failure: str = ""
    stopped: bool = False

    @property
    def lines(self) -> Sequence[Segment]:
        """All segments that are to be shown."""
        return self.transcript.segments if self.transcript else list(self.segments)


def player_html(audio: str) -> str:
    """A player of the recording; it stays where it is while the text comes."""
    source = f"{FILE_ROUTE}{quote(audio)}"
    return f'<audio id="govor-player" controls preload="metadata" src="{escape(source)}"></audio>'


def listening_html(heard: Sequence[ModelTranscript], passed_s: float) -> str:
    """How far the slowest model is; the script beside the page knows of how much."""
    read_s = min(one.read_s for one in heard)
    far = f"Waiting for the first words: {passed_s:.0f} s …"
    if read_s:
        speed = f"{read_s / passed_s:.1f} times as fast as speech"
        far = f"Listening: {clock(read_s)} in {passed_s:.0f} s, {speed} …"
    return f'<p role="status">{far}</p><progress data-read="{read_s:.1f}" aria-label="Listened"></progress>'


def done_html(heard: Sequence[ModelTranscript]) -> str:
    """What each model made of the recording, and how fast."""
    facts = " · ".join(_fact(one, one.transcript) for one in heard if one.transcript)
    return f'<p role="status">{facts}</p>'


def _fact(one: ModelTranscript, transcript: Transcript) -> str:
    rtf = transcript.timing["rtf"]
    speed = f", {1 / rtf:.0f} times as fast as speech" if rtf else ""
    words = len(transcript.text.split())
    stopped = ", stopped" if one.stopped else ""
    said = f"{words} words in {clock(transcript.duration)}"
    return f"<strong>{escape(one.name)}</strong>: {said}{speed}{stopped}"


def clock(seconds: float) -> str:
    """Minutes and seconds; hours too where there are any."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def transcripts_html(heard: Sequence[ModelTranscript], stem: str = "") -> str:
    """One column a model; with `stem`, each with its files to take away."""
    columns = "".join(_column(one, stem) for one in heard)
    return f'<div class="govor-columns">{columns}</div>'


def _column(one: ModelTranscript, stem: str) -> str:
    if one.failure:
        return f'<section><h3>{escape(one.name)}</h3><p role="alert">{escape(one.failure)}</p></section>'
    links = _links(one, stem) if stem and one.transcript is not None else ""
    rows = "".join(_segment(segment, number == 0) for number, segment in enumerate(one.lines))
    nothing = "Nothing was heard until then." if one.stopped else "Nothing was said."
    empty = f"<p>{nothing}</p>" if one.transcript is not None and not rows else ""
    head = f"<header><h3>{escape(one.name)}</h3>{links}</header>"
    return f"<section>{head}{empty}<ol>{rows}</ol></section>"


def _links(one: ModelTranscript, stem: str) -> str:
    assert one.transcript is not None
    links = []
    for form, kind in DOWNLOADS.items():
        content = b64encode(render(one.transcript, form).encode()).decode()
        name = escape(f"{stem[:80]}.{one.name.replace('/', '_')}.{form}")
        links.append(f'<a download="{name}" href="data:{kind};base64,{content}">{form.upper()}</a>')
    return f"<nav>{''.join(links)}</nav>"


def _segment(segment: Segment, first: bool) -> str:
    """A line that can be chosen; the list is one stop of the Tab key, arrows go through it."""
    place = f'tabindex="{0 if first else -1}" data-start="{segment.start:.3f}" data-end="{segment.end:.3f}"'
    return (
        f'<li><button type="button" {place}><time>{clock(segment.start)}</time>'
        f'<span dir="auto">{escape(segment.text)}</span></button></li>'
    )


def failed_html(body: bytes) -> str:
    """The sentence of an API error."""
    return str(json.loads(body)["error"]["message"])
