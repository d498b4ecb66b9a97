"""Where a data set goes: a local folder, or any place fsspec reaches (``s3://``, ``gs://``, ``memory://``).

Locally a file appears by renaming. Object stores cannot rename, but an object appears whole; there,
completeness is the word of the index, ``dataset.json``, which comes last.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from govor import store
from govor.errors import DatasetError, MachineError
from govor.filesystems import file_system
from govor.prepare.schema import ShardFacts, read_facts
from govor.shape import Shape, fitted, parsed

DATA = "data"
STATE = ".prepare"
STATE_FOLDERS = ("verdicts", "recordings")


class Target(Protocol):
    """A place for a data set.

    Attributes:
        name: as the user gave it.
        folder: local folder into which workers write finished shards.
        scratch: local folder for what is needed only during the run.
    """

    name: str
    folder: Path
    scratch: Path

    def held(self) -> AbstractContextManager[None]:
        """Context in which no other process works on the same target."""

    def shards(self) -> dict[str, ShardFacts]:
        """Facts of the shards that stand there, by file name."""

    def bring(self, name: str) -> None:
        """Brings a shard that a worker has finished to its place."""

    def rename(self, old: str, new: str) -> None:
        """Gives a shard another name."""

    def remove(self, name: str) -> None:
        """Removes a file, which need not exist."""

    def read(self, name: str) -> bytes | None:
        """Content of a small file, or None."""

    def write(self, name: str, content: bytes) -> None:
        """Writes a small file that appears whole."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder of the target."""

    def size(self, name: str) -> int:
        """Bytes of a file."""

    def require_space(self, needed_bytes: int, purpose: str) -> None:
        """Raises `DiskFullError` where the room is known and too small."""

    def free_bytes(self) -> int | None:
        """Room that is left, where that is known."""

    def close(self) -> None:
        """Removes what is needed only during the run."""


def open_target(out: str) -> Target:
    """The target called `out`.

    Raises:
        MachineError: it cannot be one.
    """
    if not out:
        raise MachineError("--out is empty: name a folder or a URL")
    if "://" in out and not out.startswith("file://"):
        return RemoteTarget(out)
    return LocalTarget(Path(out.removeprefix("file://")))


class LocalTarget:
    """A folder of this machine, or one it shares with others."""

    def __init__(self, root: Path) -> None:
        self.root, self.name = root.absolute(), str(root)
        self.folder, self.scratch = self.root / DATA, self.root / STATE / "spill"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the folder's lock; removes what killed runs and lost workers left half-written."""
        with store.locked(self.root):
            self._tidy()
            try:
                yield
            finally:
                self._tidy()

    def _tidy(self) -> None:
        state = self.root / STATE
        for folder in (self.root, self.folder, state, *(state / name for name in STATE_FOLDERS)):
            folder.mkdir(parents=True, exist_ok=True)
            store.remove_partials(folder)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def shards(self) -> dict[str, ShardFacts]:
        """Facts of the shards in ``data/``."""
        found = {path.name: read_facts(str(path)) for path in self.folder.glob("*.parquet")}
        return {name: facts for name, facts in sorted(found.items()) if facts}

    def bring(self, name: str) -> None:
        """Nothing to do: workers write in place."""

    def rename(self, old: str, new: str) -> None:
        """Gives a shard another name."""
        (self.folder / old).rename(self.folder / new)

    def remove(self, name: str) -> None:
        """Removes a file."""
        (self.root / name).unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """Content of a small file, or None."""
        path = self.root / name
        return path.read_bytes() if path.exists() else None

    def write(self, name: str, content: bytes) -> None:
        """Writes a small file atomically."""
        store.write_bytes(self.root / name, content)

    def names(self, folder: str) -> list[str]:
        """Visible files in a folder."""
        place = self.root / folder
        return sorted(p.name for p in place.iterdir() if p.name[0] != ".") if place.is_dir() else []

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return (self.root / name).stat().st_size

    def require_space(self, needed_bytes: int, purpose: str) -> None:
        """Checks the disk."""
        store.require_space(self.root, needed_bytes, purpose)

    def free_bytes(self) -> int | None:
        """Of the disk."""
        return store.free_bytes(self.root)

    def close(self) -> None:
        """Nothing to remove: `held` tidies up."""


