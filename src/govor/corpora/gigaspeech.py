"""GigaSpeech: ``GigaSpeech.json`` with its long recordings and their segments, beside ``audio/``.

The file of gigabytes is read recording by recording. Transcripts write punctuation as ``<COMMA>`` and mark
what is not speech (``<MUSIC>``): text has the punctuation itself, a segment of nothing else is rejected; the
source's line is kept in ``text_tn``. Source: the corpus's documentation (SpeechColab, 2021).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from govor.corpora.beside import in_chunks
from govor.corpora.json_items import JsonItems
from govor.corpora.lines import rejected_line
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "gigaspeech"
NEEDS = "GigaSpeech.json with audios and segments, beside audio/"
SETTINGS: tuple[str, ...] = ()
MARKS = {"COMMA": ",", "PERIOD": ".", "QUESTIONMARK": "?", "EXCLAMATIONPOINT": "!"}
NO_SPEECH = re.compile(r"<(?:SIL|MUSIC|NOISE|OTHER)>")
_MARK = re.compile(rf"\s*<({'|'.join(MARKS)})>")
_SPLITS = {"DEV": "dev", "TEST": "test"}


def recognise(path: Path) -> str | None:
    """Looks for the file."""
    file = _file(path)
    return f"{file.name} lists recordings with segments" if file else None


def read(source: Source) -> Reading:
    """Opens the list; segments of the subsets DEV and TEST are those splits, all others train."""
    file = _file(source.path)
    if file is None:
        raise CorpusError(f"{source.path} is not a GigaSpeech folder: it needs {NEEDS}")
    root = source.audio_root(source.folder)
    return Reading(in_chunks(_rows(file)), root)


def said_in(text: str) -> str:
    """A transcript with its punctuation, and without marks of what is not speech."""
    spoken = NO_SPEECH.sub(" ", text)
    return " ".join(_MARK.sub(lambda mark: MARKS[mark[1]], spoken).split())


def _file(path: Path) -> Path | None:
    file = path / "GigaSpeech.json" if path.is_dir() else path
    return file if file.name == "GigaSpeech.json" and file.is_file() else None


def _rows(file: Path) -> Iterator[Row | Rejection]:
    items = JsonItems(file, ("audios",))
    try:
        for item in items:
            for row in _audio(file, item.line, item.value, items.head.get("language")):
                yield row if isinstance(row, Rejection) else row | {"_line": item.line, "_file": str(file)}
    except TimedTextError as error:
        yield rejected_line(file, error.line, "bad_json", error.problem)


def _audio(file: Path, line: int, audio: Any, language: Any) -> Iterator[Row | Rejection]:
    if not isinstance(audio, dict) or not isinstance(audio.get("segments"), list):
        yield rejected_line(file, line, "bad_recording", "a recording has no segments")
        return
    common = {
        "audio": audio.get("path"),
        "recording": audio.get("aid"),
        "language": language.lower() if isinstance(language, str) else None,
        "source": audio.get("source"),
        "category": audio.get("category"),
    }
    for segment in audio["segments"]:
        if isinstance(segment, dict):
            yield _segment(file, line, segment, common)
        else:
            yield rejected_line(file, line, "bad_segment", "a segment is not an object")


def _segment(file: Path, line: int, segment: Mapping[str, Any], common: Row) -> Row | Rejection:
    source, who = segment.get("text_tn"), segment.get("speaker")
    text = said_in(source) if isinstance(source, str) else None
    subsets = [str(name).strip("{}") for name in segment.get("subsets") or []]
    if isinstance(source, str) and source.strip() and not re.search(r"\w", text or ""):
        return rejected_line(file, line, "not_speech", f"nothing is said: {source[:60]}", segment.get("sid"))
    return {
        **common,
        "id": segment.get("sid"),
        "start": segment.get("begin_time"),
        "end": segment.get("end_time"),
        "text": text,
        "text_tn": source,
        "speaker": None if who in ("N/A", "") else who,
        "split": next((_SPLITS[name] for name in subsets if name in _SPLITS), "train"),
        "subsets": " ".join(subsets),
    }
