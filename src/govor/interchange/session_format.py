"""What a format with one file a recording is, and what of an utterance it can hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from govor.interchange.label import LabelledRecording


@dataclass(frozen=True)
class SessionFormat:
    """A format with one file a recording.

    Attributes:
        name: as ``--format`` takes it.
        suffix: of its files.
        holds: of ``speaker`` and ``words``, those that it has a place for; times and text it always has.
        held_text: a text as the format keeps it.
        held_speaker: a speaker's name as the format keeps it.
        render: the file of a session, given the name of the recording beside it, if there is one.
        covers: its files state the length of the recording.
    """

    name: str
    suffix: str
    holds: frozenset[str]
    held_text: Callable[[str], str]
    held_speaker: Callable[[str], str]
    render: Callable[[LabelledRecording, str | None], str]
    covers: bool = False


def no_speaker(speaker: str) -> str:
    """What a format keeps of a name that it has no place for."""
    return ""
