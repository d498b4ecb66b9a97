"""Archives (``.tar.gz``): tables read out of them, audio unpacked once, nothing ever written outside.

A member is unpacked under its file name alone, after `tarfile.data_filter` has passed it; an archive with a
member that would leave its folder is refused whole.
"""

from __future__ import annotations

import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import polars as pl

from govor.console import progress
from govor.errors import CorpusError
from govor.store import atomic_path, locked, read_json, readable_bytes, require_space, write_json

SUFFIXES = (".tar.gz", ".tgz", ".tar")
_CHUNK_BYTES = 1 << 20
_MARK = ".unpacked.json"


@dataclass(frozen=True)
class ArchiveContents:
    """What one pass over an archive found.

    Attributes:
        tables: where the tables were copied to, by file name.
        audio: ``clip`` (file name) and ``bytes`` of the audio files.
    """

    tables: dict[str, Path]
    audio: pl.DataFrame


def is_archive(path: Path) -> bool:
    """Whether a file is called like an archive."""
    return path.is_file() and path.name.endswith(SUFFIXES)


def member_names(archive: Path, most: int = 50) -> list[str]:
    """Names of the first members, as far as they can be read."""
    names: list[str] = []
    with suppress(CorpusError), _opened(archive) as tar:
        for member in tar:
            names.append(member.name)
            if len(names) >= most:
                break
    return names


def survey(archive: Path, folder: Path, wants_table: Callable[[str], bool], suffix: str) -> ArchiveContents:
    """One pass over an archive: copies its tables to `folder`, lists its audio.

    Args:
        archive: the ``.tar.gz``.
        folder: where tables are copied to, file name alone.
        wants_table: whether a file name is that of a table.
        suffix: extension of the audio files, such as ``.mp3``.

    Raises:
        CorpusError: the archive is damaged, or would write outside its folder.
    """
    tables: dict[str, Path] = {}
    names: list[str] = []
    sizes: list[int] = []
    with _opened(archive) as tar, progress(f"looking through {archive.name}", None, "files") as bar:
        for member in _files(archive, tar):
            name = PurePosixPath(member.name).name
            if wants_table(name):
                require_space(folder, member.size, f"reading {member.name} out of {archive.name}")
                tables[name] = folder / name
                _copy(tar, member, tables[name])
            elif name.endswith(suffix):
                names.append(name)
                sizes.append(member.size)
            bar.advance()
    audio = pl.DataFrame({"clip": names, "bytes": sizes}, schema={"clip": pl.String, "bytes": pl.Int64})
    return ArchiveContents(tables, audio)


def unpack(archive: Path, wanted: pl.DataFrame, folder: Path) -> None:
    """Unpacks audio into `folder`; what is there already, whole, is not written again.

    Args:
        archive: the ``.tar.gz``.
        wanted: ``clip`` and ``bytes`` of the files to unpack.
        folder: where they go, file name alone.

    Raises:
        DiskFullError: they do not fit; nothing was unpacked.
        CorpusError: the archive is damaged, or would write outside its folder.
    """
    mark = {"archive": archive.name, "bytes": archive.stat().st_size, "files": wanted.height}
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / _MARK).exists() and read_json(folder / _MARK) == mark:
        return
    missing = _missing(wanted, folder)
    need = sum(missing.values())
    require_space(folder, need, f"unpacking {len(missing):,} audio files of {archive.name}")
    label = f"unpacking {readable_bytes(need)}"
    with locked(folder), _opened(archive) as tar, progress(label, len(missing), "files") as bar:
        for member in _files(archive, tar):
            name = PurePosixPath(member.name).name
            if missing.pop(name, None) is not None:
                _copy(tar, member, folder / name)
                bar.advance()
            if not missing:
                break
    write_json(folder / _MARK, mark)


def _missing(wanted: pl.DataFrame, folder: Path) -> dict[str, int]:
    there = {entry.name: entry.stat().st_size for entry in folder.iterdir() if entry.is_file()}
    return {name: size for name, size in wanted.iter_rows() if there.get(name) != size}


@contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    with _readable(archive), tarfile.open(archive, "r|*") as tar:
        yield tar


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    """Damage as an error that names the archive."""
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise CorpusError(f"{archive} is damaged or cut short ({error}): fetch it again") from error


class MemberContent:
    """What a member of an archive holds, to be read once."""

    def __init__(self, archive: Path, source: IO[bytes]) -> None:
        self._archive, self._source = archive, source

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`; raises CorpusError where the archive is damaged."""
        with _readable(self._archive):
            return self._source.read(size)


def stream(archive: Path) -> Iterator[tuple[tarfile.TarInfo, MemberContent]]:
    """The regular files of an archive of any size, in order, each to be read before the next is asked for.

    Raises:
        CorpusError: the archive is damaged, or would write outside its folder.
    """
    with _opened(archive) as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]
            if _checked(archive, member).isfile() and (source := tar.extractfile(member)) is not None:
                yield member, MemberContent(archive, source)


def _files(archive: Path, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The regular files of an archive, all members passed by the standard library's filter."""
    for member in tar:
        if _checked(archive, member).isfile():
            yield member


def _checked(archive: Path, member: tarfile.TarInfo) -> tarfile.TarInfo:
    try:
        tarfile.data_filter(member, "/nowhere")
    except tarfile.FilterError as error:
        raise CorpusError(f"{archive} is refused: {error}; get the corpus from its publisher") from error
    return member


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source: IO[bytes] | None = tar.extractfile(member)
    if source is None:
        return
    with source, atomic_path(target, durable=False) as partial, partial.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK_BYTES)


def require_room(folder: Path, archives: Sequence[Path]) -> None:
    """Checks that what archives hold fits into `folder`, before the first of it is unpacked.

    Raises:
        DiskFullError: it does not.
    """
    size = sum(archive.stat().st_size for archive in archives)
    require_space(folder, size, f"unpacking the audio of {len(archives):,} archives")
