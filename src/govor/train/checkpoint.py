"""Checkpoints that appear whole or not at all, carry hashes, and are verified before use.

    checkpoints/step-00000500/
        config.json, model.safetensors, govor.json, …   a complete model that from_pretrained opens
        training/state.json                              where the run stood
        training/optimizer.safetensors                   moments by parameter name
        adapter/                                         only with LoRA: its matrices, unmerged
        checkpoint.json                                  bytes and SHA-256 of every file

Everything is written into a hidden folder beside it, every file is flushed to the disk, the hashes come
last, and one rename makes the checkpoint exist.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from govor import store
from govor.config.moments import Position
from govor.errors import DiskFullError, InputError, ModelError
from govor.shape import fitted
from govor.train.summary import Best

MANIFEST = "checkpoint.json"
TRAINING = "training"
STATE = f"{TRAINING}/state.json"
OPTIMIZER = f"{TRAINING}/optimizer.safetensors"
BEFORE = ".before"
"""Mark of a checkpoint whose step is being written again."""
DAMAGED = ".damaged-"


class FileFacts(TypedDict):
    """Size and hash of a file of a checkpoint."""

    bytes: int
    sha256: str


class Origin(TypedDict, total=False):
    """``fingerprints`` of model and data, and the ``settings`` behind them."""

    fingerprints: dict[str, str]
    settings: dict[str, object]


class CheckpointFacts(Origin):
    """What a run says of a checkpoint."""

    step: int
    position: Position
    named: NotRequired[bool]
    wer: NotRequired[float | None]
    run: NotRequired[str]


class Manifest(CheckpointFacts):
    """``checkpoint.json``."""

    files: dict[str, FileFacts]


class StoredState(TypedDict, total=False):
    """The fields of ``training/state.json`` that are read if no run is continued."""

    best: Best | None
    lr: float


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that stands on the disk.

    Attributes:
        folder: where.
        manifest: what ``checkpoint.json`` says: ``step``, ``position``, ``named``, ``wer``, ``files`` …
    """

    folder: Path
    manifest: Manifest

    @property
    def step(self) -> int:
        """Optimiser steps done when it was made."""
        return self.manifest["step"]

    @property
    def position(self) -> Position:
        """Where the run stood."""
        position: Position = fitted(self.manifest["position"], Position)
        return position

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files."""
        return sum(entry["bytes"] for entry in self.manifest["files"].values())

    def state(self) -> StoredState:
        """What ``training/state.json`` holds."""
        return store.read_record(self.folder / STATE, StoredState, ModelError)


def folder_name(step: int) -> str:
    """``step-00000500``: names sort as the steps do."""
    return f"step-{step:08d}"


def write(folder: Path, fill: Callable[[Path], None], facts: CheckpointFacts) -> Checkpoint:
    """Makes a checkpoint: `fill` writes its files, then hashes, then it appears.

    Args:
        folder: where it is to stand.
        fill: writes everything but the manifest into the folder it is given.
        facts: further entries of the manifest (``step``, ``position``, …).

    Raises:
        DiskFullError: nothing is left of it; earlier checkpoints stand.
    """
    with store.atomic_path(folder) as partial:
        partial.mkdir(parents=True)
        try:
            fill(partial)
            manifest = fitted({**facts, "files": hashes(partial)}, Manifest)
            store.write_json(partial / MANIFEST, manifest)
            for path in _tree(partial):
                _fsync(path)
        except Exception as error:
            raise _readable(error, folder) from error
        before = folder.with_name(f".{folder.name}{BEFORE}")
        if folder.exists():
            shutil.rmtree(before, ignore_errors=True)
            folder.rename(before)
    shutil.rmtree(before, ignore_errors=True)
    return Checkpoint(folder, manifest)


_FREE_SOME = (
    "earlier checkpoints are kept; free some space, or lower train.keep, and run the same command "
    "again to continue"
)


def _readable(error: Exception, folder: Path) -> Exception:
    """safetensors reports a full disk in words only; everything else passes through."""
    if "os error 28" in str(error) or "No space left" in str(error) or isinstance(error, DiskFullError):
        return DiskFullError(f"no space left while writing {folder}: {_FREE_SOME}")
    return error


def require_room(folder: Path, needed_bytes: int) -> None:
    """Checks that a checkpoint of `needed_bytes` fits, before hours of training and before it is begun.

    Raises:
        DiskFullError: it does not.
    """
    try:
        store.require_space(folder, needed_bytes, "the next checkpoint")
    except DiskFullError as error:
        raise DiskFullError(f"{error}: {_FREE_SOME}") from error


def hashes(folder: Path) -> dict[str, FileFacts]:
    """Bytes and SHA-256 of every file below `folder`, by relative name; the manifest left out."""
    return {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": store.file_sha256(path)}
        for path in sorted(_tree(folder))
        if path.is_file() and path.name != MANIFEST
    }


def _tree(folder: Path) -> Iterator[Path]:
    yield from folder.rglob("*")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if path.is_file():
            raise
    finally:
        os.close(descriptor)


def read(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`, not verified.

    Raises:
        ModelError: it has no readable manifest.
    """
    try:
        manifest = store.read_record(folder / MANIFEST, Manifest)
    except InputError as error:
        raise ModelError(f"{folder} is not a whole checkpoint ({error})") from error
    for name in manifest["files"]:
        if name.startswith("/") or ".." in name.split("/"):
            raise ModelError(f"{folder} is not a whole checkpoint ({MANIFEST} names {name!r} outside of it)")
    return Checkpoint(folder, manifest)


