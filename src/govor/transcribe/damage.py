"""A damaged recording is heard up to where it can no longer be decoded; that one was cut off is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from govor.errors import AudioError


class UpToDamage:
    """Blocks of a recording; damage behind the first ends them.

    Args:
        blocks: mono float32, as they are decoded.
        missing: says what is missing behind so many samples, where no damage ended them; None: nothing.

    Attributes:
        damage: why they ended early, or None; known when all have come.
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

    blocks = mono_blocks(source, sample_rate=sample_rate, channel=channel, start=start, end=end)
    if end is not None:
        return UpToDamage(blocks)
    return UpToDamage(blocks, lambda samples: cut_short(source, (start or 0.0) + samples / sample_rate))


def cut_short(source: Path | bytes, heard_s: float) -> str | None:
    """That a recording was cut off, by what its header says; None where it was not."""
    from govor.audio import probe
    from govor.audio.facts import missing_end

    try:
        facts = probe(source)
    except AudioError:
        return None
    name = "the recording" if isinstance(source, bytes) else str(source)
    missing = missing_end(heard_s, facts.declared_s, facts.cut_off)
    return missing and f"{name}: it was cut off: {missing}"
