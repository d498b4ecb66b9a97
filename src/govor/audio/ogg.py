"""Whether an Ogg file was cut off. No header tells how long it is, but every page tells where it ends.

Layout: RFC 3533.
"""

from __future__ import annotations

from govor.audio.source import EncodedAudio

_CAPTURE = b"OggS\x00"
"""Every page begins so: its mark and the version."""
_HEADER_BYTES = 27
"""Of a page, without the lengths of its segments; the last byte is their number."""
_LONGEST_PAGE_BYTES = _HEADER_BYTES + 255 + 255 * 255


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
