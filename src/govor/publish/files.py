"""What is uploaded: local files, their names on the Hub, sizes and hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from govor.store import file_sha256

CARD = "README.md"
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class UploadFile:
    """One file.

    Attributes:
        path: where it is.
        name: its path in the repository.
        size_bytes: its size.
    """

    path: Path
    name: str
    size_bytes: int

    @classmethod
    def of(cls, path: Path, name: str) -> UploadFile:
        """The file at `path` as it stands."""
        return cls(path, name, path.stat().st_size)

    @cached_property
    def sha256(self) -> str:
        """SHA-256, by which the Hub knows large files."""
        return file_sha256(self.path)

    @cached_property
    def git_oid(self) -> str:
        """Git's blob id, by which the Hub knows small files."""
        digest = hashlib.sha1(b"blob %d\0" % self.size_bytes, usedforsecurity=False)
        with self.path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()


@dataclass(frozen=True)
class UploadPlan:
    """Everything that belongs into a repository.

    Attributes:
        kind: ``model``, ``dataset`` or ``space``.
        files: all but the last ones, in order of their names.
        last: card and manifest: they appear only when all else is there.
        owned: folders, and endings of files beside the card (``data/``, ``.safetensors``), whose other files
            there are stale and go.
        foreign: endings of files beside the card that this plan must not stand beside.
        parts: folders that the kind knows; those there that are not in the plan are said.
    """

    kind: str
    files: tuple[UploadFile, ...]
    last: tuple[UploadFile, ...]
    owned: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @classmethod
    def of_folder(
        cls, kind: str, folder: Path, names: Iterable[str], last: Iterable[str], owned: Iterable[str] = ()
    ) -> UploadPlan:
        """The files `names` and `last` below `folder`."""
        late = tuple(UploadFile.of(folder / name, name) for name in last)
        early = tuple(UploadFile.of(folder / name, name) for name in sorted({*names} - {*last}))
        return cls(kind, early, late, tuple(owned))

    @property
    def all(self) -> tuple[UploadFile, ...]:
        """Every file."""
        return (*self.files, *self.last)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files."""
        return sum(file.size_bytes for file in self.all)

    def is_stale(self, name: str) -> bool:
        """Whether a file on the Hub is ours by its place or ending, but no longer part of the plan."""
        return _among(name, self.owned) and name not in self._names

    def is_foreign(self, name: str) -> bool:
        """Whether a file on the Hub would lose its own configuration to this plan."""
        return _among(name, self.foreign) and name not in self._names

    def is_outdated(self, name: str) -> bool:
        """Whether a file on the Hub is of a part that this plan does not have."""
        return _among(name, self.parts) and not _among(name, self.owned) and name not in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(file.name for file in self.all)


def _among(name: str, places: Iterable[str]) -> bool:
    """Whether a file lies in one of some folders (``data/``), or beside the card with one of some endings."""
    return any(
        name.startswith(place) if place.endswith("/") else "/" not in name and name.endswith(place)
        for place in places
    )
