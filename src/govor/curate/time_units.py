"""Whether a table's times are seconds: by the lengths of recordings, else by the speed of speech."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from govor.curate.places import of_rows
from govor.findings import Finding

UNITS = (
    ("hundredths of a second", 100.0),
    ("milliseconds", 1_000.0),
    ("microseconds", 1e6),
    ("units of 100 ns", 1e7),
)
"""Units that annotation tools write, parts of a second, coarsest first; samples stand between them."""
BEYOND_SHARE, BEYOND_S = 1.5, 1.0
"""Ends so far behind the end of a recording (share of it, and seconds) are not rounding."""
FITS_SHARE, FITS_S = 1.02, 0.5
MOST = 0.5
"""Share of the rows that must be impossible in seconds; another unit must explain nearly all of these."""
NEARLY_ALL = 0.95
SLOWEST, FASTEST = 2.0, 60.0
"""Letters a second of speech (Chinese characters to hasty alphabets)."""
LEAST_TEXTS = 3

Times = NDArray[np.float64]


def time_unit_findings(
    last: Times, length: Times, sample_rate: Times, rate: Times, spans: NDArray[np.bool_]
) -> list[Finding]:
    """A finding where the times are of another unit than seconds, else none.

    Args:
        last: end of every utterance, or the stated duration, as the table has it ``[N]``, NaN where unknown.
        length: seconds of its recording, NaN where unknown ``[N]``.
        sample_rate: of its recording in Hz, NaN where unknown ``[N]``.
        rate: letters a second by the table's times, NaN where unknown ``[N]``.
        spans: utterances that state a beginning or an end ``[N]``.
    """
    known = ~np.isnan(last) & ~np.isnan(length)
    if known.any():
        return _by_length(last, length, sample_rate, known)
    return _by_speed(rate, spans)


def _by_length(last: Times, length: Times, sample_rate: Times, known: NDArray[np.bool_]) -> list[Finding]:
    with np.errstate(invalid="ignore"):
        beyond = known & (last > BEYOND_SHARE * length + BEYOND_S)
    if beyond.sum() < MOST * known.sum():
        return []
    rated = [*UNITS, ("samples", float(np.nanmedian(sample_rate[beyond])))]
    for name, part in sorted(rated, key=lambda unit: unit[1]):
        fits = beyond & (last / part <= FITS_SHARE * length + FITS_S)
        if fits.sum() >= NEARLY_ALL * beyond.sum():
            return of_rows("time_unit", fits, last, "{:,.0f}", f"they fit as {name}")
    return []


def _by_speed(rate: Times, spans: NDArray[np.bool_]) -> list[Finding]:
    """Without the recordings: speech that is a thousand times too slow is stated in milliseconds."""
    known = spans & np.isfinite(rate) & (rate > 0)
    slow = known & (1_000 * rate > SLOWEST) & (1_000 * rate < FASTEST)
    if slow.sum() < max(LEAST_TEXTS, MOST * known.sum()):
        return []
    return of_rows("time_unit", slow, -rate, "{:.4f} letters/s", "they would fit as milliseconds")
