"""Transcripts as files that players, editors and scripts read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from govor.shown import subtitle_clock
from govor.transcribe.subtitles import Cue, CueRules, cues, said_by
from govor.transcribe.transcript import Segment, Transcript

if TYPE_CHECKING:
    from govor.interchange.label import Label, LabelledRecording


TICK_S = 0.001  # times of words in a cue grow by at least that
SUFFIXES = {"vtt-words": "words.vtt", "textgrid": "TextGrid"}
"""Of files, where the format is called otherwise."""
TIMED_FORMATS = ("srt", "vtt", "vtt-words", "textgrid", "eaf")
"""Formats that are better for the times of words."""


def textgrid(transcript: Transcript) -> str:
    """For Praat."""
    from govor.interchange import praat

    return praat.render(session_of(transcript), None)


def eaf(transcript: Transcript) -> str:
    """For ELAN."""
    from govor.interchange import elan

    return elan.render(session_of(transcript), None)


def session_of(transcript: Transcript) -> LabelledRecording:
    """A transcript as the tools that make annotations take it."""
    from govor.interchange.label import LabelledRecording

    spoken = (segment for segment in transcript.segments if segment.text.strip())
    labels = tuple(_label(number, segment) for number, segment in enumerate(spoken))
    length_ms = max([round(transcript.end * 1000), *(label.end_ms for label in labels)])
    return LabelledRecording(transcript.audio, transcript.audio, length_ms, labels, transcript.language)


def _label(number: int, segment: Segment) -> Label:
    from govor.interchange.label import Label, words_within

    label = Label.of(str(number), segment.start, segment.end, segment.text, segment.speaker)
    words = [(word.text.strip(), word.start, word.end) for word in segment.words if word.text.strip()]
    return replace(label, words=words_within(label, words))


def render(transcript: Transcript, format: str, rules: CueRules | None = None) -> str:
    """A transcript as the text of a file.

    Args:
        transcript: what to write.
        format: one of ``TranscribeConfig.format``.
        rules: line length and reading speed of subtitles.

    Raises:
        KeyError: there is no such format.
    """
    return WRITERS[format](transcript, rules or CueRules())


def _txt(transcript: Transcript, rules: CueRules) -> str:
    return "".join(f"{said_by(segment)}{segment.text}\n" for segment in transcript.segments)


def _srt(transcript: Transcript, rules: CueRules) -> str:
    """With who speaks in the text: the format has no other place for it."""
    named = cues(transcript.segments, rules, transcript.end, named=True)
    blocks = [f"{number}\n{srt_block(cue)}" for number, cue in enumerate(named, 1)]
    return "\n".join(blocks)


def _cues(transcript: Transcript, rules: CueRules) -> list[Cue]:
    return cues(transcript.segments, rules, transcript.end)


def srt_block(cue: Cue) -> str:
    """Times and lines of one SubRip subtitle, without its number."""
    text = "\n".join(line.replace("-->", "->") for line in cue.lines)
    return f"{clock(cue.start, ',')} --> {clock(cue.end, ',')}\n{text}\n"


def _vtt(transcript: Transcript, rules: CueRules) -> str:
    blocks = [_vtt_block(cue) for cue in _cues(transcript, rules)]
    return "\n".join(["WEBVTT\n", *blocks])


def _vtt_block(cue: Cue) -> str:
    return _vtt_cue(cue, [_escaped(line) for line in cue.lines])


def _vtt_cue(cue: Cue, lines: Sequence[str]) -> str:
    voice = f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""
    text = "\n".join(lines)
    return f"{clock(cue.start, '.')} --> {clock(cue.end, '.')}\n{voice}{text}\n"


def _vtt_words(transcript: Transcript, rules: CueRules) -> str:
    """Players show each word in the style ``::cue(:past)`` once it is said; WebVTT's timestamp tags."""
    blocks = [_vtt_cue(cue, list(_lit_lines(cue))) for cue in _cues(transcript, rules)]
    return "\n".join(["WEBVTT\n", *blocks])


def _lit_lines(cue: Cue) -> Iterator[str]:
    """Lines with the time of every word but the first, where times were measured."""
    words, latest = iter(cue.words), cue.start
    for line in cue.lines:
        if not cue.words:
            yield _escaped(line)
            continue
        made, left = "", line
        while left:
            word = next(words)
            text = word.text if made else word.text.lstrip()
            left = left[len(text) :]
            inside = latest + TICK_S <= word.start < cue.end
            latest = word.start if inside else latest
            space = text[: len(text) - len(text.lstrip())]
            time = f"<{clock(word.start, '.')}>" if inside else ""
            made += f"{space}{time}<c>{_escaped(text.lstrip())}</c>"
        yield made


def _escaped(line: str) -> str:
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tsv(transcript: Transcript, rules: CueRules) -> str:
    """As Whisper writes it, and who speaks behind it where that is known."""
    named = any(segment.speaker for segment in transcript.segments)
    heads = ("start", "end", "text", *(["speaker"] if named else []))
    rows = [heads, *(_tsv_row(segment)[: len(heads)] for segment in transcript.segments)]
    return "".join("\t".join(row) + "\n" for row in rows)


def _tsv_row(segment: Segment) -> tuple[str, ...]:
    texts = (" ".join(text.split()) for text in (segment.text, segment.speaker or ""))
    return (str(round(segment.start * 1000)), str(round(segment.end * 1000)), *texts)


def _json(transcript: Transcript, rules: CueRules) -> str:
    return json.dumps(transcript.as_dict(), ensure_ascii=False, indent=2) + "\n"


def clock(seconds: float, mark: str) -> str:
    """``hh:mm:ss`` and milliseconds behind `mark`."""
    return subtitle_clock(round(seconds * 1000), mark)


WRITERS: dict[str, Callable[[Transcript, CueRules], str]] = {
    "txt": _txt,
    "srt": _srt,
    "vtt": _vtt,
    "vtt-words": _vtt_words,
    "tsv": _tsv,
    "json": _json,
    "textgrid": lambda transcript, _: textgrid(transcript),
    "eaf": lambda transcript, _: eaf(transcript),
}
