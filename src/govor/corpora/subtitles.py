"""Recordings with timed text beside them: SRT, VTT, Praat TextGrid, ELAN EAF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from govor.corpora.cues import read_cues
from govor.corpora.elan import read_elan
from govor.corpora.lines import rejected_line
from govor.corpora.names import AUDIO_SUFFIXES
from govor.corpora.reader import Chunk, Reading, Source, chunked
from govor.corpora.splits import split_in
from govor.corpora.textgrid import read_textgrid
from govor.corpora.tiers import NoSpokenTierError, Spoken, spoken
from govor.corpora.timed_text import TimedTextError
from govor.corpora.word_times import RELATIVE
from govor.errors import CorpusError
from govor.records import Rejection

NAME = "subtitles"
NEEDS = "recordings with .srt, .vtt, .TextGrid or .eaf files of the same name beside them"
SETTINGS: tuple[str, ...] = ("text",)
SUFFIXES = (".srt", ".vtt", ".textgrid", ".eaf")


def recognise(path: Path) -> str | None:
    """Looks for files with times that have a recording beside them."""
    near = Neighbours()
    for file in timed_files(path):
        audio = near.beside(file)
        if audio is not None:
            return f"{file.name} lies beside {audio}"
    return None


def read(source: Source) -> Reading:
    """Opens all files with times below a folder; ``--text TIER`` chooses a tier of TextGrid and EAF."""
    files = timed_files(source.path)
    if not files:
        raise CorpusError(f"{source.path} holds no subtitles: it needs {NEEDS}")
    root = source.path if source.path.is_dir() else source.path.parent
    near = Neighbours()
    chunks = (c for file in files for c in _chunks(file, root, source.config.text, near))
    return Reading(
        chunks, Path(source.config.audio_root or root), notes={"files": len(files)}, word_times=RELATIVE
    )


def timed_files(path: Path) -> list[Path]:
    """The files with times that a path means: itself, or all below it."""
    files = [path] if path.is_file() else sorted(path.rglob("*")) if path.is_dir() else []
    return [file for file in files if file.suffix.lower() in SUFFIXES and not file.name.startswith(".")]


def _chunks(file: Path, root: Path, tier: str | None, near: Neighbours) -> Iterator[Chunk]:
    try:
        found, media = _read(file, tier)
    except TimedTextError as error:
        reason = f"bad_{file.suffix.lower().lstrip('.')}"
        yield from chunked(file, [rejected_line(file, error.line, reason, error.problem)])
    except NoSpokenTierError as error:
        yield from chunked(file, [Rejection(file.name, "import", "no_spoken_tier", f"{file}: {error}")])
    else:
        audio = _audio(file, media, root, near)
        split = next((s for part in file.relative_to(root).parts[:-1] if (s := split_in(part))), None)
        yield from chunked(file, (_row(item, audio, split) for item in found))


def _read(file: Path, tier: str | None) -> tuple[list[Spoken], list[str]]:
    suffix = file.suffix.lower()
    if suffix == ".eaf":
        annotations = read_elan(file)
        return spoken(annotations.tiers, tier, annotations.parents), annotations.media
    if suffix == ".textgrid":
        return spoken(read_textgrid(file), tier), []
    return [Spoken(cue) for cue in read_cues(file)[0].cues if cue.text], []


class Neighbours:
    """The recordings in the folders of files with times; every folder is listed once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, list[str]]] = {}

    def beside(self, file: Path, media: Sequence[str] = ()) -> str | None:
        """The recording beside a file: the one it names, or of the same name (``a.mp3`` for ``a.hr.srt``)."""
        names = self._names(file.parent)
        wanted = [*media, file.stem, file.stem.rsplit(".", 1)[0], *(Path(name).stem for name in media)]
        return next((names[name][0] for name in wanted if name in names), None)

    def _names(self, folder: Path) -> dict[str, list[str]]:
        """File names by name and by stem."""
        if folder not in self._folders:
            names: dict[str, list[str]] = {}
            for other in sorted(folder.iterdir()):
                if other.suffix.lower() in AUDIO_SUFFIXES:
                    names.setdefault(other.name, []).append(other.name)
                    names.setdefault(other.stem, []).append(other.name)
            self._folders[folder] = names
        return self._folders[folder]


def _audio(file: Path, media: list[str], root: Path, near: Neighbours) -> str:
    """The recording's path; where it is not beside the file, a name that file-name repair can find."""
    name = near.beside(file, media)
    if name is not None:
        return (file.parent / name).relative_to(root).as_posix()
    return media[0] if media else file.stem


def _row(item: Spoken, audio: str, split: str | None) -> dict[str, Any]:
    cue = item.cue
    row: dict[str, Any] = {
        "audio": audio,
        "start": cue.start,
        "end": cue.end,
        "text": cue.text,
        "speaker": cue.speaker,
        "split": split,
        "_line": cue.line,
    }
    if item.words:
        row["words"] = [word.text.strip() for word in item.words]
        row["word_starts"] = [round(word.start - cue.start, 4) for word in item.words]
        row["word_ends"] = [round(word.end - cue.start, 4) for word in item.words]
    return row
