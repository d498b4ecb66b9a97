"""A second transcript as an older recogniser would have heard it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_DULL = str.maketrans({"č": "c", "ć": "c", "ž": "z", "š": "s", "đ": "d"})


def misheard(words: Sequence[str], rng: np.random.Generator, badly: bool = False) -> list[str]:
    """`words` with a recogniser's slips; `badly`: mostly another sentence, as where an alignment failed."""
    if badly:
        return [word[::-1] for word in words[: max(1, len(words) // 2)]]
    return [heard for word in words if (heard := _slip(word, rng))]


def _slip(word: str, rng: np.random.Generator) -> str:
    chance = rng.random()
    if chance < 0.02 and len(word) < 4:
        return ""
    if chance < 0.06:
        return word.translate(_DULL)
    if chance < 0.09 and len(word) > 3:
        place = int(rng.integers(1, len(word) - 1))
        return word[:place] + word[place + 1 :]
    return word
