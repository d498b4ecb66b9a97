"""Where encoded audio comes from: a path, bytes, or a URI that is fetched into a temporary file."""

from __future__ import annotations

import io
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from govor.audio.limits import DecodeLimits
from govor.errors import AudioError, GovorError, MachineError
from govor.filesystems import reaching

HEAD_BYTES = 4_096
_COPY_BYTES = 1 << 20
_GONE = (404, 410)
"""What a web server answers for what it does not have."""
_NOT_NOW = (401, 407, 408, 425, 429, 502, 503, 504)
"""What it answers for lack of a key, of time or of whoever stands behind it: nothing about the object."""
_TRIES, _WAIT_S = 3, 1.0
"""Where a store does not answer, it is asked this often, after this time and after twice as long."""
AudioSource = str | Path | bytes


@dataclass(frozen=True)
class EncodedAudio:
    """Encoded audio that can be opened any number of times.

    Attributes:
        name: for messages.
        size_bytes: its length.
        path: local file, or None when it is in memory.
        content: bytes in memory, or None when it is a file.
    """

    name: str
    size_bytes: int
    path: str | None
    content: bytes | None

    def open(self) -> BinaryIO:
        """A fresh binary file at its beginning."""
        return open(self.path, "rb") if self.path is not None else io.BytesIO(self.content or b"")  # noqa: PTH123

    @cached_property
    def head(self) -> bytes:
        """Its first bytes: they are asked for several times and read once."""
        with self.open() as file:
            return file.read(HEAD_BYTES)

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset`."""
        if offset + count <= len(self.head) or len(self.head) < HEAD_BYTES:
            return self.head[offset : offset + count]
        with self.open() as file:
            file.seek(offset)
            return file.read(count)


@contextmanager
def opened(
    source: AudioSource, limits: DecodeLimits, beat: Callable[[], None] = lambda: None
) -> Iterator[EncodedAudio]:
    """Yields `source` as a checked local `EncodedAudio`.

    Args:
        source: path, URI or encoded bytes.
        limits: of its size.
        beat: called for every megabyte that is fetched, as a sign of life.

    Raises:
        AudioError: ``missing``, ``not_a_file``, ``unreadable``, ``empty_file``, ``too_large``.
        MachineError: the store behind a URI does not answer.
    """
    if isinstance(source, bytes):
        limits.check_size(len(source), "audio in memory")
        yield EncodedAudio("audio in memory", len(source), None, source)
    elif "://" in str(source) and not str(source).startswith("file://"):
        with tempfile.NamedTemporaryFile(prefix="govor-") as file:
            _fetch(str(source), cast(BinaryIO, file), limits, beat)
            yield EncodedAudio(str(source), os.fstat(file.fileno()).st_size, file.name, None)
    else:
        path = str(source).removeprefix("file://")
        size_bytes = _file_size(path)
        limits.check_size(size_bytes, path)
        yield EncodedAudio(path, size_bytes, path, None)


def _file_size(path: str) -> int:
    try:
        facts = os.stat(path)  # noqa: PTH116 - called for every clip
    except FileNotFoundError:
        raise AudioError(f"{path}: there is no such file", "missing") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{path}: cannot be read ({error})", "unreadable") from None
    if not stat.S_ISREG(facts.st_mode):
        raise AudioError(f"{path}: not a regular file", "not_a_file")
    return facts.st_size


def _fetch(uri: str, file: BinaryIO, limits: DecodeLimits, beat: Callable[[], None]) -> None:
    """Copies the object at `uri` to `file`.

    Raises:
        AudioError: the object is at fault.
        MachineError: its store does not answer: that says nothing about the object.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            return _copy(uri, file, limits, beat)
        except GovorError:
            raise
        except Exception as error:  # every file system has errors of its own
            cause = _cause(error)
            if not tries_left or not _may_pass(cause):
                raise _fault(uri, cause) from None
        time.sleep(_WAIT_S * (_TRIES - tries_left))
        file.seek(0)
        file.truncate()


def _copy(uri: str, file: BinaryIO, limits: DecodeLimits, beat: Callable[[], None]) -> None:
    import fsspec

    fetched_bytes = 0
    with reaching(uri), fsspec.open(uri, "rb") as remote:
        while block := remote.read(_COPY_BYTES):
            fetched_bytes += len(block)
            limits.check_size(fetched_bytes, uri)
            file.write(block)
            beat()
    file.flush()
    limits.check_size(fetched_bytes, uri)


def _cause(error: Exception) -> Exception:
    """What lies behind `error`: over HTTP, fsspec calls every failure a missing file."""
    cause = error.__cause__
    says_more = isinstance(cause, OSError) or hasattr(cause, "status")
    return cause if isinstance(cause, Exception) and says_more else error


def _may_pass(error: Exception) -> bool:
    """Whether the same request may be answered otherwise in a moment."""
    status = getattr(error, "status", None)
    if isinstance(status, int):
        return status in _NOT_NOW or status >= 500
    return not isinstance(error, (FileNotFoundError, PermissionError, ValueError, ImportError))


def _fault(uri: str, error: Exception) -> GovorError:
    """An `AudioError` where the store spoke of this object, else a `MachineError`."""
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status in _GONE:
        return AudioError(f"{uri}: there is no such object", "missing")
    if isinstance(error, ImportError):
        return MachineError(f"{uri} cannot be fetched ({error}), then run the same command again")
    if status not in _NOT_NOW and (status or not _may_pass(error)):
        return AudioError(f"{uri}: cannot be fetched ({error})", "unreadable")
    return MachineError(
        f"{uri} cannot be fetched now ({error}): when its store answers, run the same command again, "
        "or leave its utterances out with govor select --exclude"
    )
