"""Parts of a shard's file: on this machine's disk, or where it is when there is no room for a copy of it."""

from __future__ import annotations

import contextlib
import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from govor.errors import DatasetError
from govor.load.place import Place, one_at_a_time
from govor.load.positions import Positions, clip_positions
from govor.store import atomic_path

READ_AHEAD_BYTES = 8 << 20
"""Of a remote shard that is gone through once, to find where its clips lie."""


class Content(Protocol):
    """A file that parts are read of; pickles without what is open."""

    name: str

    def part(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`; fewer at the end of the file."""

    def positions(self, metadata: Any) -> Positions | None:
        """Where the clips of this shard lie; see `clip_positions`."""

    def whole(self) -> AbstractContextManager[Any]:
        """The file as pyarrow takes it."""

    def close(self) -> None:
        """Closes what is open; the next use opens it again."""


class LocalContent:
    """A file on this machine's disk."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, str(path)
        self._descriptor: int | None = None

    def __reduce__(self) -> tuple[type[LocalContent], tuple[Path]]:
        return LocalContent, (self.path,)

    def part(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`; fewer at the end of the file."""
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self.path, os.O_RDONLY)
            except OSError as error:
                raise DatasetError(
                    f"{self.path} cannot be read ({error}): copy or prepare it again"
                ) from error
        return os.pread(self._descriptor, size, offset)

    def positions(self, metadata: Any) -> Positions | None:
        """Where the clips of this shard lie; see `clip_positions`."""
        return clip_positions(self.part, metadata)

    def whole(self) -> AbstractContextManager[Path]:
        """The file as pyarrow takes it."""
        return contextlib.nullcontext(self.path)

    def close(self) -> None:
        """Closes the file; the next use opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor = None


class RemoteContent:
    """A file that stays where it is: every part is a request."""

    def __init__(self, place: Place, path: str) -> None:
        self.place, self.path, self.name = place, path, f"{place.url} ({path.rsplit('/', 1)[-1]})"

    def part(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`; fewer at the end of the file."""
        return self.place.part(self.path, offset, size)

    def positions(self, metadata: Any) -> Positions | None:
        """Where the clips of this shard lie: found once by going through it, then kept in the cache."""
        kept = self.place.cache_path(self.path).with_suffix(".positions.npy")
        with one_at_a_time(kept):
            if kept.exists():
                return Positions(*np.load(kept))
            found = self._walked(metadata)
            if found is not None:
                with contextlib.suppress(OSError), atomic_path(kept) as partial, partial.open("wb") as file:
                    np.save(file, np.stack(found))
        return found

    def _walked(self, metadata: Any) -> Positions | None:
        with self.place.open(self.path, block_size=READ_AHEAD_BYTES, cache_type="readahead") as file:

            def read(offset: int, size: int) -> bytes:
                file.seek(offset)
                return bytes(file.read(size))

            return clip_positions(read, metadata)

    def whole(self) -> AbstractContextManager[Any]:
        """The file as pyarrow takes it."""
        file: AbstractContextManager[Any] = self.place.open(self.path)
        return file

    def close(self) -> None:
        """Nothing stays open."""
