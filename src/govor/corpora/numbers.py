"""Numbers as files write them, fewer than Python takes: no ``1_0``, ``nan`` or other digits."""

from __future__ import annotations

import math
import re

MOST_CHARACTERS = 64
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)


def number(text: str | None) -> float | None:
    """The finite number that a text is, or None where it is none."""
    stripped = (text or "").strip()
    if len(stripped) > MOST_CHARACTERS or not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped)
    return value if math.isfinite(value) else None
