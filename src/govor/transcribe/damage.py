"""A damaged recording is heard up to where it can no longer be decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from govor.errors import AudioError


class UpToDamage:
    """Blocks of a recording; damage behind the first ends them.

    Args:
        blocks: mono float32, as they are decoded.

    Attributes:
        damage: why they ended early, or None; known when all have come.
        samples: that came so far.
    """

    def __init__(self, blocks: Iterable[NDArray[np.float32]]) -> None:
        self._blocks = blocks
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
