"""What files look like: enough to see that something changed, and to name it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from govor.config import CorpusConfig
from govor.store import PARTIAL_MARK, file_sha256, fingerprint, given_path, is_there

Snapshot = dict[str, list[int]]
"""Path relative to the folder -> [bytes, modification time in ns]."""

HASHED_UP_TO_BYTES = 64_000_000


def snapshot(place: Path) -> Snapshot:
    """Sizes and times of a file, or of all files below a folder; hidden ones are left out."""
    if place.is_file():
        return {"": _facts(place)}
    found: Snapshot = {}
    for folder, names, files in os.walk(place):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and PARTIAL_MARK not in name:
                path = Path(folder) / name
                found[str(path.relative_to(place))] = _facts(path)
    return found


def _facts(path: Path) -> list[int]:
    """Size and time; of the link itself where it leads nowhere, zeros where the file went away meanwhile."""
    for look in (path.stat, path.lstat):
        try:
            status = look()
        except OSError:
            continue
        return [status.st_size, status.st_mtime_ns]
    return [0, 0]


def place_fingerprint(name: str | None) -> str:
    """Fingerprint of a file or folder as it stands; of its name where it is not a local path."""
    path = given_path(name or "")
    return fingerprint(snapshot(path)) if name and is_there(path) else fingerprint(name)


def source_fingerprints(corpus: CorpusConfig) -> dict[str, str]:
    """What an import reads, by name."""
    found = {"the source": place_fingerprint(corpus.source)}
    if corpus.audio_root:
        found["the audio root"] = place_fingerprint(corpus.audio_root)
    return found


def hashes(place: Path, files: Snapshot) -> dict[str, str]:
    """SHA-256 of the smaller files, so that a mere touch is not a change."""
    small = [name for name, (size, _) in files.items() if size <= HASHED_UP_TO_BYTES]
    paths = {name: place / name if name else place for name in small}
    return {name: file_sha256(path) for name, path in paths.items() if is_there(path)}


def changed_files(place: Path, before: Snapshot, known: Mapping[str, str]) -> list[str]:
    """What is different at `place` since the snapshot `before`, in words.

    Args:
        place: the file or folder.
        before: its earlier `snapshot`.
        known: its earlier `hashes`; a file whose bytes are the same has not changed.
    """
    now = snapshot(place) if is_there(place) else {}
    gone = [f"{place / name} is gone" for name in before if name not in now]
    new = [f"{place / name} is new" for name in now if name not in before]
    other = [
        f"{place / name if name else place} was changed"
        for name, facts in now.items()
        if name in before and before[name] != facts and not _same_bytes(place, name, facts, before, known)
    ]
    return gone + other + new


def _same_bytes(place: Path, name: str, facts: list[int], before: Snapshot, known: Mapping[str, str]) -> bool:
    if facts[0] != before[name][0] or name not in known:
        return False
    path = place / name if name else place
    return is_there(path) and file_sha256(path) == known[name]
