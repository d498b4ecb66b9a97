"""A stretch of a recording that is recognised at once, from which long pauses may be left out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from govor.models.base import EDGE_S

Samples = NDArray[np.float32]
Region = tuple[float, float]


@dataclass(frozen=True)
class Window:
    """Samples that are recognised together.

    Attributes:
        start: seconds from the beginning of the recording.
        samples: mono ``[T]``, float32, without the gaps.
        sample_rate: in Hz.
        speech: seconds in the recording between which something is to be heard.
        overlaps: it begins before the end of the window that came before it.
        overlapped: the window that follows may begin before its end.
        regions: seconds in the recording between which somebody speaks without a pause.
        voiced_s: seconds in which a neural detector is sure of speech; None where there is no such detector.
        whole: it is all of the recording, to be heard as a clip of a data set is.
        gaps: seconds in the recording between which nobody speaks, and whose samples were left out.
    """

    start: float
    samples: Samples
    sample_rate: int
    speech: tuple[float, float]
    overlaps: bool = False
    overlapped: bool = False
    regions: tuple[Region, ...] = ()
    voiced_s: float | None = None
    whole: bool = False
    gaps: tuple[Region, ...] = ()

    @property
    def heard_s(self) -> float:
        """Seconds of its sound, without gaps."""
        return len(self.samples) / self.sample_rate

    @property
    def duration(self) -> float:
        """Seconds of the recording from its start to its end."""
        return self.heard_s + sum(end - start for start, end in self.gaps)

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording."""
        return self.start + self.duration

    @property
    def joints(self) -> tuple[float, ...]:
        """Seconds in its sound at which the gaps were left out."""
        upto = accumulate(end - start for start, end in self.gaps)
        return tuple(end - self.start - left_out for (_, end), left_out in zip(self.gaps, upto, strict=True))

    def begin_at(self, heard_s: float) -> float:
        """Where in the recording what begins so far into the sound begins, from the window's start."""
        placed = heard_s
        for start, end in self.gaps:
            if placed < start - self.start - EDGE_S:
                break
            placed = max(placed, start - self.start) + end - start
        return placed

    def end_at(self, heard_s: float) -> float:
        """The same of what ends there."""
        placed = heard_s
        for start, end in self.gaps:
            if placed <= start - self.start + EDGE_S:
                return min(placed, start - self.start)
            placed += end - start
        return placed

    def part(self, start_s: float, end_s: float) -> Window:
        """The window of a stretch of this one, given in the recording's seconds."""
        first = max(0, self._sample_at(start_s))
        samples = self.samples[first : max(first + 1, self._sample_at(end_s))]
        gaps = tuple((a, b) for a, b in self.gaps if a > start_s and b < end_s)
        regions = tuple(
            (max(a, start_s), min(b, end_s)) for a, b in self.regions if a < end_s and b > start_s
        )
        speech = (regions[0][0], regions[-1][1]) if regions else (start_s, end_s)
        before_s = sum(b - a for a, b in self.gaps if a <= start_s)
        return Window(
            self.start + before_s + first / self.sample_rate,
            samples,
            self.sample_rate,
            speech,
            regions=regions,
            voiced_s=None if self.voiced_s is None else min(self.voiced_s, sum(b - a for a, b in regions)),
            gaps=gaps,
        )

    def _sample_at(self, seconds: float) -> int:
        """Index in `samples` of a time in the recording; of a gap's, that of what follows it."""
        left_out = sum(min(seconds, end) - start for start, end in self.gaps if start < seconds)
        return round((seconds - self.start - left_out) * self.sample_rate)
