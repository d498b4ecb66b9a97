"""Recordings of any length become text with times."""

from govor.transcribe.files import transcribe_files
from govor.transcribe.transcriber import Transcriber, Transcription
from govor.transcribe.transcript import Segment, Transcript
from govor.transcribe.writers import render

__all__ = ["Segment", "Transcriber", "Transcript", "Transcription", "render", "transcribe_files"]
