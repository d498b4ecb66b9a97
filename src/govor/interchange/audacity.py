"""Audacity's label tracks: start, end and text between tabs.

Source: the Audacity manual, "Importing and Exporting Labels".
"""

from __future__ import annotations

from govor.interchange.label import Label, LabelledRecording, on_one_line
from govor.interchange.session_format import SessionFormat, no_speaker


def _render(session: LabelledRecording, audio: str | None) -> str:
    return "".join(_line(label) for label in session.labels)


def _line(label: Label) -> str:
    return f"{label.start_ms / 1000:.6f}\t{label.end_ms / 1000:.6f}\t{on_one_line(label.text)}\n"


FORMAT = SessionFormat("audacity", ".txt", frozenset(), on_one_line, no_speaker, _render)
