"""A damaged recording is heard up to where it can no longer be decoded; holes and a missing end are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.errors import AudioError
from govor.transcribe.window import Region

MOST_SHOWN = 5


class UpToDamage:
    """Blocks of a recording; damage behind the first ends them.

    Args:
        blocks: mono float32, as they are decoded.
        missing: says what is missing of so many samples or behind them, where no damage ended them; None:
            nothing.

    Attributes:
        damage: why they ended early, or where they have holes, or None; known when all have come.
        samples: that came so far.
    """

    def __init__(
        self, blocks: Iterable[NDArray[np.float32]], missing: Callable[[int], str | None] | None = None
    ) -> None:
        self._blocks, self._missing = blocks, missing
        self.damage: str | None = None
        self.samples = 0

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        try:
            for block in self._blocks:
                self.samples += len(block)
                yield block
        except AudioError as error:
            if error.code != "corrupt" or not self.samples:
                raise
            self.damage = str(error)
        else:
            self.damage = self._missing(self.samples) if self._missing else None


def readable_blocks(
    source: Path | bytes,
    sample_rate: int,
    channel: int | None = None,
    start: float | None = None,
    end: float | None = None,
) -> UpToDamage:
    """Mono blocks of a recording, as far as it can be decoded; arguments as in `govor.audio.mono_blocks`."""
    from govor.audio import mono_blocks

    holes: list[Region] = []
    blocks = mono_blocks(
        source,
        sample_rate=sample_rate,
        channel=channel,
        start=start,
        end=end,
        upright=True,
        on_hole=lambda begun, ended: holes.append((begun, ended)),
    )

    def missing(samples: int) -> str | None:
        last = (start or 0.0) + samples / sample_rate
        heard = [hole for hole in holes if hole[0] < last and hole[1] > (start or 0.0)]
        return holes_in_words(source, heard) or (None if end is not None else cut_short(source, last))

    return UpToDamage(blocks, missing)


def holes_in_words(source: Path | bytes, holes: Sequence[Region]) -> str | None:
    """That silence stands for parts of a recording, with their seconds; None without any."""
    if not holes:
        return None
    shown = [f"{start:.2f}-{end:.2f} s" for start, end in holes[:MOST_SHOWN]]
    more = f" and {len(holes) - MOST_SHOWN} more times" if len(holes) > MOST_SHOWN else ""
    return f"{_name(source)}: it is damaged or has no sound at {', '.join(shown)}{more}, where silence stands"


def cut_short(source: Path | bytes, heard_s: float) -> str | None:
    """That a recording was cut off, by what its header says; None where it was not."""
    from govor.audio import probe
    from govor.audio.facts import missing_end

    try:
        facts = probe(source)
    except AudioError:
        return None
    missing = missing_end(heard_s, facts.declared_s, facts.cut_off)
    return missing and f"{_name(source)}: it was cut off: {missing}"


def _name(source: Path | bytes) -> str:
    return "the recording" if isinstance(source, bytes) else str(source)
