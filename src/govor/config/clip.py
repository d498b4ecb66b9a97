"""``10:00-12:30``: a stretch of a recording."""

from __future__ import annotations

import re

_TIME = r"(?:(?:(\d{1,4}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{1,6})?)"
_CLIP = re.compile(rf"\s*{_TIME}\s*-\s*(?:{_TIME})?\s*", re.ASCII)


def clip_of(text: str) -> tuple[float, float | None]:
    """Begin and end in seconds; None: the recording's end.

    Raises:
        ValueError: it is not a stretch of time.
    """
    found = _CLIP.fullmatch(text)
    if found is None:
        raise ValueError(f"clip is {text!r}: write START-END, such as 10:00-12:30, 90-150.5 or 1:02:00-")
    start, end = _seconds(found.groups()[:3]), _seconds(found.groups()[3:])
    if end is not None and end <= (start or 0.0):
        raise ValueError(f"clip is {text!r}: it must end after it begins")
    return start or 0.0, end


def _seconds(parts: tuple[str | None, ...]) -> float | None:
    hours, minutes, seconds = parts
    if seconds is None:
        return None
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + float(seconds)
