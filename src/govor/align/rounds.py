"""Two rounds of one alignment: what the first left open is heard by a model trained on what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from govor.align.heard import HeardWord
from govor.align.hearing import Hearing, Hearings
from govor.align.outcome import Outcome, PlacedShare, PlacedUtterance, Unplaced, Untranscribed

SECOND_ROUND = "refine"
"""Folder of the second round, in the corpus folder."""
Spans = NDArray[np.float64]
"""Beginnings and ends ``[N, 2]``, seconds."""
NO_SPANS: Spans = np.empty((0, 2))
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
    spans = np.array(sorted((one.start, one.end) for one in bare), np.float64).reshape(-1, 2)
    words = [
        word for word, inside in zip(first.words, _inside(first.words, spans), strict=True) if not inside
    ]
    words += [word for word, inside in zip(second.words, _inside(second.words, spans), strict=True) if inside]
    return replace(first, words=tuple(sorted(words, key=lambda word: (word.start, word.end))))


def _inside(words: Sequence[HeardWord], spans: Spans) -> list[bool]:
    """Whether the middle of each word lies in one of some spans, which follow each other."""
    middles = np.array([(word.start + word.end) / 2 for word in words], np.float64)
    before = np.searchsorted(spans[:, 0], middles, "right") - 1
    ends = np.append(spans[:, 1], -np.inf)  # nothing lies in the span before the first
    found: list[bool] = (middles <= ends[before]).tolist()
    return found


@dataclass(frozen=True)
class _FirstRound:
    """Where the first round placed something: its utterances by recording, and by line of a text."""

    by_audio: Mapping[str, Spans]
    by_line: Mapping[tuple[str, int], Sequence[PlacedUtterance]]

    @classmethod
    def of(cls, utterances: Sequence[PlacedUtterance]) -> _FirstRound:
        by_audio: dict[str, list[tuple[float, float]]] = {}
        by_line: dict[tuple[str, int], list[PlacedUtterance]] = {}
        for one in utterances:
            by_audio.setdefault(one.audio, []).append((one.start, one.end))
            by_line.setdefault((one.source, one.line), []).append(one)
        return cls({audio: np.array(spans) for audio, spans in by_audio.items()}, by_line)

    def time(self, one: PlacedUtterance | Untranscribed) -> bool:
        """Whether most of a stretch is taken."""
        starts, ends = self.by_audio.get(one.audio, NO_SPANS).T
        shared = np.clip(np.minimum(ends, one.end) - np.maximum(starts, one.start), 0, None).sum()
        return bool(shared >= SAME * (one.end - one.start))

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
