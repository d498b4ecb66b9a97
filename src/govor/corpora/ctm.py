"""CTM: one word a line, ``recording channel start duration word [confidence]``, joined up to pauses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import accumulate, chain
from pathlib import Path

from govor.corpora.beside import (
    Recordings,
    first_files,
    in_chunks,
    split_of,
    spoken_row,
    transcript_files,
)
from govor.corpora.lines import rejected_line
from govor.corpora.nist import (
    ChannelNumbers,
    first_fields,
    is_number,
    named_recording,
    numbered_lines,
    places,
)
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.tiers import LONGEST_S, PAUSE_S, joined_words
from govor.corpora.timed_text import TimedText
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError
from govor.records import Rejection
from govor.store import scratch_folder

NAME = "ctm"
NEEDS = ".ctm files (recording channel start duration word), the recordings anywhere below the folder"
SETTINGS: tuple[str, ...] = ()
PART_WORDS = 100_000
"""Words of a file whose recordings are mixed that are held at a time, except for one recording's."""
MOST_PARTS = 200
_Place = tuple[str, str]
_Word = tuple[str, str, TimedText]


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
    root = source.folder
    audio_root = source.audio_root(root)
    recordings = Recordings(audio_root)
    rows = (row for file in files for row in _rows(file, recordings, split_of(file, root), source.out))
    remark = f"words are joined to utterances up to pauses of {PAUSE_S:g} s, at most {LONGEST_S:g} s long"
    notes: dict[str, object] = {"files": len(files)}
    return Reading(in_chunks(rows), audio_root, notes=notes, remarks=[remark], word_times=RELATIVE)


def _rows(file: Path, recordings: Recordings, split: str | None, scratch: Path) -> Iterator[Row | Rejection]:
    """Utterances, one recording's words in memory at a time."""
    counts, together = _word_counts(file)
    channels = ChannelNumbers(from_zero=any(channel == "0" for _, channel in counts))
    lines = numbered_lines(file) if together else _sorted_lines(file, counts, scratch)
    words: list[_Word] = []
    for item in chain(lines, [None]):
        word = _word(file, *item) if isinstance(item, tuple) else item
        if isinstance(word, Rejection):
            yield word
            continue
        if words and (word is None or word[:2] != words[0][:2]):
            name, channel, _ = words[0]
            said = sorted((cue for _, _, cue in words), key=lambda cue: cue.start)
            audio = named_recording(recordings, name, file)
            place = {"audio": audio, "recording": name, "channel": channels.number(channel), "split": split}
            yield from (place | spoken_row(item) | {"_file": str(file)} for item in joined_words(said))
            words = []
        if word:
            words.append(word)


def _word_counts(file: Path) -> tuple[Counter[_Place], bool]:
    """Words of each recording and channel, and whether those of each stand together."""
    counts: Counter[_Place] = Counter()
    together, last = True, None
    for place in places(file):
        together = together and (place == last or place not in counts)
        counts[place] += 1
        last = place
    return counts, together


def _sorted_lines(
    file: Path, counts: Counter[_Place], scratch: Path
) -> Iterator[tuple[int, str] | Rejection]:
    """The lines of a file sorted by recording and channel, through files that are small enough to be held."""
    part_words = max(PART_WORDS, counts.total() // MOST_PARTS)
    ends = accumulate(counts[place] for place in sorted(counts))
    part_of = {place: end // part_words for place, end in zip(sorted(counts), ends, strict=True)}
    with scratch_folder(scratch, "words") as folder, ExitStack() as opened:
        names = {part: folder / str(part) for part in sorted(set(part_of.values()))}
        parts = {part: opened.enter_context(name.open("w", newline="\n")) for part, name in names.items()}
        for item in numbered_lines(file):
            part = None if isinstance(item, Rejection) else part_of.get(_place(item[1]))
            if isinstance(item, Rejection) or part is None:
                yield item
            else:
                print(*item, sep="\t", file=parts[part])
        opened.close()
        for name in names.values():
            with name.open(newline="\n") as lines:
                numbered = (line.removesuffix("\n").split("\t", 1) for line in lines)
                held = [(int(number), line) for number, line in numbered]
            yield from sorted(held, key=lambda item: _place(item[1]))


def _place(line: str) -> _Place:
    name, channel, *_ = [*line.split(None, 2), "", ""]
    return name, channel


def _word(file: Path, number: int, line: str) -> _Word | Rejection:
    fields = line.split()
    if len(fields) < 5 or not (is_number(fields[2]) and is_number(fields[3])):
        detail = "it needs recording, channel, start, duration and word"
        return rejected_line(file, number, "bad_ctm_line", detail)
    start, length = float(fields[2]), float(fields[3])
    if length < 0 or start < 0:
        return rejected_line(file, number, "negative_time", f"start {fields[2]}, duration {fields[3]}")
    return fields[0], fields[1], TimedText(start, start + length, fields[4], line=number)
