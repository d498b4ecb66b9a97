"""One recording as it stands on the disk at one time, and whether it is another one now."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

import xxhash

HASHED_BYTES = 8 * 1024**3
"""Of a larger file only the size and the time count."""
ABSENT_BYTES = -1
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A recording as it was at one time: when a shard was made from it, or now.

    Attributes:
        audio: as in the corpus.
        size_bytes: of its file, `ABSENT_BYTES` where there was none.
        mtime_ns: when the file was last changed.
        digest: XXH3-128 of its bytes, empty where they were not read.
    """

    audio: str
    size_bytes: int = ABSENT_BYTES
    mtime_ns: int = 0
    digest: str = ""


def audio_path(audio: str, audio_root: str) -> str:
    """Absolute path or URI of an ``audio`` value."""
    return audio if "://" in audio or audio.startswith("/") else f"{audio_root.rstrip('/')}/{audio}"


def is_local(audio: str) -> bool:
    """Whether `audio` is a file; URLs are not opened."""
    return "://" not in audio


def as_it_is(audio: str, audio_root: str, beat: Callable[[], None] = lambda: None) -> Snapshot:
    """The recording called `audio`, its content included.

    Args:
        audio: as in the corpus.
        audio_root: what relative paths are taken from.
        beat: called while a long file is read.
    """
    path = audio_path(audio, audio_root)
    seen = outside(audio, path)
    if not 0 < seen.size_bytes <= HASHED_BYTES:
        return seen
    try:
        return Snapshot(audio, seen.size_bytes, seen.mtime_ns, _digest(path, beat))
    except OSError:
        return seen


def outside(audio: str, path: str) -> Snapshot:
    """The recording `audio` at `path` without its content."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - called for every clip
    except (OSError, ValueError):
        return Snapshot(audio)
    if not stat.S_ISREG(facts.st_mode):
        return Snapshot(audio)
    return Snapshot(audio, facts.st_size, facts.st_mtime_ns)


def _digest(path: str, beat: Callable[[], None]) -> str:
    digest = xxhash.xxh3_128()
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - called for every clip
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            beat()
    return digest.hexdigest()


def now(before: Snapshot, audio_root: str) -> Snapshot | None:
    """`before` as it is now; None where its content is another.

    Its bytes are read only where the time changed and the size did not. A recording that is gone is no other
    one: nothing is to be made from it.
    """
    seen = outside(before.audio, audio_path(before.audio, audio_root))
    if seen.size_bytes == ABSENT_BYTES:
        return before
    if seen.size_bytes != before.size_bytes:
        return None
    if seen.mtime_ns == before.mtime_ns:
        return before
    read = as_it_is(before.audio, audio_root)
    return read if read.digest == before.digest != "" or not read.size_bytes else None
