"""Whether an Ogg file was cut off or has holes.

No header tells how long it is, but every page has its length, its number and a checksum. Layout: RFC 3533.
"""

from __future__ import annotations

import os
import zlib
from functools import lru_cache
from typing import BinaryIO

from govor.audio.source import EncodedAudio

_CAPTURE = b"OggS\x00"
"""Every page begins so: its mark and the version."""
_HEADER_BYTES = 27
"""Of a page, without the lengths of its segments; the last byte is their number."""
_LONGEST_PAGE_BYTES = _HEADER_BYTES + 255 + 255 * 255
_SERIAL, _NUMBER, _CHECKSUM = slice(14, 18), slice(18, 22), slice(22, 26)
"""Bytes of the header: which stream a page is of, which page of it, and the checksum of the page."""
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ONES = 0xFFFFFFFF


def ends_within_a_page(source: EncodedAudio) -> bool:
    """Whether `source`, an Ogg file, ends before its last page does."""
    tail = source.read_at(max(0, source.size_bytes - _LONGEST_PAGE_BYTES), _LONGEST_PAGE_BYTES)
    place = tail.rfind(_CAPTURE)
    if place < 0:
        return False
    page = tail[place:]
    segments = page[_HEADER_BYTES - 1] if len(page) >= _HEADER_BYTES else 255
    lengths = page[_HEADER_BYTES : _HEADER_BYTES + segments]
    return len(lengths) < segments or len(page) < _HEADER_BYTES + segments + sum(lengths)


def has_holes(source: EncodedAudio) -> bool:
    """Whether a page before the end of `source`, an Ogg file, is damaged or missing."""
    if source.path is not None:
        return _file_has_holes(source.path, source.size_bytes, os.stat(source.path).st_mtime_ns)  # noqa: PTH116
    with source.open() as file:
        return _is_broken(file)


@lru_cache(maxsize=64)
def _file_has_holes(path: str, _size_bytes: int, _changed_ns: int) -> bool:
    """Read once: a long recording is opened for each of its utterances."""
    with open(path, "rb") as file:  # noqa: PTH123
        return _is_broken(file)


def _is_broken(file: BinaryIO) -> bool:
    following: dict[bytes, int] = {}
    while len(header := file.read(_HEADER_BYTES)) == _HEADER_BYTES:
        if header[: len(_CAPTURE)] != _CAPTURE:  # what no page follows on is a tag or padding
            return _CAPTURE in header + file.read(2 * _LONGEST_PAGE_BYTES)
        lengths = file.read(header[-1])
        body = file.read(sum(lengths))
        if len(body) < sum(lengths):
            return False
        number = int.from_bytes(header[_NUMBER], "little")
        if number != following.get(header[_SERIAL], number) or not _is_whole(header, lengths + body):
            return True
        following[header[_SERIAL]] = number + 1
    return False


def _is_whole(header: bytes, rest: bytes) -> bool:
    """Whether a page has its checksum.

    Ogg's is that of zlib with the bits of every byte and of the sum the other way round, not inverted.
    """
    page = header[: _CHECKSUM.start] + bytes(4) + header[_CHECKSUM.stop :] + rest
    found = zlib.crc32(page.translate(_REVERSED), _ONES) ^ _ONES
    return int(f"{found:032b}"[::-1], 2) == int.from_bytes(header[_CHECKSUM], "little")
