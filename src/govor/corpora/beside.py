"""Transcripts that are files of their own: found, brought together with their recordings, read.

What all such formats share. A format gives a function that parses one file; everything else is here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from govor.corpora.lines import rejected_line
from govor.corpora.names import AUDIO_SUFFIXES, is_unicode
from govor.corpora.neighbours import Neighbours
from govor.corpora.reader import CHUNK_ROWS, Chunk, Reading, Source
from govor.corpora.rows import Row, frame_of, usable
from govor.corpora.splits import split_in
from govor.corpora.tiers import SpokenCue
from govor.corpora.timed_text import TimedTextError
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError
from govor.records import Rejection

MOST_LOOKED_AT = 200_000
"""Files that recognising a format looks at, at most."""
_LARGE = 1 << 53
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class TranscriptFile:
    """One file of transcripts, parsed.

    Attributes:
        rows: utterances without ``audio`` where it is the recording beside the file, and rejections.
        media: names of recordings that the file gives, best first.
    """

    rows: Iterable[Row | Rejection]
    media: Sequence[str] = field(default_factory=tuple)


def transcript_files(path: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """The files with one of `suffixes` (small letters) that a path means: itself, or all below it."""
    if path.is_file():
        if path.name.lower().endswith(tuple(suffixes)):
            yield path
        return
    ends = tuple(suffixes)
    for folder, name in files_below(path):
        if name.lower().endswith(ends):
            yield Path(folder, name)


def first_files(path: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """As `transcript_files`, among the first files only: for recognising a format."""
    if path.is_file():
        yield from transcript_files(path, suffixes)
        return
    for suffix in suffixes:
        yield from (Path(folder, name) for folder, name in _looked_at(path).get(suffix, ()))


@contextmanager
def one_look() -> Iterator[None]:
    """Inside the block, a folder is listed once for all readers."""
    token = _looks.set({})
    try:
        yield
    finally:
        _looks.reset(token)


_looks: ContextVar[dict[Path, dict[str, list[tuple[str, str]]]] | None] = ContextVar("looks", default=None)


def _looked_at(path: Path) -> dict[str, list[tuple[str, str]]]:
    """The first files below a folder by what their names end with, except for recordings."""
    known = _looks.get()
    if known is not None and path in known:
        return known[path]
    found: dict[str, list[tuple[str, str]]] = {}
    for folder, name in islice(files_below(path), MOST_LOOKED_AT):
        if not is_audio(name):
            parts = name.lower().split(".")
            for count in (1, 2):
                if len(parts) > count:
                    found.setdefault("." + ".".join(parts[-count:]), []).append((folder, name))
    if known is not None:
        known[path] = found
    return found


def mostly(files: Iterable[Path], test: Callable[[Path], bool], most: int = 50) -> list[Path]:
    """Those of the first `most` files that pass a test, if they are half of them; otherwise none."""
    looked = list(islice(files, most))
    passed = [file for file in looked if test(file)]
    return passed if 2 * len(passed) >= len(looked) else []


def files_below(path: Path) -> Iterator[tuple[str, str]]:
    """Folder and name of all files below a folder, sorted, except for hidden ones and broken names."""
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_unicode(name))
        for name in sorted(names):
            if not name.startswith(".") and is_unicode(name):
                yield folder, name


class Recordings:
    """The recordings below a folder, by name and by stem; every folder is listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._near = Neighbours()
        self._all: dict[str, list[str]] | None = None

    def beside(self, file: Path, names: Sequence[str] = ()) -> str | None:
        """The recording in the same folder: one of `names`, or ``a.mp3`` for ``a.json`` and ``a.hr.json``."""
        name = self._near.beside(file, names)
        return (file.parent / name).relative_to(self.root).as_posix() if name else None

    def anywhere(self, name: str, near: Path) -> str | None:
        """The recording called `name`, extension or not; of several that nearest to the file `near`."""
        if self._all is None:
            self._all = self._paths_by_name()
        paths = self._all.get(name, [])
        if len(paths) < 2:
            return paths[0] if paths else None
        here = near.relative_to(self.root).parts
        return max(paths, key=lambda path: _shared(here, Path(path).parts))

    def _paths_by_name(self) -> dict[str, list[str]]:
        paths: dict[str, list[str]] = {}
        for folder, name in files_below(self.root):
            if is_audio(name):
                path = Path(folder, name).relative_to(self.root).as_posix()
                for key in (name, name.rsplit(".", 1)[0]):
                    paths.setdefault(key, []).append(path)
        return paths


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def is_audio(name: str) -> bool:
    """Whether a file is called like a recording."""
    return name[name.rfind(".") :].lower() in AUDIO_SUFFIXES


