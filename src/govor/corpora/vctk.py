"""VCTK: ``txt/p225/p225_001.txt`` with ``wav48/p225/p225_001.wav`` (0.80) or ``..._mic1.flac`` (0.92).

Release 0.92 has two microphones; the first is taken, the second where a recording has no first. Ages, genders
and accents come from ``speaker-info.txt``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from govor.corpora.beside import bad_reason, files_below, in_chunks, is_audio
from govor.corpora.lines import read_lines, rejected_line
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.timed_text import TimedTextError, decode
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "vctk"
NEEDS = "VCTK: txt/SPEAKER/*.txt beside wav48/ or wav48_silence_trimmed/"
SETTINGS: tuple[str, ...] = ()
AUDIO_FOLDERS = ("wav48_silence_trimmed", "wav48", "wav16")
_MIC = re.compile(r"_mic(\d)$")


def recognise(path: Path) -> str | None:
    """Looks for the folders and a text of the first speaker."""
    audio = _audio_folder(path)
    text = next(iter(sorted(path.glob("txt/*/*_*.txt"))[:1]), None) if audio else None
    return f"{text.relative_to(path)} beside {audio}/" if text and audio else None


def read(source: Source) -> Reading:
    """Opens the texts and pairs them with the recordings of their names."""
    audio = _audio_folder(source.path)
    if audio is None:
        raise CorpusError(f"{source.path} is not a VCTK folder: it needs {NEEDS}")
    recordings = _recordings(source.path / audio, source.path)
    rows = _rows(source.path, recordings, _speakers(source.path))
    mics = sum(len(paths) > 1 for paths in recordings.values())
    remarks = [f"{mics:,} recordings have two microphones: the first is taken"] if mics else []
    root = source.audio_root(source.path)
    return Reading(in_chunks(rows), root, remarks=remarks)


def _audio_folder(path: Path) -> str | None:
    return next((name for name in AUDIO_FOLDERS if (path / name).is_dir() and (path / "txt").is_dir()), None)


def _recordings(folder: Path, root: Path) -> dict[str, list[str]]:
    """Paths by id (``p225_001``), the first microphone first."""
    found: dict[str, list[str]] = {}
    for place, name in files_below(folder):
        if is_audio(name):
            id = _MIC.sub("", name.rsplit(".", 1)[0])
            found.setdefault(id, []).append(Path(place, name).relative_to(root).as_posix())
    return {id: sorted(paths) for id, paths in found.items()}


def _speakers(root: Path) -> dict[str, Row]:
    """Age, gender and accent by speaker, as far as ``speaker-info.txt`` is there."""
    table = root / "speaker-info.txt"
    people: dict[str, Row] = {}
    for lines in read_lines(table) if table.is_file() else ():
        for cells in (line.split() for line in lines.texts):
            if len(cells) >= 4 and cells[1].isdecimal():
                name = cells[0] if cells[0][0].isalpha() else f"p{cells[0]}"
                people[name] = {"age": int(cells[1]), "gender": cells[2], "accent": cells[3]}
    return people


def _rows(root: Path, recordings: dict[str, list[str]], people: dict[str, Row]) -> Iterator[Row | Rejection]:
    left = dict(recordings)
    for place, name in files_below(root / "txt"):
        if name.endswith(".txt"):
            id = name.removesuffix(".txt")
            yield _row(Path(place, name), id, left.pop(id, None), people)
    for id, paths in left.items():
        detail = f"it has no text in txt/{Path(paths[0]).parent.name}/"
        yield rejected_line(root / paths[0], 1, "no_text", detail, id)


def _row(file: Path, id: str, paths: list[str] | None, people: dict[str, Row]) -> Row | Rejection:
    speaker = file.parent.name
    if not paths:
        return rejected_line(file, 1, "missing_audio", f"there is no recording {id}", id)
    try:
        text = " ".join(decode(file).split())
    except TimedTextError as error:
        return rejected_line(file, error.line, bad_reason(file), error.problem, id)
    row: Row = {"id": id, "audio": paths[0], "text": text, "speaker": speaker, "language": "en"}
    return row | people.get(speaker, {}) | {"_line": 1, "_file": str(file)}
