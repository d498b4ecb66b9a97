"""What was decided so far: the journal replayed, and what follows from it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field, replace

from govor.review.journal import JOINED, UNDO, VerdictEntry


@dataclass
class VerdictBook:
    """Verdicts that hold.

    Attributes:
        double: ids that two people judge.
        given: verdicts by id and reviewer, in the order in which they came.
        settled: verdicts that decided between two others, by id.
        acts: ids that each reviewer judged, latest last, and whether that settled.
        seconds: that each verdict of a reviewer took.
    """

    double: Container[str] = ()
    given: dict[str, dict[str, VerdictEntry]] = field(default_factory=dict)
    settled: dict[str, VerdictEntry] = field(default_factory=dict)
    acts: dict[str, list[VerdictEntry]] = field(default_factory=dict)

    @classmethod
    def replayed(cls, entries: Iterable[VerdictEntry], double: Container[str]) -> VerdictBook:
        """What a journal comes to."""
        book = cls(double)
        for entry in entries:
            book.note(entry)
        return book

    def note(self, entry: VerdictEntry) -> None:
        """Takes one entry in."""
        acts = self.acts.setdefault(entry.reviewer, [])
        if entry.verdict == UNDO:
            last = next((one for one in reversed(acts) if one.id == entry.id), None)
            if last is not None:
                acts.remove(last)
                self._forget(last)
            return
        if (before := self.by(entry.id, entry.reviewer)) and not entry.settles:
            self._forget(before)
            acts[:] = [one for one in acts if one is not before]
        acts.append(entry)
        if entry.settles:
            self.settled[entry.id] = entry
            return
        self.given.setdefault(entry.id, {})[entry.reviewer] = entry
        for name in entry.joined:
            joined = replace(entry, id=name, verdict=JOINED, pieces=(), joined=())
            self.given.setdefault(name, {})[entry.reviewer] = joined

    def _forget(self, entry: VerdictEntry) -> None:
        if entry.settles:
            self.settled.pop(entry.id, None)
            return
        for name in (entry.id, *entry.joined):
            self.given.get(name, {}).pop(entry.reviewer, None)

    def by(self, name: str, reviewer: str) -> VerdictEntry | None:
        """The verdict of one reviewer."""
        return self.given.get(name, {}).get(reviewer)

    def needed(self, name: str) -> int:
        """How many people judge an utterance."""
        return 2 if name in self.double else 1

    def is_done(self, name: str) -> bool:
        """Whether nobody needs to judge it any more."""
        return len(self.given.get(name, ())) >= self.needed(name)

    def pair(self, name: str) -> tuple[VerdictEntry, VerdictEntry] | None:
        """The first two verdicts about one, where there are two."""
        found = list(self.given.get(name, {}).values())
        return (found[0], found[1]) if len(found) > 1 else None

    def is_disputed(self, name: str) -> bool:
        """Whether two people say different things, and nothing has decided between them."""
        pair = self.pair(name)
        return pair is not None and name not in self.settled and not are_equal(*pair)

    def final(self, name: str) -> VerdictEntry | None:
        """What holds; None where nobody has judged, or people say different things."""
        if name in self.settled:
            return self.settled[name]
        found = list(self.given.get(name, {}).values())
        return found[0] if found and not self.is_disputed(name) else None

    def last_of(self, reviewer: str) -> VerdictEntry | None:
        """The verdict that an undo takes back."""
        acts = self.acts.get(reviewer)
        return acts[-1] if acts else None

    def judged(self) -> Sequence[str]:
        """Ids with a verdict, in the order in which they got their first."""
        return [name for name, found in self.given.items() if found]


def are_equal(one: VerdictEntry, other: VerdictEntry) -> bool:
    """Whether two verdicts come to the same: the same verdict, texts and stretches (within 0.05 s)."""
    if (one.verdict, one.joined, len(one.pieces)) != (other.verdict, other.joined, len(other.pieces)):
        return False
    return all(
        a.text.split() == b.text.split() and _near(a.start, b.start) and _near(a.end, b.end)
        for a, b in zip(one.pieces, other.pieces, strict=True)
    )


def _near(one: float | None, other: float | None, within_s: float = 0.05) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= within_s
