"""Rev's ``.nlp`` references (Earnings-21, Earnings-22): one token a line, fields between bars.

Where all have times, utterances are one speaker's words up to pauses; else the whole recording is one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from govor.corpora.beside import TranscriptFile, first_files, read_beside, spoken_row, transcript_files
from govor.corpora.delimited import read_delimited
from govor.corpora.lines import first_line
from govor.corpora.numbers import number
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.tiers import joined_words
from govor.corpora.timed_text import TimedText, TimedTextError
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "nlp"
NEEDS = (
    ".nlp files (token|speaker|ts|endTs|punctuation|...) and recordings of the same names below the folder"
)
SETTINGS: tuple[str, ...] = ()
HEADER = ("token", "speaker", "ts", "endTs", "punctuation")


def recognise(path: Path) -> str | None:
    """Looks for an ``.nlp`` file with its header."""
    for file in first_files(path, (".nlp",)):
        if first_line(file).split("|")[:2] == list(HEADER[:2]):
            return f"{file.name} has tokens and speakers between bars"
    return None


def read(source: Source) -> Reading:
    """Opens all references below a folder; the recordings may lie elsewhere in it (``media/``)."""
    return read_beside(source, transcript_files(source.path, (".nlp",)), _parse, NEEDS)


def _parse(file: Path) -> TranscriptFile:
    cues: list[TimedText] = []
    rejections: list[Rejection] = []
    try:
        for chunk in read_delimited(file, "|"):
            rejections += chunk.rejections
            if not {"token", "speaker"} <= set(chunk.frame.columns) and chunk.frame.height:
                raise TimedTextError(1, f"its header does not begin with {'|'.join(HEADER)}")
            cues += [_cue(row) for row in chunk.frame.iter_rows(named=True) if row["token"]]
    except CorpusError as error:
        raise TimedTextError(1, str(error)) from None
    return TranscriptFile([*rejections, *_utterances(cues)], (file.stem,))


def _cue(row: dict[str, str | None]) -> TimedText:
    times = [_seconds(row.get(name)) for name in ("ts", "endTs")]
    text = f"{row['token']}{row.get('punctuation') or ''}"
    line: int = row["_line"]  # type: ignore[assignment]
    return TimedText(times[0], times[1], text, row["speaker"], line)


def _seconds(field: str | None) -> float:
    value = number(field)
    return float("nan") if value is None else value


def _utterances(cues: list[TimedText]) -> Iterator[Row]:
    timed = [cue for cue in cues if cue.start == cue.start and cue.end == cue.end]
    if timed and len(timed) == len(cues):
        for speaker, group in groupby(cues, key=lambda cue: cue.speaker):
            for item in joined_words(list(group)):
                yield spoken_row(item) | {"speaker": speaker}
    elif cues:
        speakers = {cue.speaker for cue in cues}
        text = " ".join(cue.text for cue in cues)
        yield {"text": text, "speaker": speakers.pop() if len(speakers) == 1 else None, "_line": 1}
