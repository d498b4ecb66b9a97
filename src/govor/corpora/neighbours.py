"""The recordings beside files with times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from govor.corpora.names import AUDIO_SUFFIXES, is_unicode


class Neighbours:
    """The recordings in the folders of files with times; every folder is listed once."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[str, str]] = {}

    def beside(self, file: Path, media: Sequence[str] = ()) -> str | None:
        """The recording beside a file: one that it names, or of its name (``a.mp3`` for ``a.hr.srt``)."""
        names = self._names(file.parent)
        own = [file.stem, file.stem.rsplit(".", 1)[0]]
        wanted = [*media, *(Path(name).stem for name in media)] if media else own
        return next((names[name] for name in wanted if name in names), None)

    def with_tail(self, file: Path) -> tuple[str | None, str]:
        """The recording that a file's name begins with, and what follows (``hr`` of ``a.hr.srt``)."""
        names = self._names(file.parent)
        stem, tail = file.stem, ""
        while stem not in names and "." in stem:
            stem, _, last = stem.rpartition(".")
            tail = f"{last}.{tail}" if tail else last
        return names.get(stem), tail if stem in names else ""

    def _names(self, folder: Path) -> dict[str, str]:
        """File names by name and by stem; the first of several with one stem."""
        if folder not in self._folders:
            names: dict[str, str] = {}
            for other in sorted(folder.iterdir()):
                if other.suffix.lower() in AUDIO_SUFFIXES and is_unicode(other.name):
                    names.setdefault(other.name, other.name)
                    names.setdefault(other.stem, other.name)
            self._folders[folder] = names
        return self._folders[folder]
