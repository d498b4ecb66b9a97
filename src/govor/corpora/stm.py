"""STM: one utterance a line, ``recording channel speaker start end <labels> text``. TEDLIUM is made of these.

The recordings are found by name below the source, whatever their extension (NIST SPHERE too).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from govor.corpora.beside import (
    Recordings,
    first_files,
    in_chunks,
    split_of,
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
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "stm"
NEEDS = ".stm files (recording channel speaker start end text), the recordings anywhere below the folder"
SETTINGS: tuple[str, ...] = ()
FEWEST_FIELDS = 5
NOT_SCORED = frozenset({"ignore_time_segment_in_scoring", "inter_segment_gap", "excluded_region"})
_LABELS = re.compile(r"<[^<>\s]*,[^<>\s]*>|<NA>|<o>", re.I)
"""``<o,f0,male>``: conditions of the recording; ``<unk>`` on the other hand is a word."""


def recognise(path: Path) -> str | None:
    """Looks for an STM whose first line has times where they belong."""
    for file in first_files(path, (".stm",)):
        fields = first_fields(file)
        if len(fields) >= FEWEST_FIELDS and is_number(fields[3]) and is_number(fields[4]):
            return f"{file.name} has recordings, speakers, times and texts"
    return None


def read(source: Source) -> Reading:
    """Opens all STM files below a folder; of TEDLIUM 3, which has them twice, those in ``legacy/``."""
    root = source.folder
    listed = list(transcript_files(source.path, (".stm",)))
    files = _once(listed, root)
    if not files:
        raise CorpusError(f"{source.path} holds no STM: it needs {NEEDS}")
    audio_root = source.audio_root(root)
    recordings = Recordings(audio_root)
    rows = (row for file in files for row in _rows(file, recordings, split_of(file, root)))
    left = len(listed) - len(files)
    remarks = [f"{left:,} STM files were left: legacy/ has them too, with splits"] if left else []
    return Reading(in_chunks(rows), audio_root, notes={"files": len(files)}, remarks=remarks)


def _once(files: list[Path], root: Path) -> list[Path]:
    twice = [file for file in files if file.relative_to(root).parts[0] == "legacy"]
    others = {file.name for file in files} - {file.name for file in twice}
    return twice if twice and not others else files


def _rows(file: Path, recordings: Recordings, split: str | None) -> Iterator[Row | Rejection]:
    channels = ChannelNumbers(from_zero=any(channel == "0" for _, channel in places(file)))
    names: dict[str, str] = {}
    for item in numbered_lines(file):
        if isinstance(item, Rejection):
            yield item
            continue
        row = _row(file, *item, channels)
        if not isinstance(row, Rejection):
            name = row["recording"]
            names[name] = names.get(name) or named_recording(recordings, name, file)
            row |= {"audio": names[name], "split": split, "_file": str(file)}
        yield row


def _row(file: Path, number: int, line: str, channels: ChannelNumbers) -> Row | Rejection:
    fields = line.split(None, FEWEST_FIELDS)
    if len(fields) < FEWEST_FIELDS or not (is_number(fields[3]) and is_number(fields[4])):
        detail = "it needs recording, channel, speaker, start and end before the text"
        return rejected_line(file, number, "bad_stm_line", detail)
    labels, text = _labels(fields[FEWEST_FIELDS:])
    if NOT_SCORED & {text.strip().lower(), fields[2].lower()}:
        return rejected_line(file, number, "not_scored", f"the span is marked {text or fields[2]}")
    return {
        "recording": fields[0],
        "channel": channels.number(fields[1]),
        "speaker": fields[2],
        "start": float(fields[3]),
        "end": float(fields[4]),
        "text": text,
        "labels": labels,
        "_line": number,
    }


def _labels(rest: Iterable[str]) -> tuple[str | None, str]:
    """What follows the times: the labels, if there are any, and the text."""
    text = "".join(rest).strip()
    found = _LABELS.match(text)
    return (found.group().strip("<>"), text[found.end() :].strip()) if found else (None, text)
