"""An n-gram model in sorted arrays: 20 bytes an n-gram, whatever the order.

An n-gram is a row. Its key is (row of all its words but the last, last word), so a look-up walks through the
orders with one binary search each. Rows of order 1 are word ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

UNKNOWN, START, END = "<unk>", "<s>", "</s>"
LN_10 = float(np.log(10.0))
NEVER = -99.0
"""log10 of what is never predicted, as ARPA files write it."""
CACHED_SCORES = 1_000_000

State = tuple[int, ...]


@dataclass(frozen=True)
class Order:
    """All n-grams of one length, sorted by key.

    Attributes:
        keys: ``prefix * V + word`` ``[N]``; for order 1 the word ids themselves.
        log10_p: ``[N]``.
        log10_backoff: ``[N]``, 0 where an n-gram is not a context.
    """

    keys: NDArray[np.int64]
    log10_p: NDArray[np.float64]
    log10_backoff: NDArray[np.float64]

    def row(self, key: int) -> int:
        """Row of a key, or -1."""
        place = int(self.keys.searchsorted(key))
        return place if place < len(self.keys) and self.keys[place] == key else -1


class NgramModel:
    """Probabilities of words after words.

    Args:
        words: V words, their index is the id; holds ``<unk>``, ``<s>`` and ``</s>``.
        orders: order 1 first.
    """

    def __init__(self, words: list[str], orders: list[Order]) -> None:
        self.words, self.orders = words, orders
        self._scores: dict[tuple[State, int], tuple[float, State]] = {}

    @cached_property
    def ids(self) -> dict[str, int]:
        """Id of every word."""
        return {word: index for index, word in enumerate(self.words)}

    @property
    def order(self) -> int:
        """Words of the longest n-gram."""
        return len(self.orders)

    @cached_property
    def unknown(self) -> int:
        """Id of ``<unk>``."""
        return self.ids[UNKNOWN]

    def id_of(self, word: str) -> int:
        """Id of a word, or of ``<unk>``."""
        return self.ids.get(word, self.unknown)

    def start(self) -> State:
        """The state at the beginning of a sentence."""
        return (self.ids[START],) if self.order > 1 else ()

    def row(self, ids: State) -> int:
        """Row of an n-gram in its order, or -1."""
        row = ids[0]
        for place, word in enumerate(ids[1:], 1):
            row = self.orders[place].row(row * len(self.words) + word)
            if row < 0:
                return -1
        return row

    def step(self, state: State, word: int) -> tuple[float, State]:
        """ln p(word | state) and the state behind the word."""
        known = self._scores.get((state, word))
        if known is None:
            if len(self._scores) >= CACHED_SCORES:
                self._scores.clear()
            known = self._scores[state, word] = self._step(state, word)
        return known

    def _step(self, state: State, word: int) -> tuple[float, State]:
        backoff, context = 0.0, state
        while True:
            row = self.row((*context, word))
            if row >= 0:
                log10_p = float(self.orders[len(context)].log10_p[row])
                return (log10_p + backoff) * LN_10, self._shortened((*context, word))
            if not context:
                raise KeyError(word)
            at = self.row(context)
            backoff += float(self.orders[len(context) - 1].log10_backoff[at]) if at >= 0 else 0.0
            context = context[1:]

    def _shortened(self, ids: State) -> State:
        """The longest end of `ids` that can be a context."""
        return ids[-(self.order - 1) :] if self.order > 1 else ()

    def finish(self, state: State) -> float:
        """ln p(end of sentence | state)."""
        return self.step(state, self.ids[END])[0]

    def score(self, sentence: str) -> float:
        """ln p of a whole sentence, its end included."""
        state, total = self.start(), 0.0
        for word in sentence.split():
            ln_p, state = self.step(state, self.id_of(word))
            total += ln_p
        return total + self.finish(state)
