"""Intervals, odd names and times of subtitles, written for people in one way everywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

NAME_BYTES = range(0xDC80, 0xDD00)
"""Halves of characters that stand for bytes of file names which are no UTF-8; all others are damage."""
_HALF = re.compile("[\ud800-\udfff]")
NOUNS = {"utterance": "utterances", "speaker": "speakers", "recording": "recordings"}


def has_interval(rate: Mapping[str, object]) -> bool:
    """Whether both ends are known; files of earlier versions may hold one of them alone."""
    return rate.get("low") is not None and rate.get("high") is not None


def interval_text(
    rate: Mapping[str, object],
    groups: Mapping[str, object] | None = None,
    *,
    scale: float = 100.0,
    digits: int = 2,
    signed: bool = False,
    unit: str = "",
    between: str = " to ",
) -> str:
    """The ends of an interval: ``12.10 to 15.30``, or why there are none.

    Args:
        rate: with ``low`` and ``high``, as `govor.records.Interval` writes them.
        groups: what it resamples (``unit``, ``count``), where known.
        scale: by which the ends are multiplied: 100 for percent and points.
        digits: behind the point.
        signed: with ``+`` above zero, for differences.
        unit: written behind the upper end, such as ``%``.
        between: what stands between the ends.
    """
    if not has_interval(rate):
        return without_interval(groups)
    sign = "+" if signed else ""
    low, high = (f"{scale * _number(rate[key]):{sign}.{digits}f}" for key in ("low", "high"))
    return f"{low}{between}{high}{unit}"


def without_interval(groups: Mapping[str, object] | None = None) -> str:
    """Why there is no interval: ``no interval (1 speaker)``."""
    if groups is None:
        return "no interval"
    count, unit = groups["count"], str(groups["unit"])
    if count not in (0, 1):
        return "no interval (no reference words)"
    return f"no interval ({count} {unit if count == 1 else NOUNS.get(unit, unit + 's')})"


def _number(end: object) -> float:
    return float(end) if isinstance(end, (int, float)) else math.nan


def shortened(text: str, most: int) -> str:
    """`text` in at most so many characters, the last of them ``…`` where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def first_line(error: BaseException, most: int = 200) -> str:
    """The beginning of an error's text; the name of its class where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:most]


def with_class(error: BaseException) -> str:
    """The same behind the name of its class."""
    return f"{type(error).__name__}: {first_line(error)}"


def readable(text: object) -> str:
    """Text that every file and terminal takes: bytes of names that are not UTF-8 as ``\\xe9``."""
    return _HALF.sub(_written_out, str(text))


def _written_out(half: re.Match[str]) -> str:
    """A byte of a name (Python keeps it as half a character of UTF-16), or a half that is damage."""
    number = ord(half[0])
    return f"\\x{number - 0xDC00:02x}" if number in NAME_BYTES else f"\\u{number:x}"


def subtitle_clock(time_ms: int, mark: str) -> str:
    """``hh:mm:ss`` and milliseconds behind `mark`."""
    seconds, rest_ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}{rest_ms:03d}"
