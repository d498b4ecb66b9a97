"""Units of a text as pieces of a recording: which words of each were spoken, when, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from govor.align.letters import Letters
from govor.align.spoken import LEAST_UNSAID, LETTER_S, ROOM, Fate, SpokenWords

HOLE_S = 4.0
"""A pause within a sentence that is longer parts it."""
TALK_S, TALK_LETTERS = 1.5, 15
"""So is a shorter one in which something else was said."""
ENOUGH_LETTERS = 24
"""Shorter pieces are also judged with their neighbours."""
SCRAP_SHARE = 0.5
"""Of a unit's letters; less is a scrap."""
SCRAP_CER = 0.67
"""Of the greatest character error rate, for a scrap."""
NEAR_S = 3.0
"""Pieces that follow each other so closely are neighbours."""
SLOWEST, FASTEST = 4.0, 4.0
"""Times as long, and as short, as the letters of a piece usually take."""
SCRAP_OF_LARGEST, SCRAP_EQUAL, SCRAP_LETTERS = 0.5, 0.6, 6
"""A part of a unit is a scrap where it is so much smaller than the largest, and agrees badly or is tiny."""
LONGEST_ATTACHED_S = 3.0
"""Words that are put before or behind what was heard of their unit."""
LEAST_HEARD = 0.25
"""Of the letters at the edge of a piece so many must be heard, if they are many: it may be silence."""
LOOKED_AT = 200
"""Words among which the next one is looked for that was heard."""
FREE_LETTERS = 12
"""Letters that have no usual pace yet."""


@dataclass(frozen=True)
class Piece:
    """Words of one unit that were spoken together.

    Attributes:
        unit: number of the unit.
        words: numbers of the words, counted over all units, ascending; what nobody said is left out.
        recording: number of the recording.
        start: seconds.
        end: seconds.
        heard: from where to where the letters heard go.
        letters: how many letters the words have.
        share: of the unit's letters that these are.
        cer: character error rate of what was heard against the words.
        times: start and end of each word, seconds.
    """

    unit: int
    words: tuple[int, ...]
    recording: int
    start: float
    end: float
    heard: tuple[int, int]
    letters: int
    share: float
    cer: float
    times: tuple[tuple[float, float], ...]

    @property
    def errors(self) -> float:
        """Letters that differ."""
        return self.cer * self.letters


@dataclass(frozen=True)
class Placement:
    """Where the units of a text are.

    Attributes:
        placed: pieces, in the order of the text.
        unplaced: pieces that are not sure enough.
        missing: numbers of units without any piece.
        unsaid: words that nobody said in units of which others were placed.
        letter_s: usual seconds of a letter.
    """

    placed: list[Piece] = field(default_factory=list)
    unplaced: list[Piece] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    unsaid: list[int] = field(default_factory=list)
    letter_s: float = LETTER_S


def plan(
    units: NDArray[np.int64],
    text: Letters,
    heard: Letters,
    spoken: SpokenWords,
    *,
    max_cer: float,
    max_s: float,
    keep_all: bool = False,
) -> Placement:
    """Places the units of a text.

    Args:
        units: number of the unit of each word ``[W]``, ascending.
        text: letters of the words.
        heard: letters heard.
        spoken: the words in the recordings.
        max_cer: greatest character error rate of a piece.
        max_s: longest piece in seconds.
        keep_all: words that nobody said stay in a sentence.
    """
    made = Placement(letter_s=spoken.letter_s)
    pieces: list[Piece] = []
    for unit, first, last in spans_of(units):
        parts = list(_parts(range(first, last), text, spoken, max_s))
        for number, part in enumerate(parts):
            parts[number] = _attached(part, parts, (first, last), text, spoken)
        if not keep_all:
            parts = [_without_unheard_edges(part, text, spoken, len(heard)) for part in parts]
        parts = [_with_unsaid(part) for part in parts] if keep_all else parts
        whole = max(int(text.first[last] - text.first[first]), 1)
        found = [_piece(unit, part, text, heard, spoken, whole) for part in parts]
        pieces += found
        if not found:
            made.missing.append(unit)
        elif not keep_all:
            kept = {word for part in parts for word in part}
            made.unsaid.extend(word for word in range(first, last) if word not in kept)
    sure = judged(pieces, spoken.letter_s, max_cer)
    for piece, good in zip(pieces, sure, strict=True):
        (made.placed if good else made.unplaced).append(piece)
    return made