def split_of(file: Path, root: Path) -> str | None:
    """The split that the folders between root and file tell."""
    return next((s for part in file.relative_to(root).parts[:-1] if (s := split_in(part))), None)


def read_beside(
    source: Source,
    files: Iterable[Path],
    parse: Callable[[Path], TranscriptFile],
    needs: str,
    told: Callable[[], Sequence[str]] = tuple,
) -> Reading:
    """Opens transcripts that lie beside their recordings, or name them.

    Args:
        source: what is imported.
        files: the transcripts.
        parse: reads one of them; a `TimedTextError` sets the whole file aside, as ``bad_<extension>``.
        needs: what the format needs, for people.
        told: sentences for people, once all is read.

    Raises:
        CorpusError: there are none.
    """
    listed = list(files)
    if not listed:
        raise CorpusError(f"{source.path} holds nothing of this format: it needs {needs}")
    root = source.folder
    recordings = Recordings(root)
    remarks: list[str] = []

    def rows() -> Iterator[Row | Rejection]:
        for file in listed:
            yield from _rows(file, parse, recordings)
        remarks.extend(told())

    audio_root = source.audio_root(root)
    notes: dict[str, object] = {"files": len(listed)}
    return Reading(in_chunks(rows()), audio_root, notes=notes, remarks=remarks, word_times=RELATIVE)


def _rows(
    file: Path, parse: Callable[[Path], TranscriptFile], recordings: Recordings
) -> Iterator[Row | Rejection]:
    try:
        made = parse(file)
        common = {"audio": _audio(file, made.media, recordings), "split": split_of(file, recordings.root)}
        for row in made.rows:
            yield row if isinstance(row, Rejection) else {**common, **row, "_file": str(file)}
    except TimedTextError as error:
        yield rejected_line(file, error.line, bad_reason(file), error.problem)
    except OSError as error:
        yield rejected_line(file, 1, "unreadable_file", error.strerror or "it cannot be opened")


def bad_reason(file: Path) -> str:
    """``bad_json`` for a ``.json`` that cannot be read, and so on."""
    return f"bad_{file.suffix.lower().lstrip('.')}"


def _audio(file: Path, media: Sequence[str], recordings: Recordings) -> str:
    """The recording's path; where it is not found, a name that file-name repair can go on with."""
    beside = recordings.beside(file, media)
    found = beside or next((path for name in media if (path := recordings.anywhere(name, file))), None)
    return found or (media[0] if media else file.name.rsplit(".", 1)[0])


def in_chunks(rows: Iterable[Row | Rejection]) -> Iterator[Chunk]:
    """Chunks of rows of many files; every row has its ``_file``."""
    kept: list[Row] = []
    rejections: list[Rejection] = []
    for row in rows:
        made = row if isinstance(row, Rejection) or _plain(row) else usable(Path(row["_file"]), row)
        if isinstance(made, Rejection):
            rejections.append(made)
        else:
            kept.append(made)
        if len(kept) + len(rejections) >= CHUNK_ROWS:
            yield _chunk(kept, rejections)
            kept, rejections = [], []
    if kept or rejections:
        yield _chunk(kept, rejections)


def _plain(row: Row) -> bool:
    """Whether a row is like most, and fits into a table unchanged."""
    return all(_is_plain(value) for value in row.values())


def _is_plain(value: Any) -> bool:
    kind = type(value)
    if kind is str:
        return value.isascii() or not _SURROGATES.search(value)
    if kind is list and value:
        inner = {type(item) for item in value}
        return inner == {float} or (inner == {str} and _is_plain("".join(value)))
    return value is None or kind is float or (kind is int and abs(value) < _LARGE)


def _chunk(rows: list[Row], rejections: list[Rejection]) -> Chunk:
    return Chunk(frame_of(rows), Path(rows[0]["_file"]) if rows else Path(), rejections)


def spoken_row(item: SpokenCue) -> Row:
    """An utterance with its words as a row; their times count from its beginning."""
    cue = item.cue
    row: Row = {"start": round(cue.start, 4), "end": round(cue.end, 4), "text": cue.text, "_line": cue.line}
    row["speaker"] = cue.speaker
    if item.words:
        row["words"] = [word.text.strip() for word in item.words]
        row["word_starts"] = [round(word.start - cue.start, 4) for word in item.words]
        row["word_ends"] = [round(word.end - cue.start, 4) for word in item.words]
    return row
