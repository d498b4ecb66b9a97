"""A data set's folder, here or anywhere fsspec reads; remote shards are copied here whole when first used."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from govor.errors import DatasetError, MachineError
from govor.filesystems import file_system
from govor.shape import ShapeError, fitted, parsed
from govor.store import atomic_path, fingerprint, readable_error, require_space

Shape = TypeVar("Shape")

SHARD_NAME = re.compile(r"(?P<split>[\w.]+)-(?P<number>\d+)-of-\d+\.parquet$")


UNFINISHED = ".prepare"  # prepare's own records; without dataset.json beside them the data set is half made


class Place:
    """Where the files of a data set are; pickles as its URL.

    Args:
        url: a folder, or an fsspec URL such as ``s3://bucket/set``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.filesystem, self.root = file_system(url)
        except (ImportError, ValueError) as error:
            raise DatasetError(f"{url} cannot be opened ({error}): give a folder or an fsspec URL") from error
        protocol = self.filesystem.protocol
        self.local = "file" in (protocol if isinstance(protocol, (tuple, list)) else (protocol,))

    def __reduce__(self) -> tuple[type[Place], tuple[str]]:
        return Place, (self.url,)

    def shards(self, listed: list[str] | None = None) -> dict[str, list[str]]:
        """Shard files by split, in order.

        Args:
            listed: what ``dataset.json`` says there is; without it, all that lie there.

        Raises:
            DatasetError: there are none, one is missing, or the data set is not finished.
        """
        there = set(self._list("data"))
        if listed is None and self._list(UNFINISHED):
            raise DatasetError(f"{self.url} is not finished: run the same govor prepare again to complete it")
        paths = there if listed is None else {f"{self.root}/{name}" for name in listed}
        if missing := sorted(paths - there):
            raise DatasetError(
                f"{missing[0]} is missing: copy the data set again, or run govor prepare again"
            )
        found: dict[str, list[str]] = {}
        for path in sorted(paths):
            match = SHARD_NAME.match(path.rsplit("/", 1)[-1])
            if match:
                found.setdefault(match["split"], []).append(path)
        if not found:
            raise DatasetError(
                f"{self.url} is not a prepared data set (no data/<split>-….parquet): run govor prepare"
            )
        return found

    def _list(self, folder: str) -> list[str]:
        try:
            return [str(path) for path in self.filesystem.ls(f"{self.root}/{folder}", detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def read_json(self, name: str, shape: type[Shape]) -> Shape | None:
        """A JSON file of the data set, which has the shape of a TypedDict, or None without it."""
        try:
            content: object = parsed(self.filesystem.cat_file(f"{self.root}/{name}"))
            return fitted(content, shape)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ShapeError as error:
            raise DatasetError(
                f"{self.url}/{name} is damaged ({error}): copy it again, or prepare the data set again"
            ) from error
        except (ValueError, RecursionError) as error:
            raise DatasetError(
                f"{self.url}/{name} is not JSON ({error}): prepare the data set again"
            ) from error
        except Exception as error:  # every file system has errors of its own: access, names, the network
            raise unreachable(f"{self.url}/{name}", error) from error

    def open(self, path: str, **how: Any) -> Any:
        """The file at `path`, for reading parts of it; `how` goes to the file system."""
        return self.filesystem.open(path, "rb", **how)

    def part(self, path: str, offset: int, size: int) -> bytes:
        """`size` bytes of a file from `offset`; fewer at its end."""
        try:
            return bytes(self.filesystem.cat_file(path, start=offset, end=offset + size))
        except Exception as error:  # every file system has errors of its own
            raise unreachable(path, error) from error

    def size_bytes(self, path: str) -> int:
        """Bytes of a file."""
        return int(self.filesystem.size(path))

    def local_path(self, path: str) -> Path:
        """`path` on this machine; a remote file is copied into the cache once.

        Raises:
            DiskFullError: the cache has no room for it.
        """
        if self.local:
            return Path(path)
        target = self.cache_path(path)
        if not target.exists():
            with one_at_a_time(target):
                self._fetch(path, target)
        return target

    def cache_path(self, path: str) -> Path:
        """Where the copy of a remote file lies, or would."""
        return cache_folder() / fingerprint([self.url, path, self.size_bytes(path)]) / path.rsplit("/", 1)[-1]

    def _fetch(self, path: str, target: Path) -> None:
        if target.exists():  # another process was faster
            return
        require_space(target.parent, self.size_bytes(path), f"the copy of {path}")
        with atomic_path(target) as partial:
            try:
                self.filesystem.get_file(path, str(partial))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise readable_error(error, target) from error
                raise unreachable(path, error) from error


def unreachable(name: str, error: Exception) -> MachineError:
    """What to raise when a file that is elsewhere cannot be read."""
    return MachineError(
        f"{name} cannot be read ({error}): look at the connection and the access; the same command continues"
    )


@contextmanager
def one_at_a_time(target: Path) -> Iterator[None]:
    """Processes that want the same copy wait for the one that makes it."""
    import fcntl

    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def cache_folder() -> Path:
    """Where copies of remote shards lie: ``$GOVOR_CACHE``, else ``~/.cache/govor``."""
    named = os.environ.get("GOVOR_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "govor"
