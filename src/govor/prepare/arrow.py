"""Arrow arrays without pyarrow's own conversion of Python values.

That conversion, in both directions, first asks whether pandas knows the values, and imports it where it is
installed: 0.2 CPU-seconds and 50 MB for every process.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def numbers(values: NDArray[np.int64] | NDArray[np.float64]) -> pa.Array:
    """``[N]`` as an Arrow array of the same type, without a copy."""
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def binaries(values: Sequence[bytes], kind: pa.DataType | None = None) -> pa.Array:
    """Byte strings as an Arrow array of type `kind`, binary unless told otherwise; 2 GB at most."""
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum([len(value) for value in values], out=offsets[1:])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ValueError(f"{offsets[-1]} bytes are more than a row group holds")
    buffers = [None, pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(b"".join(values))]
    return pa.Array.from_buffers(kind or pa.binary(), len(values), buffers)


def strings(values: Sequence[str]) -> pa.Array:
    """Text as an Arrow array of strings."""
    return binaries([value.encode() for value in values], pa.string())


def integers(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """A column of 32-bit integers without nulls as ``[N]``."""
    pieces = [np.frombuffer(c.buffers()[1], np.int32, len(c), 4 * c.offset) for c in column.chunks]
    return np.concatenate(pieces) if pieces else np.empty(0, np.int32)


def taken(table: pa.Table, rows: NDArray[np.int64]) -> pa.Table:
    """The `rows` of `table` in that order; a slice where they follow each other, which needs no copy."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return table.slice(int(rows[0]), len(rows))
    return table.take(numbers(rows))
