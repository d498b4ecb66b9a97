"""Files that appear whole or not at all, locks, fingerprints, and room on the disk.

The order for a durable file is: write beside it, flush, fsync, rename, fsync the folder.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from govor.errors import BusyError, DiskFullError, GovorError, InputError, MachineError
from govor.interrupts import at_last
from govor.records import plain
from govor.shape import Shape, ShapeError, fitted, parsed

FINGERPRINT_HEX_DIGITS = 32
PARTIAL_MARK = ".partial-"
RUST_ERRNO = re.compile(r"\(os error (\d+)\)")
FULL = os.strerror(errno.ENOSPC), "database or disk is full"
BROKEN_OFF = "Invalid thrift: transport error"
"""polars says so where the head of a page could not be written, and where one that it reads is damaged."""
LEAST_FREE_BYTES = 1 << 20
"""With less, what was broken off was so for want of room."""
NOT_WRITABLE = (
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.ENAMETOOLONG,
)


def canonical_json(value: Any) -> str:
    """`value` as JSON text that is the same for equal values (sorted keys, no spaces)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=plain)


def fingerprint(value: Any) -> str:
    """A short stable hash of JSON-like data, dataclasses and paths included."""
    digest = hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:FINGERPRINT_HEX_DIGITS]


def file_sha256(path: Path, block_bytes: int = 1 << 20) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(block_bytes):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def atomic_path(path: Path, durable: bool = True) -> Iterator[Path]:
    """Yields a path beside `path` to write to; renames it into place when the block ends well.

    Args:
        path: the file.
        durable: whether it has to outlive the machine's failure; what is made again at no cost does not.

    Raises:
        DiskFullError: the disk or quota is full; nothing is left behind.
        MachineError: the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}{PARTIAL_MARK}{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with at_last(lambda: _remove(partial)):
            yield partial
            if durable:
                _fsync(partial)
            partial.replace(path)
        if durable:
            _fsync(path.parent)
    except Exception as error:
        if (known := readable_error(error, path)) is not error:
            raise known from error
        raise


@contextmanager
def scratch_folder(parent: Path | None = None, name: str = "govor") -> Iterator[Path]:
    """A new folder that is removed when the block ends, by Ctrl-C too.

    Args:
        parent: where it stands; without it, among the system's temporary files, for this user alone.
        name: what it is called in part.
    """
    folder = (parent or Path(tempfile.gettempdir())) / f".{name}{PARTIAL_MARK}{uuid.uuid4().hex[:8]}"
    with at_last(lambda: _remove(folder)):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o777 if parent else 0o700)
        yield folder


@contextmanager
def filling(place: Path) -> Iterator[None]:
    """Around what libraries write below `place`: some of them do not say what they wrote.

    Raises:
        DiskFullError: the disk or quota is full.
    """
    try:
        yield
    except Exception as error:
        known = readable_error(error, place)
        if isinstance(known, DiskFullError) and known is not error:
            raise known from error
        raise


def readable_error(error: Exception, path: Path) -> Exception:
    """What to raise for an error of the disk at `path`: a sentence where the cause is known, else `error`."""
    if isinstance(error, GovorError):
        return error
    if isinstance(error, (UnicodeEncodeError, TypeError)) and not is_utf8(path):
        return MachineError(f"{path} cannot be written (its name is not UTF-8): choose another target")
    number = errno_of(error)
    if number in (errno.ENOSPC, errno.EDQUOT) or (BROKEN_OFF in str(error) and _is_full(path.parent)):
        return DiskFullError(
            f"no space left while writing {path}: free some space and run the same command again"
        )
    if number in NOT_WRITABLE:
        return MachineError(f"{path} cannot be written ({os.strerror(number)}): choose another target")
    return error


def _is_full(folder: Path) -> bool:
    try:
        return free_bytes(folder) < LEAST_FREE_BYTES
    except OSError:
        return False


def given_path(text: str | Path) -> Path:
    """A path as people type it: ``~`` is their home folder; ``~name`` stays if no user has that name."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_there(path: Path) -> bool:
    """Whether something stands there; a name that is too long for a file is of nothing."""
    try:
        return path.exists()
    except OSError:
        return False


