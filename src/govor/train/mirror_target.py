"""Where a mirror lies: a folder (a mounted Drive too), an fsspec URL, a repository on the Hub."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from govor.errors import ModelError, RecipeError
from govor.extras import required
from govor.filesystems import file_system
from govor.store import file_sha256, given_path

BLOCK_BYTES = 1 << 20
_MOUNTED = ("fuse", "9p", "nfs", "cifs", "smb", "drvfs", "virtiofs")


class MirrorTarget(Protocol):
    """A place for copies. Names are relative, with ``/``.

    Attributes:
        name: as the recipe gives it.
    """

    name: str

    def sizes(self) -> dict[str, int]:
        """Bytes of every file there, by name."""

    def put(self, files: Mapping[str, Path], message: str) -> None:
        """Copies local files, in the order given; the last one must appear last."""

    def get(self, name: str, path: Path) -> None:
        """Fetches a file.

        Raises:
            ModelError: it is not there.
        """

    def remove(self, folder: str) -> None:
        """Removes a folder."""

    def wrong(self, hashes: Mapping[str, str]) -> list[str]:
        """Names whose content there is not that of the SHA-256 given."""

    def proof(self) -> str:
        """In words: what `wrong` finding nothing means."""


def open_target(where: str) -> MirrorTarget:
    """The target that ``[train] mirror`` names.

    Raises:
        RecipeError: it cannot be understood or reached.
    """
    if where.startswith("hf://"):
        return HubTarget(where)
    return FileTarget(where)


class FileTarget:
    """A folder or fsspec URL."""

    def __init__(self, where: str) -> None:
        self.name = where
        try:
            self._fs, root = file_system(str(given_path(where)) if "://" not in where else where)
        except (ImportError, ValueError) as error:
            raise RecipeError(f"train.mirror: {where} cannot be opened ({error})") from error
        self._root = str(root).rstrip("/")
        self._local = type(self._fs).__name__ == "LocalFileSystem"

    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name."""
        self._fs.invalidate_cache()
        if not self._fs.exists(self._root):
            return {}
        found = self._fs.find(self._root, detail=True)
        return {path[len(self._root) + 1 :]: int(info["size"]) for path, info in found.items()}

    def put(self, files: Mapping[str, Path], message: str) -> None:
        """Copies files one after another; what was half copied is written over."""
        for name, path in files.items():
            target = f"{self._root}/{name}"
            self._fs.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
            partial = f"{target}.partial" if self._local else target
            self._fs.put_file(str(path), partial)
            if self._local:
                Path(partial).replace(target)

    def get(self, name: str, path: Path) -> None:
        """Fetches a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._fs.get_file(f"{self._root}/{name}", str(path))
        except FileNotFoundError:
            raise ModelError(f"{name} is missing there") from None

    def remove(self, folder: str) -> None:
        """Removes a folder, its manifest first, so that what is left is never taken for whole."""
        self._fs.invalidate_cache()
        place = f"{self._root}/{folder}"
        for path in sorted(self._fs.find(place), key=lambda p: not p.endswith("checkpoint.json")):
            self._fs.rm_file(path)
        if self._fs.exists(place):
            self._fs.rm(place, recursive=True)

    def wrong(self, hashes: Mapping[str, str]) -> list[str]:
        """Reads every file back."""
        self._fs.invalidate_cache()
        return [name for name, wanted in hashes.items() if self._sha256(name) != wanted]

    def _sha256(self, name: str) -> str:
        digest = hashlib.sha256()
        try:
            with self._fs.open(f"{self._root}/{name}", "rb") as file:
                while block := file.read(BLOCK_BYTES):
                    digest.update(block)
        except FileNotFoundError:  # whatever else a network does says nothing about the copy
            return ""
        return digest.hexdigest()

    @property
    def mounted(self) -> bool:
        """Whether reading back may be answered by a mount's cache (Drive, network folders)."""
        return self._local and _filesystem(Path(self._root)).startswith(_MOUNTED)

    def proof(self) -> str:
        """What reading back proves here."""
        if self.mounted:
            return (
                "written through the mount, which may answer from its cache; verified again at the next "
                "start (on Drive, the Trash counts towards the quota)"
            )
        return "read back and equal"


def _filesystem(path: Path) -> str:
    """Type of the file system that holds `path`; empty where the system does not say."""
    if str(path).startswith("/content/drive"):
        return "fuse"
    try:
        lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    place = str(path.absolute())
    holding = [(m[1], m[2]) for m in lines if place == m[1] or place.startswith(m[1].rstrip("/") + "/")]
    return max(holding, key=lambda m: len(m[0]), default=("", ""))[1]


class HubTarget:
    """A model repository, ``hf://owner/name``; private where it is made here."""

    def __init__(self, where: str) -> None:
        with required():
            from huggingface_hub import HfApi
        self.name, self._repo, self._api = where, where.removeprefix("hf://").strip("/"), HfApi()
        if self._repo.count("/") != 1:
            raise RecipeError(f"train.mirror: {where} is not hf://owner/name")

    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            tree: Any = self._api.list_repo_tree(self._repo, recursive=True)
            return {entry.path: int(entry.size) for entry in tree if hasattr(entry, "size")}
        except RepositoryNotFoundError:
            return {}

    def put(self, files: Mapping[str, Path], message: str) -> None:
        """One commit."""
        from huggingface_hub import CommitOperationAdd

        self._api.create_repo(self._repo, private=True, exist_ok=True)
        adds = [CommitOperationAdd(name, path) for name, path in files.items()]
        self._api.create_commit(self._repo, adds, commit_message=message)

    def get(self, name: str, path: Path) -> None:
        """Fetches a file."""
        import shutil

        from huggingface_hub.errors import EntryNotFoundError

        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(self._api.hf_hub_download(self._repo, name), path)
        except EntryNotFoundError:
            raise ModelError(f"{name} is missing there") from None

    def remove(self, folder: str) -> None:
        """Removes a folder in one commit (the repository's history still counts towards a quota)."""
        self._api.delete_folder(folder, self._repo, commit_message=f"Remove {folder}")

    def wrong(self, hashes: Mapping[str, str]) -> list[str]:
        """Compares the Hub's own hashes of large files; small ones are fetched."""
        infos: Any = self._api.get_paths_info(self._repo, list(hashes))
        there = {info.path: info.lfs.sha256 if info.lfs else self._fetched(info.path) for info in infos}
        return [name for name, wanted in hashes.items() if there.get(name) != wanted]

    def _fetched(self, name: str) -> str:
        return file_sha256(Path(self._api.hf_hub_download(self._repo, name)))

    def proof(self) -> str:
        """What `wrong` proves here."""
        return "equal to the Hub's hashes"
