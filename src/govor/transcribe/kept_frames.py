"""What is kept of a recording, so that it is not read or heard again: its loudness, the scores of its frames.

Shapes: N frames of 20 ms, W windows, F frames of a window, V tokens.
"""

from __future__ import annotations

import os
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from govor.store import atomic_path, filling
from govor.transcribe.speech import Levels

SUFFIX, LEVELS_SUFFIX = "frames.npz", "levels.npz"
Scores = NDArray[np.float16]
SCORES = "scores.npy"
PIECE_BYTES = 1 << 20
_LOCAL_HEADER = struct.Struct("<26xHH")
"""Of a member of an archive, whose last numbers are the lengths of its name and of what stands behind it."""
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, struct.error, zipfile.BadZipFile)


class Rows(Protocol):
    """Scores ``[F, V]`` of which a stretch is asked for; an array is one."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Scores: ...


@dataclass(frozen=True)
class RowsOfFile:
    """Scores that stay in their file.

    Attributes:
        path: the file.
        offset: bytes before the first of them.
        count: F.
        width: V.
        kind: of each score.
    """

    path: Path
    offset: int
    count: int
    width: int
    kind: np.dtype[np.float16]

    def part(self, first: int, count: int) -> RowsOfFile:
        """So many from the one of that number on."""
        return replace(self, offset=self.offset + first * self.width * self.kind.itemsize, count=count)

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice, /) -> Scores:
        first, last, _ = rows.indices(self.count)
        here = self.part(first, max(last - first, 0))
        found = np.fromfile(self.path, self.kind, here.count * self.width, offset=here.offset)
        return found.reshape(here.count, self.width)


@dataclass(frozen=True)
class KeptFrames:
    """Those of one window.

    Attributes:
        start: seconds from the beginning of the recording.
        end: seconds.
        scores: ln p ``[F, V]``.
    """

    start: float
    end: float
    scores: Rows

    def cut(self, start: float, end: float, frame_s: float) -> KeptFrames:
        """The frames between two times of the recording, as far as the window has them."""
        first = max(int((start - self.start) / frame_s), 0)
        last = min(int(np.ceil((end - self.start) / frame_s)), len(self.scores))
        begin = self.start + first * frame_s
        return KeptFrames(begin, begin + (last - first) * frame_s, self.scores[first:last])


@dataclass(frozen=True)
class KeptLevels:
    """How loud a recording is.

    Attributes:
        levels: of its whole frames, as `govor.transcribe.speech.frame_levels` gives them ``[N, 2]``.
        seconds: its length.
    """

    levels: Levels
    seconds: float


def write_levels(path: Path, kept: KeptLevels) -> None:
    """Writes how loud a recording is; nothing stands there before all does."""
    with atomic_path(path) as partial, partial.open("wb") as file:
        np.savez(file, levels=kept.levels, seconds=np.float64(kept.seconds))


def read_levels(path: Path) -> KeptLevels | None:
    """How loud a recording is; None where the file is not there or cannot be read."""
    try:
        with np.load(path) as found:
            levels, seconds = found["levels"], float(found["seconds"])
    except _UNREADABLE:
        return None
    return KeptLevels(levels, seconds) if levels.ndim == 2 and levels.shape[1] == 2 else None


@contextmanager
def keeping_frames(path: Path) -> Iterator[Callable[[KeptFrames], None]]:
    """Gives what takes the frames of a recording's windows, one after the other, and holds none of them.

    At the end of the block they are written to `path`: nothing stands there before all do, nor without any.
    """
    spans: list[tuple[float, float]] = []
    counts: list[int] = []
    kind = np.zeros((0, 0), np.float16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with filling(path.parent), TemporaryFile(dir=path.parent) as raw:

        def keep(window: KeptFrames) -> None:
            nonlocal kind
            rows = np.ascontiguousarray(window.scores[:])
            raw.write(rows.data)
            spans.append((window.start, window.end))
            counts.append(len(rows))
            kind = rows[:0]

        yield keep
        if spans:
            raw.seek(0)
            _write_archive(path, spans, counts, kind, raw)


def _write_archive(
    path: Path, spans: Sequence[tuple[float, float]], counts: Sequence[int], kind: Scores, rows: IO[bytes]
) -> None:
    """What `numpy.savez` would write, with the scores from a file; `kind` has their type and width."""
    header = np.lib.format.header_data_from_array_1_0(kind) | {"shape": (sum(counts), *kind.shape[1:])}
    with atomic_path(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, small in (("spans", np.array(spans, np.float64)), ("counts", np.array(counts, np.int64))):
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, small)
        with archive.open(SCORES, "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(member, header)
            shutil.copyfileobj(rows, member, PIECE_BYTES)


def read_frames(path: Path) -> list[KeptFrames]:
    """Windows by their starts, whose frames are read when they are asked for.

    There is none where the file is not there or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:
                return []
            spans, counts = (_small(archive, name) for name in ("spans.npy", "counts.npy"))
            rows = _rows_of(path, archive.getinfo(SCORES))
        if len(spans) != len(counts) or counts.sum() != len(rows):
            return []
        firsts = np.cumsum(counts) - counts
        windows = [
            KeptFrames(float(start), float(end), rows.part(int(first), int(count)))
            for (start, end), first, count in zip(spans, firsts, counts, strict=True)
        ]
    except _UNREADABLE:
        return []
    return sorted(windows, key=lambda one: one.start)


def _small(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(name) as member:
        found: NDArray[Any] = np.lib.format.read_array(member)
    return found


def _rows_of(path: Path, member: zipfile.ZipInfo) -> RowsOfFile:
    """The scores of an archive, which holds them as they are.

    Raises:
        ValueError: it does not.
    """
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{path} is compressed")
    with path.open("rb") as file:
        file.seek(member.header_offset)
        name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        file.seek(name + extra, os.SEEK_CUR)
        np.lib.format.read_magic(file)
        (count, width), _, kind = np.lib.format.read_array_header_1_0(file)
        return RowsOfFile(path, file.tell(), count, width, kind)
