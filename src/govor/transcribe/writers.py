"""Transcripts as files that players, editors and scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable

from govor.shown import subtitle_clock
from govor.transcribe.subtitles import Cue, CueRules, cues
from govor.transcribe.transcript import Segment, Transcript


def render(transcript: Transcript, format: str, rules: CueRules | None = None) -> str:
    """A transcript as the text of a file.

    Args:
        transcript: what to write.
        format: ``txt``, ``srt``, ``vtt``, ``tsv`` or ``json``.
        rules: line length and reading speed of subtitles.

    Raises:
        KeyError: there is no such format.
    """
    return WRITERS[format](transcript, rules or CueRules())


def _txt(transcript: Transcript, rules: CueRules) -> str:
    return "".join(f"{segment.text}\n" for segment in transcript.segments)


def _srt(transcript: Transcript, rules: CueRules) -> str:
    blocks = [f"{number}\n{srt_block(cue)}" for number, cue in enumerate(_cues(transcript, rules), 1)]
    return "\n".join(blocks)


def _cues(transcript: Transcript, rules: CueRules) -> list[Cue]:
    return cues(transcript.segments, rules, transcript.duration)


def srt_block(cue: Cue) -> str:
    """Times and lines of one SubRip subtitle, without its number."""
    text = "\n".join(line.replace("-->", "->") for line in cue.lines)
    return f"{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{text}\n"


def _vtt(transcript: Transcript, rules: CueRules) -> str:
    blocks = [_vtt_block(cue) for cue in _cues(transcript, rules)]
    return "\n".join(["WEBVTT\n", *blocks])


def _vtt_block(cue: Cue) -> str:
    text = "\n".join(_escaped(line) for line in cue.lines)
    return f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{text}\n"


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tsv(transcript: Transcript, rules: CueRules) -> str:
    rows = [_tsv_row(segment) for segment in transcript.segments]
    return "".join(["start\tend\ttext\n", *rows])


def _tsv_row(segment: Segment) -> str:
    text = " ".join(segment.text.split())
    return f"{round(segment.start * 1000)}\t{round(segment.end * 1000)}\t{text}\n"


def _json(transcript: Transcript, rules: CueRules) -> str:
    return json.dumps(transcript.as_dict(), ensure_ascii=False, indent=2) + "\n"


def clock(seconds: float, mark: str) -> str:
    """``hh:mm:ss`` and milliseconds behind `mark`."""
    return subtitle_clock(round(seconds * 1000), mark)


WRITERS: dict[str, Callable[[Transcript, CueRules], str]] = {
    "txt": _txt,
    "srt": _srt,
    "vtt": _vtt,
    "tsv": _tsv,
    "json": _json,
}
TIMED_FORMATS = ("srt", "vtt")
"""Formats that are better for the times of words."""