def spans_of(units: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Each unit with its first word and the word behind its last."""
    edges = np.flatnonzero(np.diff(units)) + 1
    starts = [0, *edges.tolist()] if len(units) else []
    for first, last in zip(starts, [*starts[1:], len(units)], strict=True):
        yield int(units[first]), first, last


def _parts(words: range, text: Letters, spoken: SpokenWords, max_s: float) -> Iterator[list[int]]:
    """The words of a unit that belong together in one recording."""
    fates = spoken.fate[words.start : words.stop]
    timed = [words.start + int(n) for n in np.flatnonzero((fates == Fate.HEARD) | (fates == Fate.BETWEEN))]
    cut = [n for n in range(1, len(timed)) if _is_parted(timed[n - 1], timed[n], spoken)]
    for part in _without_scraps([timed[a:b] for a, b in pairwise([0, *cut, len(timed)])], text, spoken):
        for whole in _short_enough(part, spoken, max_s):
            if (spoken.fate[whole] == Fate.HEARD).any():
                yield whole


def _without_scraps(parts: list[list[int]], text: Letters, spoken: SpokenWords) -> list[list[int]]:
    """The parts of a unit without small ones that agree badly: a gap has torn them off the large one."""
    size = [sum(text.size(word) for word in part) for part in parts]
    kept = []
    for part, letters in zip(parts, size, strict=True):
        poor = sum(int(spoken.equal[word]) for word in part) < SCRAP_EQUAL * letters
        if part and not (letters < SCRAP_OF_LARGEST * max(size) and (poor or letters < SCRAP_LETTERS)):
            kept.append(part)
    return kept


def _attached(
    part: list[int], parts: Sequence[list[int]], unit: tuple[int, int], text: Letters, spoken: SpokenWords
) -> list[int]:
    """A part with the words of its unit beside it that have no other place, where there is time for them."""
    taken = {word for other in parts for word in other}
    before = _free_beside(part[0], -1, unit, taken, spoken)
    after = _free_beside(part[-1], 1, unit, taken, spoken)
    made = list(part)
    if before and _gives_time(before[::-1], part[0], -1, text, spoken):
        made = before[::-1] + made
    if after and _gives_time(after, part[-1], 1, text, spoken):
        made = made + after
    return made


def _without_unheard_edges(part: list[int], text: Letters, spoken: SpokenWords, heard: int) -> list[int]:
    """A part without words before its first known one, or behind its last, where little was heard."""
    known = [place for place, word in enumerate(part) if spoken.fate[word] == Fate.HEARD]
    first, last = known[0], known[-1]
    before = int(spoken.first[part[first]]) - _heard_until(part[0] - 1, spoken)
    behind = _heard_from(part[-1] + 1, spoken, heard) - int(spoken.last[part[last]]) - 1
    low = 0 if _may_be_said(part[:first], before, text) else first
    high = len(part) if _may_be_said(part[last + 1 :], behind, text) else last + 1
    return part[low:high]


def _may_be_said(words: Sequence[int], heard: int, text: Letters) -> bool:
    """Whether so many letters heard may be some words; negative where that is not known."""
    letters = sum(text.size(word) for word in words)
    return letters < LEAST_UNSAID or heard < 0 or heard >= LEAST_HEARD * letters


def _heard_from(word: int, spoken: SpokenWords, heard: int) -> int:
    """Where a word, or the next one that was heard, begins among the letters heard; -1 if not known."""
    there = np.flatnonzero(spoken.first[word : word + LOOKED_AT] >= 0)
    if len(there):
        return int(spoken.first[word + there[0]])
    return heard if word + LOOKED_AT >= len(spoken.first) else -1


def _heard_until(word: int, spoken: SpokenWords) -> int:
    """Behind what was heard for a word, or the last one before it; behind everything if that is not known."""
    low = max(word + 1 - LOOKED_AT, 0)
    there = np.flatnonzero(spoken.last[low : word + 1] >= 0)
    if len(there):
        return int(spoken.last[low + there[-1]]) + 1
    return 0 if low == 0 else int(np.iinfo(np.int64).max)


def _free_beside(
    word: int, step: int, unit: tuple[int, int], taken: set[int], spoken: SpokenWords
) -> list[int]:
    """The words beside one, outwards, that are in no part."""
    found = []
    word += step
    while unit[0] <= word < unit[1] and word not in taken and spoken.fate[word] != Fate.UNSAID:
        found.append(word)
        word += step
    return found


def _gives_time(words: list[int], beside: int, step: int, text: Letters, spoken: SpokenWords) -> bool:
    """Gives words times at the usual pace before or behind the word beside them, where there is room."""
    lengths = np.array([text.size(word) for word in words])
    needed = float(lengths.sum()) * spoken.letter_s
    if needed > LONGEST_ATTACHED_S:
        return False
    other = words[0] - 1 if step < 0 else words[-1] + 1
    room = _room(beside, other, step, spoken)
    if room < ROOM * needed:
        return False
    needed = min(needed, room)
    begin = float(spoken.start[beside]) - needed if step < 0 else float(spoken.end[beside])
    share = np.concatenate([[0.0], np.cumsum(lengths) / max(int(lengths.sum()), 1)])
    spoken.start[words] = begin + share[:-1] * needed
    spoken.end[words] = begin + share[1:] * needed
    spoken.recording[words] = spoken.recording[beside]
    spoken.fate[words] = Fate.BETWEEN
    return True


def _room(beside: int, other: int, step: int, spoken: SpokenWords) -> float:
    """Seconds between a word and the next one that was heard on that side, as far as it is known."""
    if 0 <= other < len(spoken.fate) and spoken.recording[other] == spoken.recording[beside]:
        edge = spoken.end[other] if step < 0 else spoken.start[other]
        room = (spoken.start[beside] - edge) if step < 0 else (edge - spoken.end[beside])
        if room >= 0:
            return float(room)
    return LONGEST_ATTACHED_S if step > 0 else min(LONGEST_ATTACHED_S, float(spoken.start[beside]))


def _with_unsaid(part: list[int]) -> list[int]:
    """A part with the words inside it that nobody said."""
    return list(range(part[0], part[-1] + 1))


def _is_parted(before: int, word: int, spoken: SpokenWords) -> bool:
    """Whether something else, another recording or a long pause stands between two words of a unit."""
    if spoken.recording[before] != spoken.recording[word] or spoken.start[word] < spoken.end[before] - 0.05:
        return True
    gap = spoken.start[word] - spoken.end[before]
    if gap > HOLE_S:
        return True
    last, first = spoken.last[before], spoken.first[word]
    return bool(gap > TALK_S and min(last, first) >= 0 and first - last - 1 >= TALK_LETTERS)


def _short_enough(part: list[int], spoken: SpokenWords, max_s: float) -> Iterator[list[int]]:
    """A part cut at its longest pauses until no piece is too long."""
    waiting = [part]
    while waiting:
        here = waiting.pop()
        length = spoken.end[here[-1]] - spoken.start[here[0]]
        if length <= max_s or len(here) < 2:
            yield here
            continue
        middle = (spoken.start[here[0]] + spoken.end[here[-1]]) / 2
        gaps = [
            (spoken.start[b] - spoken.end[a]) - abs(spoken.start[b] - middle) / length
            for a, b in pairwise(here)
        ]
        cut = int(np.argmax(gaps)) + 1
        waiting += [here[cut:], here[:cut]]


def _piece(
    unit: int, words: list[int], text: Letters, heard: Letters, spoken: SpokenWords, whole: int
) -> Piece:
    all_words = np.array(words)
    known = all_words[spoken.fate[all_words] == Fate.HEARD]
    first, last = int(spoken.first[known].min()), int(spoken.last[known].max()) + 1
    first, last = _widened(first, last, words, (int(known[0]), int(known[-1])), text, len(heard))
    said = "".join(text.of_word(word) for word in words)
    cer = Levenshtein.distance(said, heard.text(first, last)) / max(len(said), 1)
    times = _times(words, spoken)
    start, end = times[0][0], times[-1][1]
    recording = int(spoken.recording[known[0]])
    return Piece(
        unit, tuple(words), recording, start, end, (first, last), len(said), len(said) / whole, cer, times
    )


def _widened(
    first: int, last: int, words: list[int], known: tuple[int, int], text: Letters, end: int
) -> tuple[int, int]:
    """What was heard, with as many letters more as the words before and behind the known ones have."""
    before = sum(text.size(word) for word in words if word < known[0])
    after = sum(text.size(word) for word in words if word > known[1])
    return max(first - before, 0), min(last + after, end)


def _times(words: Sequence[int], spoken: SpokenWords) -> tuple[tuple[float, float], ...]:
    """Start and end of each word, none before the one before it."""
    found, reached = [], None
    told = np.array(words)
    for start, end in zip(spoken.start[told].tolist(), spoken.end[told].tolist(), strict=True):
        if isnan(start):
            start = end = reached if reached is not None else 0.0
        if reached is not None:
            start = max(start, reached)
        end = max(end, start)
        found.append((start, end))
        reached = end
    return tuple(found)


def judged(pieces: Sequence[Piece], letter_s: float, max_cer: float) -> list[bool]:
    """Whether each piece is sure enough: by its errors, its pace, and if it is short by its neighbours."""
    own = [has_usual_pace(piece, letter_s) and piece.cer <= _limit(piece, max_cer) for piece in pieces]
    return [good and _is_supported(number, pieces, own, max_cer) for number, good in enumerate(own)]


def _limit(piece: Piece, max_cer: float) -> float:
    """Part of a sentence is seldom said alone, so it has to be heard better."""
    return max_cer if piece.share >= SCRAP_SHARE else SCRAP_CER * max_cer


def has_usual_pace(piece: Piece, letter_s: float) -> bool:
    """Whether a piece takes about as long as its letters usually do."""
    usual = piece.letters * letter_s
    free = FREE_LETTERS * letter_s
    return usual / FASTEST - free <= piece.end - piece.start <= usual * SLOWEST + free


def _is_supported(number: int, pieces: Sequence[Piece], own: Sequence[bool], max_cer: float) -> bool:
    """A long piece needs no support; a short one needs few errors, or good pieces right beside it.

    A short scrap of a unit is never sure: mostly it is a word of a heading that was heard elsewhere.
    """
    here = pieces[number]
    if here.letters >= ENOUGH_LETTERS or here.share < SCRAP_SHARE:
        return here.letters >= ENOUGH_LETTERS
    letters, errors = here.letters, here.errors
    for step in (-1, 1):
        there = number + step
        if 0 <= there < len(pieces) and own[there] and _near(here, pieces[there]):
            letters, errors = letters + pieces[there].letters, errors + pieces[there].errors
    if letters >= ENOUGH_LETTERS:
        return errors <= max_cer * letters
    return errors <= max_cer * letters * letters / (letters + ENOUGH_LETTERS)


def _near(one: Piece, other: Piece) -> bool:
    if one.recording != other.recording:
        return False
    return min(abs(one.start - other.end), abs(other.start - one.end)) <= NEAR_S
