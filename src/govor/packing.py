"""Batches under a budget of computed seconds: the one planner that training, decoding and serving share.

Pure: it sees lengths, never audio. The order of the items is kept; who wants little padding sorts them first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import TypeVar

Item = TypeVar("Item")

UNLIMITED = 1 << 62


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds that a model computes for a batch.

    Attributes:
        least_s: for a clip at least, however short it is: a fixed encoder window.
        beside_s: for each clip beside the longest of its batch.
        most_s: for a clip at most.
    """

    least_s: float = 0.0
    beside_s: float = 0.0
    most_s: float = math.inf

    def of(self, longest_s: float, clips: int) -> float:
        """Of a batch with so many clips, padded to the longest."""
        return clips * min(max(longest_s + self.beside_s, self.least_s), self.most_s)


PADDED = Cost()
"""Of models that compute what a batch is padded to."""


def pack(
    items: Iterable[Item],
    seconds: Callable[[Item], float],
    budget_s: float,
    cost: Cost = PADDED,
    *,
    most: int | Iterable[int] = UNLIMITED,
    padding: float = math.inf,
) -> Iterator[list[Item]]:
    """Items in batches, in their order; each batch takes items until the next one would not fit.

    Args:
        items: may be endless; no more is read than the batch needs.
        seconds: length of an item.
        budget_s: computed seconds of a batch; an item that costs more stands alone.
        cost: what a batch costs.
        most: items in a batch; or of each batch in turn.
        padding: how often a batch of more than two may compute the seconds that it holds.
    """
    limits = iter(repeat(most) if isinstance(most, int) else most)
    batch: list[Item] = []
    longest_s = total_s = 0.0
    limit = next(limits)
    for item in items:
        item_s = seconds(item)
        longer_s, count = max(longest_s, item_s), len(batch) + 1
        wasteful = count > 2 and longer_s * count > padding * (total_s + item_s)
        if batch and (count > limit or cost.of(longer_s, count) > budget_s or wasteful):
            yield batch
            batch, longest_s, total_s, limit = [], 0.0, 0.0, next(limits)
        batch.append(item)
        longest_s, total_s = max(longest_s, item_s), total_s + item_s
    if batch:
        yield batch
