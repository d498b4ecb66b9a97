"""A disk that is full after so many bytes, where no small file system can be mounted.

Run in the command's own process before it begins. Files opened in a folder to be written, and tables that
polars and pyarrow write there, take from one supply of bytes; what goes beyond it fails as each of them
fails: polars without an error number.
"""

from __future__ import annotations

import errno
import io
import os
import pathlib
from typing import Any


class Supply:
    """Bytes that are left in `folder`."""

    def __init__(self, folder: str, size: int) -> None:
        self.folder, self.left = os.path.realpath(folder) + os.sep, size

    def holds(self, path: Any) -> bool:
        """Whether `path` is a file of the disk."""
        return isinstance(path, (str, os.PathLike)) and os.path.realpath(path).startswith(self.folder)

    def take(self, count: int) -> bool:
        """Whether there is room for `count` more bytes; they are gone then."""
        self.left -= count
        return self.left >= 0


def limit(folder: str, size: int) -> None:
    """From now on `folder` holds `size` bytes more."""
    supply = Supply(folder, size)
    _limit_files(supply)
    _limit_polars(supply)
    _limit_arrow(supply)


def _limit_files(supply: Supply) -> None:
    opened = io.open

    class Raw(io.FileIO):
        def write(self, data: Any) -> int:
            if not supply.take(len(memoryview(data).cast("B"))):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.name)
            return super().write(data)

    def open_limited(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        if not supply.holds(file) or not set(mode) & set("wax+"):
            return opened(file, mode, buffering, *args, **kwargs)
        raw = Raw(os.fspath(file), mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        kind = io.BufferedRandom if "+" in mode else io.BufferedWriter
        return kind(raw) if "b" in mode else io.TextIOWrapper(kind(raw), *args, **kwargs)

    import builtins

    builtins.open = io.open = open_limited  # type: ignore[assignment]
    pathlib.io.open = open_limited  # type: ignore[attr-defined]


def _limit_polars(supply: Supply) -> None:
    import polars as pl

    for name in ("write_parquet", "write_csv"):
        written = getattr(pl.DataFrame, name)

        def write(self: Any, file: Any = None, *args: Any, _written: Any = written, **kwargs: Any) -> Any:
            answer = _written(self, file, *args, **kwargs)
            if supply.holds(file) and not supply.take(size := os.path.getsize(file)):
                os.truncate(file, size // 2)
                raise OSError(f"{os.strerror(errno.ENOSPC)} (os error {errno.ENOSPC})")
            return answer

        setattr(pl.DataFrame, name, write)


def _limit_arrow(supply: Supply) -> None:
    import pyarrow.parquet as pq

    closed = pq.ParquetWriter.close

    def close(self: Any) -> None:
        was_open = self.is_open
        closed(self)
        where = getattr(self, "where", None)
        written = was_open and supply.holds(where) and os.path.exists(where)
        if written and not supply.take(os.path.getsize(where)):
            raise OSError(errno.ENOSPC, f"Error writing bytes to file. {os.strerror(errno.ENOSPC)}")

    pq.ParquetWriter.close = close