def verify(folder: Path) -> Checkpoint:
    """Reads a checkpoint and compares every file with its hash.

    Raises:
        ModelError: a file is missing, too short or changed; it is named.
    """
    found = read(folder)
    for name, entry in found.manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing")
        if path.stat().st_size != entry["bytes"]:
            raise ModelError(f"{path} has {path.stat().st_size} bytes instead of {entry['bytes']}")
        if store.file_sha256(path) != entry["sha256"]:
            raise ModelError(f"{path} is not what was written (its SHA-256 differs)")
    return found


def listed(root: Path) -> list[Checkpoint]:
    """Checkpoints below `root` with a readable manifest, oldest first; not verified."""
    found = []
    for folder in sorted(root.glob("step-*")):
        if DAMAGED in folder.name or not folder.is_dir():
            continue
        try:
            found.append(read(folder))
        except ModelError:
            continue
    return found


def newest_good(root: Path, say: Callable[[str], None]) -> Checkpoint | None:
    """The newest checkpoint that passes verification; damaged newer ones are set aside with a message."""
    store.remove_partials(root)
    _bring_back(root)
    for folder in sorted((f for f in root.glob("step-*") if DAMAGED not in f.name), reverse=True):
        try:
            return verify(folder)
        except ModelError as error:
            aside = _set_aside(folder)
            say(
                f"checkpoint {folder.name} is damaged ({error}); it is now in {aside}; govor uses "
                "the one before"
            )
    return None


def _bring_back(root: Path) -> None:
    """Undoes the writing of a step again that was killed between its two renames."""
    for before in root.glob(f".step-*{BEFORE}"):
        folder = before.with_name(before.name.removeprefix(".").removesuffix(BEFORE))
        if folder.exists():
            shutil.rmtree(before)
        else:
            before.rename(folder)


def _set_aside(folder: Path) -> Path:
    for number in range(1, 1000):
        aside = folder.with_name(f"{folder.name}{DAMAGED}{number}")
        if not aside.exists():
            return folder.rename(aside)
    raise ModelError(f"{folder.parent} holds 999 damaged copies of {folder.name}: remove them")


def publish(checkpoint: Checkpoint, target: Path) -> None:
    """Makes `target` a copy of the checkpoint's model without the training state (hard links if possible)."""
    partial = target.with_name(f".{target.name}{store.PARTIAL_MARK}new")
    old = target.with_name(f".{target.name}{store.PARTIAL_MARK}old")
    for path in (partial, old):
        shutil.rmtree(path, ignore_errors=True)
    for name in checkpoint.manifest["files"]:
        if not name.startswith(TRAINING + "/"):
            link(checkpoint.folder / name, partial / name)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """A second name for a file, or a copy where links cannot be made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
