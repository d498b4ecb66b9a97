"""Where the bytes of each clip lie in a Parquet shard, so that one can be read without its neighbours.

Parquet libraries read whole column chunks; with clips in shuffled order that would read a row group for
each. Encoded audio is stored plain and uncompressed (compressing FLAC again gains nothing), so a data page
is a row of [length, bytes], and hopping from length to length finds every clip. Shards written otherwise
have no positions and are read by row group.

Format: https://parquet.apache.org/docs/file-format/data-pages/ (page headers are Thrift, compact protocol).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

AUDIO_COLUMN = "audio.bytes"
HEADER_BYTES = 16_384  # more than any page header here takes
LENGTH = struct.Struct("<I")
ReadAt = Callable[[int, int], bytes]
"""Bytes of a file from an offset, of some size; fewer at its end."""
DATA_PAGE, DATA_PAGE_V2 = 0, 3
PLAIN = 0


class Positions(NamedTuple):
    """Where the clips of a shard lie: offsets and lengths in bytes, ``int64[N]`` each."""

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]


def clip_positions(read: ReadAt, metadata: Any) -> Positions | None:
    """Positions of all clips of an open shard.

    Args:
        read: parts of its file; called with growing offsets.
        metadata: its `pyarrow.parquet.FileMetaData`.

    Returns:
        None where the audio column is compressed, dictionary-encoded or has nulls.
    """
    column = audio_column(metadata)
    if column < 0:
        return None
    offsets: list[int] = []
    lengths: list[int] = []
    for group in range(metadata.num_row_groups):
        chunk = metadata.row_group(group).column(column)
        if chunk.compression != "UNCOMPRESSED" or chunk.has_dictionary_page:
            return None
        try:
            if not _walk_chunk(read, chunk, offsets, lengths):
                return None
        except (LookupError, TypeError, struct.error) as error:
            raise ValueError("a page header or a length in it is none") from error
    return Positions(np.array(offsets, np.int64), np.array(lengths, np.int64))


def audio_column(metadata: Any) -> int:
    """Number of the column that holds the encoded audio; -1 without one."""
    names = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    return names.index(AUDIO_COLUMN) if AUDIO_COLUMN in names else -1


def _walk_chunk(read: ReadAt, chunk: Any, offsets: list[int], lengths: list[int]) -> bool:
    place, end = chunk.data_page_offset, chunk.data_page_offset + chunk.total_compressed_size
    while place < end:
        header, size = _read_struct(read(place, HEADER_BYTES), 0)
        first = place + size
        page_end = first + header[3]
        if page_end <= place or page_end > end:
            raise ValueError("a page ends outside of its column")
        values = _values(read, header, first)
        if values is None or not _walk_page(read, values, page_end, offsets, lengths):
            return False
        place = page_end
    return True


def _values(read: ReadAt, header: dict[int, Any], first: int) -> tuple[int, int] | None:
    """(place of the first value, how many) of a data page; None where its values are not plain."""
    if header[1] == DATA_PAGE and header[5][2] == PLAIN:
        levels = LENGTH.unpack(read(first, LENGTH.size))[0]
        return first + LENGTH.size + levels, header[5][1]
    if header[1] == DATA_PAGE_V2 and header[8][4] == PLAIN:
        return first + header[8][5] + header[8][6], header[8][1]
    return None


def _walk_page(
    read: ReadAt, values: tuple[int, int], page_end: int, offsets: list[int], lengths: list[int]
) -> bool:
    """Hops over the values of a page; False when they do not fill it exactly (nulls)."""
    place, count = values
    for _ in range(count):
        if place + LENGTH.size > page_end:
            return False
        length = LENGTH.unpack(read(place, LENGTH.size))[0]
        offsets.append(place + LENGTH.size)
        lengths.append(length)
        place += LENGTH.size + length
    return place == page_end


def _read_struct(data: bytes, place: int) -> tuple[dict[int, Any], int]:
    """A Thrift struct in compact protocol: (values by field number, place behind it)."""
    fields: dict[int, Any] = {}
    number = 0
    while True:
        head = data[place]
        place += 1
        if head == 0:
            return fields, place
        if head >> 4:
            number += head >> 4
        else:
            number, place = _read_integer(data, place)
        fields[number], place = _read_value(data, place, head & 15)


def _read_value(data: bytes, place: int, kind: int) -> tuple[Any, int]:
    if kind in (1, 2):
        return kind == 1, place
    if kind in (4, 5, 6):
        return _read_integer(data, place)
    if kind == 8:
        length, place = _read_varint(data, place)
        return data[place : place + length], place + length
    if kind == 12:
        return _read_struct(data, place)
    raise ValueError(f"a page header has a field of kind {kind}")


def _read_integer(data: bytes, place: int) -> tuple[int, int]:
    value, place = _read_varint(data, place)
    return (value >> 1) ^ -(value & 1), place


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
