"""Audio inside tables (the ``datasets`` Audio feature): unpacked once beside the corpus, byte for byte."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from govor.store import atomic_path, free_bytes, require_space

FILES_A_FOLDER = 1000
RESERVE_BYTES = 256 << 20
"""Bytes left free while a stream of unknown size is unpacked."""
_CHECK_EVERY_BYTES = 64 << 20
_COPY_BYTES = 1 << 20
_MAGIC = {
    b"RIFF": ".wav",
    b"fLaC": ".flac",
    b"OggS": ".ogg",
    b"ID3": ".mp3",
    b"\xff\xfb": ".mp3",
    b"\xff\xf3": ".mp3",
    b"\x1aE\xdf\xa3": ".webm",
    b"FORM": ".aiff",
}


class SupportsRead(Protocol):
    """Something that can be read."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size`."""


class AudioUnpacker:
    """Writes the audio of rows below `folder`; files that are there already, whole, are left alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._since_check = 0

    def place(self, audio: Any, split: str, row: int) -> str | None:
        """The path of a row's audio, relative to the folder or as the row names it; None where it has none.

        Args:
            audio: a struct of ``bytes`` and ``path``, or a path.
            split: name of the split, a folder.
            row: number of the row in the split, from 0.
        """
        if not isinstance(audio, Mapping):
            return audio if isinstance(audio, str) else None
        data, path = audio.get("bytes"), audio.get("path")
        if data is None:
            return path
        return self._write(BytesIO(data), len(data), split, row, _file_name(path, data, row))

    def copy(self, source: SupportsRead, size: int, split: str, row: int, name: str) -> str:
        """Writes what a stream holds, without holding it; returns the path relative to the folder.

        Args:
            source: the audio.
            size: its bytes.
            split: a folder.
            row: number of the row in it, from 0.
            name: what the source calls the audio.
        """
        return self._write(source, size, split, row, _file_name(name, b"", row))

    def _write(self, source: SupportsRead, size: int, split: str, row: int, name: str) -> str:
        inside = f"{split}/{row // FILES_A_FOLDER:05}/{name}"
        target = self.folder / inside
        if not (target.is_file() and target.stat().st_size == size):
            self._check(size)
            with atomic_path(target, durable=False) as partial, partial.open("wb") as file:
                shutil.copyfileobj(source, file, _COPY_BYTES)
        return inside

    def _check(self, more_bytes: int) -> None:
        self._since_check += more_bytes
        if self._since_check >= _CHECK_EVERY_BYTES or free_bytes(self.folder) < RESERVE_BYTES + more_bytes:
            self._since_check = 0
            require_space(self.folder, RESERVE_BYTES + more_bytes, "unpacking the data set's audio")


def _file_name(path: str | None, data: bytes, row: int) -> str:
    """A safe file name that no other row has: the row's number and what the row calls its audio."""
    given = PurePosixPath((path or "").replace("\\", "/")).name
    stem = re.sub(r"[^\w.-]+", "_", given).strip("._")[-100:]
    suffix = next((s for magic, s in _MAGIC.items() if data.startswith(magic)), ".bin")
    named = stem if "." in stem else f"{stem or 'audio'}{suffix}"
    return f"{row % FILES_A_FOLDER:03}_{named}"
