"""Two rounds of one alignment: what the first left open is heard by a model trained on what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from govor.align.heard import HeardWord
from govor.align.hearing import Hearing, Hearings
from govor.align.outcome import Outcome, PlacedShare, PlacedUtterance, Unplaced, Untranscribed

SECOND_ROUND = "refine"
"""Folder of the second round, in the corpus folder."""
SAME = 0.5
"""A stretch is taken where utterances cover this share of it."""


def mixed(first: Hearings, second: Hearings, outcomes: Sequence[Outcome]) -> Hearings:
    """What the first model heard where text was placed, and what the second heard where none was.

    Args:
        first: of all recordings.
        second: of those that have speech without a text.
        outcomes: of the first round.
    """
    bare: dict[str, list[Untranscribed]] = {}
    for outcome in outcomes:
        for stretch in outcome.untranscribed:
            bare.setdefault(stretch.audio, []).append(stretch)
    heard = {
        name: _mixed(one, second.heard[name], bare.get(name, ())) if name in second.heard else one
        for name, one in first.heard.items()
    }
    return replace(first, heard=heard)


def _mixed(first: Hearing, second: Hearing, bare: Sequence[Untranscribed]) -> Hearing:
    def inside(word: HeardWord) -> bool:
        middle = (word.start + word.end) / 2
        return any(stretch.start <= middle <= stretch.end for stretch in bare)

    words = [word for word in first.words if not inside(word)]
    words += [word for word in second.words if inside(word)]
    return replace(first, words=tuple(sorted(words, key=lambda word: (word.start, word.end))))


@dataclass(frozen=True)
class _FirstRound:
    """Where the first round placed something: its utterances by recording, and by line of a text."""

    by_audio: Mapping[str, Sequence[PlacedUtterance]]
    by_line: Mapping[tuple[str, int], Sequence[PlacedUtterance]]

    @classmethod
    def of(cls, utterances: Sequence[PlacedUtterance]) -> _FirstRound:
        by_audio: dict[str, list[PlacedUtterance]] = {}
        by_line: dict[tuple[str, int], list[PlacedUtterance]] = {}
        for one in utterances:
            by_audio.setdefault(one.audio, []).append(one)
            by_line.setdefault((one.source, one.line), []).append(one)
        return cls(by_audio, by_line)

    def time(self, one: PlacedUtterance | Untranscribed) -> bool:
        """Whether most of a stretch is taken."""
        others = self.by_audio.get(one.audio, ())
        shared = sum(max(0.0, min(one.end, o.end) - max(one.start, o.start)) for o in others)
        return shared >= SAME * (one.end - one.start)

    def text(self, one: PlacedUtterance | Unplaced) -> bool:
        """Whether the words of a line are taken."""
        return any(one.text in other.text for other in self.by_line.get((one.source, one.line), ()))


def joined_rounds(first: Outcome, second: Outcome) -> Outcome:
    """What the first round placed, and what only the second did."""
    taken = _FirstRound.of(first.utterances)
    new = [one for one in second.utterances if not taken.text(one) and not taken.time(one)]
    utterances = (*first.utterances, *new)
    return replace(
        second,
        utterances=tuple(sorted(utterances, key=lambda one: (one.source, one.line, one.start))),
        unplaced=tuple(one for one in second.unplaced if not taken.text(one)),
        untranscribed=tuple(one for one in second.untranscribed if not taken.time(one)),
        recordings=tuple(map(_better, first.recordings, second.recordings)),
        texts=tuple(map(_better, first.texts, second.texts)),
    )


def _better(first: PlacedShare, second: PlacedShare) -> PlacedShare:
    """The part of the round that placed more of it."""
    return max(first, second, key=lambda part: part.share)
