"""A text file beside each recording: ``ana/001.wav`` with ``ana/001.txt`` or ``ana/001.lab``.

The folder tells the speaker. TIMIT's text files, which begin with two numbers of samples, and LibriTTS's
(``.original.txt``, ``.normalized.txt``) are of this kind too.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from govor.corpora.beside import MOST_LOOKED_AT, bad_reason, in_chunks, is_audio, split_of
from govor.corpora.lines import rejected_line
from govor.corpora.names import is_unicode
from govor.corpora.reader import Reading, Source
from govor.corpora.rows import Row
from govor.corpora.splits import split_in
from govor.corpora.timed_text import TimedTextError, decode
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "text-files"
NEEDS = "recordings with a .txt or .lab of the same name beside each"
SETTINGS: tuple[str, ...] = ("text",)
SUFFIXES = (".txt", ".lab")
MORE_PARTICULAR = (".srt", ".vtt", ".textgrid", ".eaf", ".trs", ".cha", ".exb", ".stm", ".ctm")
LONGEST_TEXT = 1 << 20
"""Characters of one transcript."""
_NO_SPEAKERS = (
    "wav wavs audio audios clip clips recording recordings data txt text texts corpus speech raw lab"
)
NO_SPEAKERS = frozenset([*_NO_SPEAKERS.split(), "flac", "mp3"])
"""Names of folders that are nobody's."""
_CLOCKS = re.compile(r"\d:\d\d:\d\d.*\s\d*\d:\d\d:\d\d")
_TIMES_FIRST = re.compile(r"\s*\d+(?:\.\d+)?\s+\d+(?:\.\d+)?\s+\S")


@dataclass(frozen=True)
class Folder:
    """One folder's recordings and texts.

    Attributes:
        path: the folder.
        audio: file names of recordings by stem.
        texts: file names of texts by stem and by what follows it (``.txt``, ``.original.txt``).
        others: stems of files with times and of TIMIT's words and phones, by extension.
        lone: texts without a recording.
    """

    path: Path
    audio: dict[str, list[str]]
    texts: dict[str, dict[str, str]]
    others: dict[str, set[str]]
    lone: list[str]


def recognise(path: Path) -> str | None:
    """Looks for a recording with a text beside it that is not a list of times, in the first folders."""
    if not path.is_dir():
        return None
    for folder in islice(_folders(path), MOST_LOOKED_AT // 100):
        for stem, texts in folder.texts.items():
            if any(stem in folder.others.get(end, ()) for end in MORE_PARTICULAR):
                return None
            name = _chosen(texts, None)
            return None if _only_times(folder, stem, name) else f"{name} is beside {folder.audio[stem][0]}"
    return None


def read(source: Source) -> Reading:
    """Opens all pairs below a folder; of several texts of one recording ``--text .lab`` takes that one."""
    root = source.folder
    places = [folder.path for folder in _folders(root) if folder.texts]
    if not places:
        raise CorpusError(f"{source.path} has no texts beside its recordings: it needs {NEEDS}")
    wanted = source.config.text
    speakers = Speakers([place.relative_to(root).parts for place in places])
    chunks = in_chunks(row for place in places for row in _rows(_listed(place), root, speakers, wanted))
    return Reading(chunks, source.audio_root(root), remarks=[speakers.said])


class Speakers:
    """Whose a folder is.

    The first level of folders that has several names tells the speaker; names of splits and such as ``wavs``
    do not count.
    """

    def __init__(self, folders: Iterable[tuple[str, ...]]) -> None:
        paths = [_telling(parts) for parts in folders]
        deepest = max((len(parts) for parts in paths), default=0)
        names = [{parts[level] for parts in paths if len(parts) > level} for level in range(deepest)]
        several = (level for level, found in enumerate(names) if len(found) > 1)
        self._level = next(several, deepest - 1)
        count = len(names[self._level]) if deepest else 0
        level = f"level {self._level + 1} of the folders" if deepest > 1 else "the folders"
        self.said = (
            f"speakers are the names of {level}: {count:,}" if deepest else "no folder names a speaker"
        )

    def of(self, parts: tuple[str, ...]) -> str | None:
        """The speaker that a folder tells."""
        told = _telling(parts)
        return told[self._level] if 0 <= self._level < len(told) else None


def _telling(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if part.lower() not in NO_SPEAKERS and split_in(part) is None)


def _folders(root: Path) -> Iterator[Folder]:
    for folder, folders, _ in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and is_unicode(name))
        yield _listed(Path(folder))


