"""Who looks at what: each reviewer gets utterances that nobody else has before them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from govor.review.verdict_book import VerdictBook

AT_ONCE = 2
"""Utterances that a reviewer has: one on the screen, and one that is made ready."""
LEASE_S = 1800.0
"""Of a reviewer who is not heard of for so long, others get what was before them."""


@dataclass
class Assignments:
    """The order, and who has what.

    Attributes:
        order: ids, most worth first.
        book: what was decided so far.
        clock: seconds.
        held: ids that each reviewer has, the one on the screen first.
        heard: when each reviewer was last heard of.
    """

    order: Sequence[str]
    book: VerdictBook
    clock: Callable[[], float] = time.monotonic
    held: dict[str, list[str]] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    _from: dict[str, int] = field(default_factory=dict)

    def of(self, reviewer: str) -> list[str]:
        """What a reviewer has before them, at most `AT_ONCE`; they are heard of with it."""
        self.heard[reviewer] = self.clock()
        self._release()
        mine = [name for name in self.held.get(reviewer, ()) if self._is_open(name, reviewer)][:AT_ONCE]
        self.held[reviewer] = mine
        place = self._first_open(reviewer)
        while len(mine) < AT_ONCE and place < len(self.order):
            name = self.order[place]
            if name not in mine and self._is_open(name, reviewer):
                mine.append(name)
            place += 1
        return mine

    def holders(self, name: str, but: str) -> list[str]:
        """Others who have an utterance before them."""
        return [one for one, names in self.held.items() if one != but and name in names]

    def put_back(self, reviewer: str, name: str) -> None:
        """An utterance is before its reviewer again."""
        self.held[reviewer] = [name, *(one for one in self.held.get(reviewer, ()) if one != name)]
        self._from.clear()

    def _release(self) -> None:
        now = self.clock()
        for reviewer in [one for one, at in self.heard.items() if now - at > LEASE_S]:
            self.held.pop(reviewer, None)

    def _is_open(self, name: str, reviewer: str) -> bool:
        given = self.book.given.get(name, {})
        if reviewer in given:
            return False
        waiting = sum(one not in given for one in self.holders(name, reviewer))
        return len(given) + waiting < self.book.needed(name)

    def _first_open(self, reviewer: str) -> int:
        """Place before which nothing is left for a reviewer; it only moves on, except for `put_back`."""
        place = self._from.get(reviewer, 0)
        while place < len(self.order) and self._is_past(self.order[place], reviewer):
            place += 1
        self._from[reviewer] = place
        return place

    def _is_past(self, name: str, reviewer: str) -> bool:
        return self.book.is_done(name) or self.book.by(name, reviewer) is not None
