"""Sentences that what was heard does not show are looked for in the sound between their neighbours.

A weak model writes too few right letters for a match, but its frames still prefer the words that are said to
others: forced along a sentence that is there they lose far less than along one that is not. Only the frames
between two sentences that stand are asked, and everything in them may also be something else.

Shapes: F frames, V tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from rapidfuzz.distance import Levenshtein

from govor.align.heard import Clock
from govor.align.joined_frames import JoinedFrames, frames_between
from govor.align.placing import Piece, has_usual_pace
from govor.align.planning import GroupPlan
from govor.align.refining import FixedPiece, Spell, mean_log_probability, timed
from govor.align.spelling import ModelSpelling, learned
from govor.align.text_side import bare
from govor.models.base import AskedWord, Placing
from govor.records import PlacedWord
from govor.transcribe.kept_frames import KeptFrames, Scores

LEAST_LETTERS = 7
"""Of a sentence that is looked for."""
SHORT_COST = 4.0
"""Nats that all letters together must be above the limit: a few letters fit somewhere by chance."""
CHANCE_MARGIN = 2.0
"""Nats of a letter by which a sentence must be likelier than its letters from behind."""
FOREIGN_MARGIN, FOREIGN_LIMIT = 1.0, 0.5
"""The same, and the share of the limit for ln p, where all that a model of another language may write for a
letter is weighed: 1 in 100 wrong sentences is above half of the limit (a Croatian model; Welsh, Swedish,
Spanish, Slovenian), as many as are above the whole limit with letters alone."""
MOST_ERRORS = 0.9
"""Character error rate of what was heard; with more it was something else, or far more than the sentence."""
AROUND_S = 0.3
"""Heard on both sides of it."""
LONGEST_S = 90.0
"""Sound that is looked through for a run of sentences."""
EARLY_S = 0.05
"""Letters that begin so much before a sentence are still of it."""
MOST_LETTERS = 2.0
"""Times as many as are usually said in so much sound."""


@dataclass(frozen=True)
class Look:
    """What looks for sentences, and what counts as found.

    Attributes:
        planned: all of the group.
        model: scored the frames.
        spell: a word as the model writes it.
        strange: the model does not write what is said.
        foreign: it is of another language: all that it may write for a letter is weighed.
        least: smallest mean ln p of a sentence's letters.
    """

    planned: GroupPlan
    model: Placing
    spell: Spell
    strange: bool
    foreign: bool
    least: float

    def placed(self, parts: Sequence[tuple[Scores, Sequence[AskedWord]]]) -> list[list[PlacedWord | None]]:
        """The places of words in frames."""
        return self.model.place_in(parts, self.strange)

    def spelt(self, unit: int) -> list[AskedWord]:
        """The words of a sentence as the model writes them."""
        return [self.spell(word) for word in _words(unit, self.planned)]


@dataclass(frozen=True)
class OpenStretch:
    """Sound between two sentences that stand, and the sentences that the text has there.

    Attributes:
        recording: number of the recording.
        start: seconds.
        end: seconds.
        units: numbers of the sentences, ascending.
    """

    recording: int
    start: float
    end: float
    units: tuple[int, ...]


def stretches(planned: GroupPlan, stand: Sequence[Piece], ends: Sequence[float]) -> list[OpenStretch]:
    """Where sentences without a place could be.

    Args:
        planned: all of the group.
        stand: pieces that have a place.
        ends: length of each recording, seconds.
    """
    units, sources = planned.side.units, planned.side.sources
    by_unit: dict[int, list[Piece]] = {}
    for piece in stand:
        by_unit.setdefault(piece.unit, []).append(piece)
    found = []
    for (placed, source), run in groupby(
        range(len(units)), key=lambda unit: (unit in by_unit, sources[unit])
    ):
        numbers = tuple(run)
        edges = numbers[0] - 1, numbers[-1] + 1
        before, after = (
            by_unit.get(n) if 0 <= n < len(units) and sources[n] == source else None for n in edges
        )
        if not placed and (space := _space(before, after, ends)) is not None:
            found.append(OpenStretch(*space, numbers))
    return found


def _space(
    before: Sequence[Piece] | None, after: Sequence[Piece] | None, ends: Sequence[float]
) -> tuple[int, float, float] | None:
    """The recording and the seconds between two neighbours; at an edge of a text to that of the recording."""
    if before is None and after is None:
        return None
    recording = (before or after or [])[0].recording
    start = max(piece.end for piece in before) if before else 0.0
    end = min(piece.start for piece in after) if after else ends[recording]
    start = start if before else max(0.0, end - LONGEST_S)
    end = end if after else min(end, start + LONGEST_S)
    same = {piece.recording for piece in (*(before or ()), *(after or ()))} == {recording}
    return (recording, start, end) if same and 0 < end - start <= LONGEST_S else None


def looked_for(stretch: OpenStretch, frames: JoinedFrames, look: Look) -> list[FixedPiece]:
    """Those sentences of a stretch that are there.

    Args:
        stretch: the sentences.
        frames: the sound.
        look: how they are looked for.
    """
    units = _that_fit(stretch, look.planned)
    found = _together(units, stretch, frames, look)
    return _alone(units, stretch, frames, look) if not found and len(units) > 1 else found


def _together(
    units: Sequence[int], stretch: OpenStretch, frames: JoinedFrames, look: Look
) -> list[FixedPiece]:
    """As many of some sentences as are there, one after the other."""
    while words := [word for unit in units for word in _words(unit, look.planned)]:
        spelt = [word for unit in units for word in look.spelt(unit)]
        of_word = dict(zip(words, look.placed([(frames.scores, spelt)])[0], strict=True))
        found = [_fixed(unit, of_word, frames, stretch.recording, look) for unit in units]
        kept = [one for one in found if one is not None and _is_there(one, look)]
        if len(kept) == len(units):
            return [one for one in kept if _beats_chance(one, frames, look)]
        units = _without_worst(units, found, kept)
    return []


def _alone(units: Sequence[int], stretch: OpenStretch, frames: JoinedFrames, look: Look) -> list[FixedPiece]:
    """The likeliest of some sentences, looked for one by one; the others are looked for around it."""
    places = look.placed([(frames.scores, look.spelt(unit)) for unit in units])
    found = [
        _fixed(unit, dict(zip(_words(unit, look.planned), own, strict=True)), frames, stretch.recording, look)
        for unit, own in zip(units, places, strict=True)
    ]
    kept = [one for one in found if one is not None and _is_there(one, look)]
    kept.sort(key=lambda one: -(one.log_probability or 0.0))
    return next(([one] for one in kept if _beats_chance(one, frames, look)), [])


def _that_fit(stretch: OpenStretch, planned: GroupPlan) -> list[int]:
    """Sentences that are long enough to be sure of, as many as have room; none where that is not clear."""
    room = (stretch.end - stretch.start) / planned.plan.letter_s
    units = [unit for unit in stretch.units if _letters(unit, planned) >= LEAST_LETTERS]
    return units if sum(_letters(unit, planned) for unit in units) <= MOST_LETTERS * room else []


def _without_worst(
    units: Sequence[int], found: Sequence[FixedPiece | None], kept: Sequence[FixedPiece]
) -> list[int]:
    """Half of those that are not there are left out: they may have taken the place of the others."""
    there = {one.piece.unit for one in kept}
    worth = {
        unit: -np.inf if one is None else one.log_probability or 0.0
        for unit, one in zip(units, found, strict=True)
    }
    lost = sorted((unit for unit in units if unit not in there), key=worth.__getitem__)
    gone = set(lost[: (len(lost) + 1) // 2])
    return [unit for unit in units if unit not in gone]


def _beats_chance(one: FixedPiece, frames: JoinedFrames, look: Look) -> bool:
    """Whether the sound prefers a sentence to the same letters from behind: a vague model prefers nothing."""
    low, high = np.searchsorted(frames.times, (one.piece.start - AROUND_S, one.piece.end + AROUND_S)).tolist()
    scores, words = frames.scores[low:high], look.spelt(one.piece.unit)
    backwards = [word[::-1] for word in reversed(words)]
    ahead, back = map(mean_log_probability, look.placed([(scores, words), (scores, backwards)]))
    margin = FOREIGN_MARGIN if look.foreign else CHANCE_MARGIN
    return ahead is not None and (back is None or ahead - back >= margin)


def _words(unit: int, planned: GroupPlan) -> range:
    first = planned.side.first_word(unit)
    return range(first, first + len(planned.side.units[unit].tokens))


def _letters(unit: int, planned: GroupPlan) -> int:
    words = _words(unit, planned)
    return int(planned.text.first[words.stop] - planned.text.first[words.start])


def _fixed(
    unit: int, places: dict[int, PlacedWord | None], frames: JoinedFrames, recording: int, look: Look
) -> FixedPiece | None:
    """A sentence at the places of its words; None where it has none."""
    words = _words(unit, look.planned)
    found = [frames.placed(places[word], look.model.frame_s) for word in words]
    if not any(found):
        return None
    letters = _letters(unit, look.planned)
    piece = Piece(unit, tuple(words), recording, 0.0, 0.0, (0, 0), letters, 1.0, 1.0, ())
    return timed(piece, found, 0.0)


def _is_there(one: FixedPiece, look: Look) -> bool:
    if one.log_probability is None or not has_usual_pace(one.piece, look.planned.plan.letter_s):
        return False
    least = look.least * (FOREIGN_LIMIT if look.foreign else 1.0)
    return one.log_probability >= least + SHORT_COST / max(one.piece.letters, 1)


def spelling_of(
    pieces: Iterable[Piece], planned: GroupPlan, normalised: Callable[[str], str]
) -> ModelSpelling | None:
    """How the model writes the words that it is asked for; None where it writes them as they are."""
    raw = _raw(planned, normalised)
    return learned(
        ([normalised(planned.spoken[word]) for word in piece.words], raw[slice(*piece.heard)])
        for piece in pieces
    )


def _raw(planned: GroupPlan, normalised: Callable[[str], str]) -> str:
    """The letters heard as the model wrote them, one for each that is compared."""
    made = []
    for number, word in enumerate(planned.words):
        folded = planned.heard.of_word(number)
        own = "".join(filter(str.isalpha, normalised(word.text)))
        edge = len(folded) - len(bare(folded))
        made.append(folded[:edge] + own if edge + len(own) == len(folded) else folded)
    return "".join(made)


def with_heard(one: FixedPiece, planned: GroupPlan, clock: Clock) -> FixedPiece:
    """A sentence with what was heard where it is."""
    piece = one.piece
    of = np.flatnonzero(clock.recordings == piece.recording)
    low, high = np.searchsorted(clock.starts[of], (piece.start - EARLY_S, piece.end - EARLY_S)).tolist()
    first = int(of[min(low, len(of) - 1)])
    last = max(int(of[min(high, len(of)) - 1]) + 1, first + 1)
    words = _words(piece.unit, planned)
    text = planned.text.text(int(planned.text.first[words.start]), int(planned.text.first[words.stop]))
    cer = Levenshtein.distance(text, planned.heard.text(first, last)) / max(len(text), 1)
    return replace(one, piece=replace(piece, heard=(first, last), cer=cer))


def look_again(
    look: Look,
    stand: Sequence[FixedPiece],
    windows: Callable[[int], Sequence[KeptFrames]],
    ends: Sequence[float],
) -> list[FixedPiece]:
    """The sentences that are found between those that stand; what is found stands for the next.

    Args:
        look: how they are looked for.
        stand: pieces that have a place.
        windows: the frames that are kept of a recording, by its number.
        ends: length of each recording, seconds.
    """
    found: list[FixedPiece] = []
    tried: set[OpenStretch] = set()
    planned, frame_s = look.planned, look.model.frame_s
    clock = Clock.of(planned.words, planned.heard)
    while True:
        pieces = [one.piece for one in (*stand, *found)]
        todo = [one for one in stretches(planned, pieces, ends) if one not in tried]
        tried.update(todo)
        new: list[FixedPiece] = []
        for stretch in todo:
            frames = frames_between(windows(stretch.recording), stretch.start, stretch.end, frame_s)
            if len(frames.times):
                new += looked_for(stretch, frames, look)
        new = [with_heard(one, planned, clock) for one in new]
        new = [one for one in new if one.piece.cer <= MOST_ERRORS]
        if not new:
            return found
        found += new