def _listed(path: Path) -> Folder:
    names = sorted(e.name for e in os.scandir(path) if not e.name.startswith(".") and is_unicode(e.name))
    audio: dict[str, list[str]] = {}
    for name in names:
        if is_audio(name):
            audio.setdefault(name.rsplit(".", 1)[0], []).append(name)
    folder = Folder(path, audio, {}, {}, [])
    if audio:
        for name in names:
            _place(folder, name)
    return folder


def _place(folder: Folder, name: str) -> None:
    """Puts a file's name where it belongs."""
    stem, dot, end = name.rpartition(".")
    suffix = f"{dot}{end.lower()}"
    if suffix not in SUFFIXES:
        if not is_audio(name):
            folder.others.setdefault(suffix, set()).add(stem)
        return
    named = stem.rsplit(".", 1)[0]
    owner = next((key for key in (stem, named) if key in folder.audio), None)
    if owner is None:
        folder.lone.append(name)
    else:
        folder.texts.setdefault(owner, {})[name[len(owner) :].lower()] = name


def _chosen(texts: dict[str, str], wanted: str | None) -> str:
    """The text to take of several: the one asked for, the plain one, the original, any."""
    kinds = sorted(texts)
    plain = [kind for kind in (".txt", ".lab", ".original.txt", *kinds) if kind in texts]
    asked = [kind for kind in kinds if wanted and wanted.lower() in (kind, kind.lstrip("."))]
    return texts[(asked or plain)[0]]


def _rows(folder: Folder, root: Path, speakers: Speakers, wanted: str | None) -> Iterator[Row | Rejection]:
    inside = folder.path.relative_to(root)
    common = {"speaker": speakers.of(inside.parts), "split": split_of(folder.path / "_", root)}
    before = "" if inside == Path() else f"{inside.as_posix()}/"
    for stem, audio in folder.audio.items():
        if stem not in folder.texts:
            detail = f"there is no text beside {audio[0]}"
            yield rejected_line(folder.path / audio[0], 1, "no_text", detail, f"{before}{stem}")
            continue
        file = folder.path / _chosen(folder.texts[stem], wanted)
        if len(audio) > 1:
            detail = f"its recording could be {' or '.join(audio[:3])}"
            yield rejected_line(file, 1, "ambiguous_audio", detail, f"{before}{stem}")
            continue
        text = _text(folder, stem, file)
        row = {**common, "audio": before + audio[0], "text": text, "_line": 1, "_file": str(file)}
        yield text if isinstance(text, Rejection) else row
    for name in folder.lone:
        yield rejected_line(
            folder.path / name, 1, "no_audio", "there is no recording beside it", before + name
        )


def _text(folder: Folder, stem: str, file: Path) -> str | Rejection:
    try:
        lines = [line.strip() for line in decode(file).split("\n") if line.strip()]
    except TimedTextError as error:
        return rejected_line(file, error.line, bad_reason(file), error.problem)
    if _is_timit(folder, stem) and len(lines) == 1 and _TIMES_FIRST.match(lines[0]):
        return lines[0].split(None, 2)[2]
    if _times(file, lines):
        return rejected_line(
            file, 1, "times_in_text", "its lines begin with times: it is not a plain transcript"
        )
    text = " ".join(lines)
    if len(text) > LONGEST_TEXT:
        return rejected_line(file, 1, "text_too_long", f"it has more than {LONGEST_TEXT:,} characters")
    return text


def _is_timit(folder: Folder, stem: str) -> bool:
    return any(stem in folder.others.get(end, ()) for end in (".wrd", ".phn"))


def _times(file: Path, lines: list[str]) -> bool:
    """Labels with times, exports and subtitles; one line alone may be a sentence that begins with numbers."""
    enough = 1 if file.suffix.lower() == ".lab" else 2
    if len(lines) >= enough and all(_TIMES_FIRST.match(line) for line in lines):
        return True
    clocks = [line for line in lines if _CLOCKS.search(line)]
    return any("-->" in line for line in clocks) or 2 * len(clocks) >= max(len(lines), 1)


def _only_times(folder: Folder, stem: str, name: str) -> bool:
    text = _text(folder, stem, folder.path / name)
    return isinstance(text, Rejection) and text.reason == "times_in_text"