def is_utf8(path: str | Path) -> bool:
    """Whether a path can be written down; libraries outside Python take no other."""
    return not any("\ud800" <= letter <= "\udfff" for letter in str(path))


def errno_of(error: Exception) -> int | None:
    """The number of a system error; libraries in Rust and C++ write it into the text alone."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    named = RUST_ERRNO.search(str(error))
    if named:
        return int(named[1])
    return errno.ENOSPC if any(text in str(error) for text in FULL) else None


def _remove(path: Path) -> None:
    """Never raises: it runs behind other errors, and a read-only disk refuses even what is not there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:  # some network folders cannot sync a folder
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file that appears whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Writes a UTF-8 file that appears whole or not at all.

    Bytes of names that are not UTF-8 stand as ``\\udcff``, from which JSON gives back the very name.
    """
    write_bytes(path, content.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: Any) -> None:
    """Writes indented JSON that appears whole or not at all, piece by piece."""
    encoder = json.JSONEncoder(indent=2, ensure_ascii=False, default=plain)
    with (
        atomic_path(path) as partial,
        partial.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.writelines(encoder.iterencode(value))
        file.write("\n")


def write_kept(path: Path, value: Any) -> None:
    """The same in one line, in a tenth of the time: for what no person reads."""
    write_text(path, json.dumps(value, ensure_ascii=False, default=plain) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file.

    Raises:
        InputError: it is missing or not JSON; the message names it.
    """
    try:
        return parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON ({error})") from error


def read_record(path: Path, shape: type[Shape], kind: type[InputError] = InputError) -> Shape:
    """Reads a JSON file that holds one value of a declared shape (see `govor.shape.fitted`).

    Raises:
        InputError: of `kind`: it is missing, not JSON, or of another shape; file and place are named.
    """
    try:
        return fitted(read_json(path), shape)
    except ShapeError as error:
        raise kind(f"{path} is damaged ({error}): copy it again, or make it again") from error
    except InputError as error:
        raise kind(str(error)) from error


def free_place(folder: Path, stem: str) -> Path:
    """The first of ``stem-1``, ``stem-2``, … in `folder` that nothing stands at."""
    return next(place for n in count(1) if not (place := folder / f"{stem}-{n}").exists())


def remove_partials(folder: Path) -> None:
    """Removes what a killed writer left in `folder` (not below it)."""
    for path in folder.glob(f".*{PARTIAL_MARK}*"):
        _remove(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds `folder` for one process; the lock goes with the process, however it ends.

    Raises:
        BusyError: another process holds it.
    """
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise readable_error(error, folder) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise BusyError(
                f"{folder} is being written by process {holder}: wait for it or choose another --out"
            ) from None
        with suppress(OSError):  # a full disk is said by what is written next
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def require_writable(folder: Path) -> None:
    """Makes a folder for many files, which is named where it cannot be written, instead of one of them.

    Raises:
        MachineError: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise readable_error(error, folder) from error
    if not os.access(folder, os.W_OK):
        raise MachineError(f"{folder} cannot be written: choose another target")


def free_bytes(path: Path) -> int:
    """Free bytes on the disk that holds `path` (which need not exist yet)."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


def require_space(path: Path, needed_bytes: int, purpose: str) -> None:
    """Checks that `needed_bytes` fit on the disk of `path`.

    Raises:
        DiskFullError: they do not; the message says how much is free.
    """
    free = free_bytes(path)
    if needed_bytes > free:
        raise DiskFullError(
            f"{purpose} needs {readable_bytes(needed_bytes)} at {path}, but {readable_bytes(free)} are free"
        )


def readable_bytes(count: float) -> str:
    """Bytes for people: ``1.3 TB``, ``740 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def readable_hours(hours: float) -> str:
    """The length of a corpus for people; none is known before its recordings were opened."""
    return readable_seconds(3600 * hours) if hours else "length not known before check"


def readable_seconds(seconds: float) -> str:
    """A time for people: ``12 s``, ``3 min 20 s``, ``5 h 10 min``."""
    whole = round(seconds)
    if whole < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