class RemoteTarget:
    """A place that fsspec reaches; shards are made in a local folder and put there."""

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = file_system(url)
        except (ImportError, ValueError) as error:
            raise MachineError(f"{url} cannot be reached: {error}") from None
        self._root, self.name = self._root.rstrip("/"), url
        self._work = Path(tempfile.mkdtemp(prefix="govor-prepare-"))
        self.folder, self.scratch = self._work / DATA, self._work / "spill"

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds a lock of this machine for the URL (object stores themselves have none)."""
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "govor" / "locks"
        try:
            with store.locked(cache / store.fingerprint(self.name)):
                self.folder.mkdir(parents=True, exist_ok=True)
                yield
        finally:
            self.close()

    def shards(self) -> dict[str, ShardFacts]:
        """Facts of the shards in ``data/``, read from their footers alone."""
        found: dict[str, ShardFacts] = {}
        for name in self.names(DATA):
            if not name.endswith(".parquet"):
                continue
            with self._store_errors("read"), self._files.open(self._path(f"{DATA}/{name}"), "rb") as file:
                facts = read_facts(file)
            if facts:
                found[name] = facts
        return found

    def bring(self, name: str) -> None:
        """Puts a finished shard in place and removes the local one."""
        local = self.folder / name
        with self._store_errors("written"):
            self._files.put_file(str(local), self._path(f"{DATA}/{name}"))
        local.unlink()

    def rename(self, old: str, new: str) -> None:
        """Copies a shard to its new name, then removes the old one."""
        with self._store_errors("written"):
            self._files.copy(self._path(f"{DATA}/{old}"), self._path(f"{DATA}/{new}"))
            self._files.rm_file(self._path(f"{DATA}/{old}"))

    def remove(self, name: str) -> None:
        """Removes an object, if it is there: stores differ in how they refuse to remove what is not."""
        with self._store_errors("written"), suppress(FileNotFoundError):
            if self._files.exists(self._path(name)):
                self._files.rm_file(self._path(name))

    def read(self, name: str) -> bytes | None:
        """Content of a small object, or None."""
        with self._store_errors("read"), suppress(FileNotFoundError):
            return bytes(self._files.cat_file(self._path(name)))
        return None

    def write(self, name: str, content: bytes) -> None:
        """Writes a small object."""
        with self._store_errors("written"):
            self._files.pipe_file(self._path(name), content)

    @contextmanager
    def _store_errors(self, purpose: str) -> Iterator[None]:
        """Around every request: stores have errors of their own for access, names and the network."""
        try:
            yield
        except Exception as error:
            raise MachineError(
                f"{self.name} cannot be {purpose} ({error}): correct that, then run the same command again"
            ) from None

    def names(self, folder: str) -> list[str]:
        """Visible objects in a folder."""
        paths: list[str] = []
        with self._store_errors("read"), suppress(FileNotFoundError):
            self._files.invalidate_cache()
            paths = self._files.ls(self._path(folder), detail=False)
        return sorted(p.rsplit("/", 1)[1] for p in paths if not p.rsplit("/", 1)[1].startswith("."))

    def size(self, name: str) -> int:
        """Bytes of an object."""
        with self._store_errors("read"):
            return int(self._files.size(self._path(name)))

    def require_space(self, needed_bytes: int, purpose: str) -> None:
        """An object store has no known end."""

    def free_bytes(self) -> int | None:
        """Nobody knows."""
        return None

    def close(self) -> None:
        """Removes the local folder."""
        shutil.rmtree(self._work, ignore_errors=True)


def read_record(target: Target, name: str, shape: type[Shape]) -> Shape | None:
    """A JSON file of the target, held against a shape; None without it.

    Raises:
        DatasetError: it is damaged.
    """
    content = target.read(name)
    try:
        return None if content is None else fitted(parsed(content), shape)
    except ValueError as error:
        raise DatasetError(damaged(target, name, error)) from error


def damaged(target: Target, name: str, error: Exception | str) -> str:
    """The sentence about a record that cannot be used."""
    return (
        f"{target.name}/{name} is damaged ({error}): copy it again, or remove {target.name} and prepare again"
    )


def write_json(target: Target, name: str, value: object) -> None:
    """Writes a JSON file to the target."""
    target.write(name, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())
