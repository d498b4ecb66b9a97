"""SubRip and WebVTT: a cue an utterance; a WebVTT cue names its speaker.

Sources: the WebVTT recommendation of the W3C; SubRip has none.
"""

from __future__ import annotations

import html
import re

from govor.interchange.label import Label, LabelledRecording, on_one_line
from govor.interchange.session_format import SessionFormat, no_speaker
from govor.shown import subtitle_clock

_MARK_UP = re.compile(r"</?[a-zA-Z][^<>]*>|<\d[\d:.]*>|\{\\[^}]*\}")
_COMMAND = re.compile(r"\{\\[^}]*\}")
_LIKE_TIMES = re.compile(r"^(\s*-?\d[\d:.,\s]*)->")
"""A text that readers take for the times of a cue."""


def _plain_text(text: str) -> str:
    """SubRip cannot tell mark-up from text, so what looks like mark-up is left out."""
    text = _MARK_UP.sub("", on_one_line(text)).replace("-->", "->")
    return " ".join(_LIKE_TIMES.sub(r"\1→", text).split())


def _web_text(text: str) -> str:
    """What readers of WebVTT leave of a text: they take the commands of other subtitles out."""
    return " ".join(_COMMAND.sub("", on_one_line(text)).split())


def _subrip(session: LabelledRecording, audio: str | None) -> str:
    blocks = [
        f"{number}\n{_times(label, ',')}\n{_plain_text(label.text)}\n"
        for number, label in enumerate(session.labels, 1)
    ]
    return "\n".join(blocks)


def _voice(speaker: str) -> str:
    return on_one_line(speaker)


def _webvtt(session: LabelledRecording, audio: str | None) -> str:
    head = "WEBVTT\n" + (f"Language: {session.language}\n" if session.language else "")
    return "\n".join([head, *(f"{_times(label, '.')}\n{_caption_text(label)}\n" for label in session.labels)])


def _caption_text(label: Label) -> str:
    text = html.escape(on_one_line(label.text), quote=False)
    name = html.escape(_voice(label.speaker), quote=False) if label.speaker else ""
    return f"<v {name}>{text}</v>" if name else text


def _times(label: Label, mark: str) -> str:
    return f"{subtitle_clock(label.start_ms, mark)} --> {subtitle_clock(label.end_ms, mark)}"


SUBRIP = SessionFormat("srt", ".srt", frozenset(), _plain_text, no_speaker, _subrip)
WEBVTT = SessionFormat("vtt", ".vtt", frozenset({"speaker"}), _web_text, _voice, _webvtt)
