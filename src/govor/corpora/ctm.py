"""CTM: one word a line, ``recording channel start duration word [confidence]``, joined up to pauses."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from govor.corpora.beside import (
    Recordings,
    Row,
    first_files,
    in_chunks,
    root_of,
    split_of,
    spoken_row,
    transcript_files,
)
from govor.corpora.lines import rejected_line
from govor.corpora.nist import Channels, first_fields, is_number, named_recording, numbered_lines
from govor.corpora.reader import Reading, Source
from govor.corpora.tiers import LONGEST_S, PAUSE_S, joined_words
from govor.corpora.timed_text import Cue
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "ctm"
NEEDS = ".ctm files (recording channel start duration word), the recordings anywhere below the folder"
SETTINGS: tuple[str, ...] = ()
_Word = tuple[str, str, Cue]


def recognise(path: Path) -> str | None:
    """Looks for a CTM whose first line has times where they belong, and for no STM beside it."""
    if next(first_files(path, (".stm",)), None) is not None:
        return None
    for file in first_files(path, (".ctm",)):
        fields = first_fields(file)
        if len(fields) in (5, 6) and is_number(fields[2]) and is_number(fields[3]):
            return f"{file.name} has recordings, times and words"
    return None


def read(source: Source) -> Reading:
    """Opens all CTM files below a folder; an utterance ends where the words pause, or grow too long."""
    files = list(transcript_files(source.path, (".ctm",)))
    if not files:
        raise CorpusError(f"{source.path} holds no CTM: it needs {NEEDS}")
    root = root_of(source.path)
    audio_root = Path(source.config.audio_root or root)
    recordings = Recordings(audio_root)
    rows = (row for file in files for row in _rows(file, recordings, split_of(file, root)))
    remark = f"words are joined to utterances up to pauses of {PAUSE_S:g} s, at most {LONGEST_S:g} s long"
    notes = {"files": len(files)}
    return Reading(in_chunks(rows), audio_root, notes=notes, remarks=[remark], word_times=RELATIVE)


def _rows(file: Path, recordings: Recordings, split: str | None) -> Iterator[Row | Rejection]:
    words: list[_Word] = []
    for item in numbered_lines(file):
        word = item if isinstance(item, Rejection) else _word(file, *item)
        if isinstance(word, Rejection):
            yield word
        else:
            words.append(word)
    channels = Channels(from_zero=any(channel == "0" for _, channel, _ in words))
    words.sort(key=lambda word: (word[0], word[1], word[2].start))
    for (name, channel), group in groupby(words, key=lambda word: word[:2]):
        audio = named_recording(recordings, name, file)
        place = {"audio": audio, "recording": name, "channel": channels.number(channel), "split": split}
        for said in joined_words([word[2] for word in group]):
            yield place | spoken_row(said) | {"_file": str(file)}


def _word(file: Path, number: int, line: str) -> _Word | Rejection:
    fields = line.split()
    if len(fields) < 5 or not (is_number(fields[2]) and is_number(fields[3])):
        detail = "it needs recording, channel, start, duration and word"
        return rejected_line(file, number, "bad_ctm_line", detail)
    start, length = float(fields[2]), float(fields[3])
    if length < 0 or start < 0:
        return rejected_line(file, number, "negative_time", f"start {fields[2]}, duration {fields[3]}")
    return fields[0], fields[1], Cue(start, start + length, fields[4], line=number)
