"""The language of every window, smoothed along a recording.

One odd window, or languages that a model confuses, change nothing: another language has to be sure over ten
seconds of speech. Windows wait until it is known whether a change holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")

CHANGE_S = 10.0
"""Speech that has to be in another language."""
LEAST_SHARE = 0.6
TIMES_LIKELIER = 3.0
"""What makes a window sure of another language: its probability, and that over the present one's."""


@dataclass(frozen=True)
class Vote(Generic[Item]):
    """What was detected in a window.

    Attributes:
        item: what stands for the window.
        shares: languages with probabilities, the likeliest first.
        seconds: of speech.
    """

    item: Item
    shares: Sequence[tuple[str, float]]
    seconds: float

    def favours(self, present: str) -> str | None:
        """Another language that it is sure of; the present one where that is likeliest; else None."""
        if not self.shares:
            return None
        best, share = self.shares[0]
        if best == present:
            return present
        sure = share >= LEAST_SHARE and share >= TIMES_LIKELIER * dict(self.shares).get(present, 0.0)
        return best if sure else None


class LanguageStretches(Generic[Item]):
    """Takes votes in order of time, and gives items with their languages as soon as these are certain.

    Attributes:
        present: the language of what was decided last; None before the first.
    """

    def __init__(self) -> None:
        self.present: str | None = None
        self._waiting: list[Vote[Item]] = []
        self._other: str | None = None
        self._sure_s = 0.0

    def add(self, vote: Vote[Item]) -> Iterator[tuple[Item, str | None]]:
        """What is certain once `vote` is known."""
        if self.present is None:
            self._wait(vote, vote.seconds)
            if self._sure_s >= CHANGE_S:
                yield from self._release(likeliest(self._waiting))
            return
        favoured = vote.favours(self.present)
        if favoured not in (None, self._other):  # what waits for a change was none
            yield from self._release(self.present)
        self._wait(vote, vote.seconds if favoured else 0.0)
        if favoured == self.present or (favoured is None and self._other is None):
            yield from self._release(self.present)
        elif favoured is not None:
            self._other = favoured
            if self._sure_s >= CHANGE_S:
                yield from self._release(favoured)

    def finish(self) -> Iterator[tuple[Item, str | None]]:
        """What still waits, in the present language."""
        yield from self._release(self.present or likeliest(self._waiting))

    def _wait(self, vote: Vote[Item], sure_s: float) -> None:
        self._waiting.append(vote)
        self._sure_s += sure_s

    def _release(self, language: str | None) -> Iterator[tuple[Item, str | None]]:
        waiting, self._waiting, self._other, self._sure_s = self._waiting, [], None, 0.0
        self.present = language
        yield from ((vote.item, language) for vote in waiting)


def likeliest(votes: Iterable[Vote[Any]]) -> str | None:
    """The language of most of the speech, weighted by how likely it is."""
    sums: dict[str, float] = {}
    for vote in votes:
        for language, share in vote.shares:
            sums[language] = sums.get(language, 0.0) + share * vote.seconds
    return max(sums, key=sums.__getitem__, default=None)
