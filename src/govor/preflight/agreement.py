"""What hearings say of transcripts, as pure functions: other rows' texts, missing ends, words nobody says.

A text that belongs to its clip fits better than those of other rows: by chance it would be first in one of
so many. Where it is, its ends are looked at: a model that is surprised by more than `SURPRISE_NATS` that a
text begins or ends hears more speech there; one to which words at an end cost far more than the others hears
none.
The limits were set on Common Voice in Swedish, Slovenian, Arabic and Twi with Whisper-base.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from govor.models.listening import Fit
from govor.preflight.hearing import ClipFit

KNOWN_SHARE = 0.6
"""Of the clips whose own text is first: the model can tell texts of this language apart."""
OFFSET_SHARE = 0.4
"""Of the clips to which the text of one neighbour fits best: the texts are shifted."""
CLEAR_NATS = 0.5
"""A unit, by which another text must fit better to be taken for the right one."""
SURPRISE_NATS = 6.5
UNSAID_NATS, UNSAID_NATS_A_UNIT, UNSAID_TIMES = 8.0, 3.0, 2.5
"""What words that nobody says cost at least: in all, a unit, and against a unit of what remains."""
FEW_SHARE, FEW_CLIPS = 0.15, 3
"""Fewer clips are no evidence of anything but themselves."""
MOST_SHARE = 0.5
LANGUAGE_SHARE = 0.7
"""Of the clips that sound more like another language than like the stated one."""
UNHEARD, HEARD, HEARD_TIMES = 0.1, 0.3, 5.0
"""Mean probabilities over clips: of the stated language at most, of the other at least, and their ratio."""
ANOTHER_CHANCE, ANOTHER_SHARE = 0.002, 0.6
"""How seldom chance must find one neighbour's text best of all others so often, and in how many of these
clips the own text fits too."""
LEAST_ANOTHER, LEAST_RIVALS = 8, 3
"""Clips, and texts of other rows for each, on which that rests."""


@dataclass(frozen=True)
class TextFit:
    """Whose texts fit the clips.

    Attributes:
        own: hearings whose own text is first.
        by_offset: hearings to which the text of a row so far away fits clearly better.
        none: hearings to which no text fits clearly better, but others do at least as well.
        chance: share that would be first by chance.
    """

    own: list[ClipFit]
    by_offset: dict[int, list[ClipFit]]
    none: list[ClipFit]
    chance: float

    @property
    def total(self) -> int:
        """All hearings."""
        return len(self.own) + len(self.none) + sum(map(len, self.by_offset.values()))

    @property
    def known(self) -> bool:
        """Whether the model tells texts apart, and most are right."""
        return len(self.own) >= KNOWN_SHARE * max(self.total, 1)

    @property
    def offset(self) -> int | None:
        """The one distance at which many clips' texts stand."""
        if not self.by_offset:
            return None
        step, found = max(self.by_offset.items(), key=lambda item: len(item[1]))
        return step if len(found) >= max(OFFSET_SHARE * self.total, FEW_CLIPS) else None


def matched(hearings: Sequence[ClipFit]) -> TextFit:
    """Sorts hearings by whose text fits."""
    usable = [one for one in hearings if one.rivals]
    own = [one for one in usable if one.margin > 0]
    by_offset: dict[int, list[ClipFit]] = {}
    none: list[ClipFit] = []
    for one in (one for one in usable if one.margin <= 0):
        step = best_offset(one)
        (none if step is None else by_offset.setdefault(step, [])).append(one)
    sizes = [len(one.rivals) + 1 for one in usable]
    return TextFit(own, by_offset, none, 1 / float(np.mean(sizes)) if sizes else 1.0)


def best_offset(one: ClipFit) -> int | None:
    """The neighbour whose text fits clearly better than the own and every other text, or None."""
    if not one.neighbours:
        return None
    step, best = max(one.neighbours.items(), key=lambda item: item[1].mean)
    rest = [fit.mean for other, fit in one.neighbours.items() if other != step]
    rest += [fit.mean for fit in one.others]
    clear = best.mean - one.own.mean >= CLEAR_NATS and best.mean - max(rest, default=-math.inf) >= CLEAR_NATS
    return step if clear else None


def wrong_ones(found: TextFit) -> list[ClipFit]:
    """Where most texts are right: clips to which others fit as well or better, worst first."""
    rest = [*found.none, *(one for many in found.by_offset.values() for one in many)]
    usual = float(np.median([one.own.mean for one in found.own])) if found.own else 0.0
    odd = [one for one in rest if one.margin <= -CLEAR_NATS or one.own.mean < usual - 2.0]
    return sorted(odd, key=lambda one: one.margin)


def unsaid(own: Fit, shorter: Sequence[Fit]) -> int:
    """How many words at an end are not said, 0 for none: see `UNSAID_NATS`."""
    best, last = 0, own
    for dropped, rest in enumerate(shorter, start=1):
        gain, units = rest.total - own.total, own.units - rest.units
        dearer = rest.total - last.total >= UNSAID_NATS_A_UNIT * max(last.units - rest.units, 1)
        if math.isfinite(gain) and gain >= UNSAID_NATS and dearer and _far_dearer(gain / max(units, 1), rest):
            best, last = dropped, rest
    return best


def _far_dearer(a_unit: float, rest: Fit) -> bool:
    return a_unit >= max(UNSAID_NATS_A_UNIT, UNSAID_TIMES * -rest.mean)


@dataclass(frozen=True)
class Ends:
    """What is wrong with the ends of texts that are otherwise right.

    Attributes:
        unsaid_first: hearings whose first words nobody says, and how many words.
        unsaid_last: the same of the last words.
        speech_before: hearings with speech before the text.
        speech_after: hearings with speech behind it.
    """

    unsaid_first: list[tuple[ClipFit, int]]
    unsaid_last: list[tuple[ClipFit, int]]
    speech_before: list[ClipFit]
    speech_after: list[ClipFit]


def ends(own: Sequence[ClipFit]) -> Ends:
    """Looks at the ends of the texts of clips whose own text is first."""
    first = [(one, unsaid(one.own, one.without_first)) for one in own]
    last = [(one, unsaid(one.own, one.without_last)) for one in own]
    begin_unsaid = {one.id for one, words in first if words}
    return Ends(
        [(one, words) for one, words in first if words],
        [(one, words) for one, words in last if words],
        [one for one in own if one.own.before >= SURPRISE_NATS and one.id not in begin_unsaid],
        [one for one in own if one.own.after >= SURPRISE_NATS],
    )


def enough(found: int, total: int, share: float = FEW_SHARE) -> bool:
    """Whether so many of the clips are evidence of something that was done to the corpus."""
    return found >= FEW_CLIPS and found >= share * total


@dataclass(frozen=True)
class OtherLanguage:
    """A language that is heard where another is stated, by the model's codes.

    Attributes:
        stated: what rows or recipe say.
        heard: what most clips are in.
        clips: hearings in it.
        total: hearings with the stated one.
    """

    stated: str
    heard: str
    clips: list[ClipFit]
    total: int


def other_languages(hearings: Sequence[ClipFit]) -> list[OtherLanguage]:
    """Stated languages of which little is heard, while most of their clips sound more like one other."""
    found = []
    for stated in sorted({one.language for one in hearings if one.language and one.languages}):
        mine = [one for one in hearings if one.language == stated]
        heard, share = max(_mean_shares(mine).items(), key=lambda item: item[1])
        own = float(np.mean([one.languages.get(stated, 0.0) for one in mine]))
        clips = [one for one in mine if one.languages.get(heard, 0.0) > one.languages.get(stated, 0.0)]
        clear = own < UNHEARD and share >= max(HEARD, HEARD_TIMES * own)
        if clear and enough(len(clips), len(mine), LANGUAGE_SHARE):
            found.append(OtherLanguage(stated, heard, clips, len(mine)))
    return found


def _mean_shares(hearings: Sequence[ClipFit]) -> dict[str, float]:
    """Mean probability of each language over clips."""
    sums: Counter[str] = Counter()
    for one in hearings:
        sums.update(one.languages)
    return {code: total / len(hearings) for code, total in sums.items()}


@dataclass(frozen=True)
class Another:
    """A text that is heard beside the own one.

    Attributes:
        offset: rows that it stands away.
        clips: hearings in which it fits better than the texts of all other rows.
        total: hearings that have it.
        nats: a unit, by which it fits better than the others in these.
        probability: that chance does the same.
    """

    offset: int
    clips: list[ClipFit]
    total: int
    nats: float
    probability: float


def another_heard(hearings: Sequence[ClipFit]) -> Another | None:
    """A neighbour's text that fits best of all others, beside the own one: two people speak at once.

    By chance it would in one of so many. Texts that follow each other share words, and so do all neighbours:
    no other one may fit best nearly as often. Where the own text fits no better than those of other rows, the
    texts are wrong instead.
    """
    having: Counter[int] = Counter(step for one in hearings for step in one.neighbours)
    best: dict[int, list[ClipFit]] = defaultdict(list)
    for one in hearings:
        step = _best_neighbour(one)
        if step is not None:
            best[step].append(one)
    if not best:
        return None
    step, clips = max(best.items(), key=lambda item: len(item[1]))
    second = max((len(mine) for other, mine in best.items() if other != step), default=0)
    also = [one for one in clips if one.own.mean >= max(_other_means(one, step))]
    chance = 1 / float(np.mean([len(one.rivals) for one in hearings if one.rivals]))
    probability = by_chance(len(clips), having[step], chance)
    sure = having[step] >= LEAST_ANOTHER and probability < ANOTHER_CHANCE
    if not sure or len(clips) < 2 * second or len(also) < ANOTHER_SHARE * len(clips):
        return None
    gains = [one.neighbours[step].mean - float(np.median(_other_means(one, step))) for one in clips]
    finite = [gain for gain in gains if math.isfinite(gain)]
    return Another(step, clips, having[step], float(np.median(finite or [0.0])), probability)


def _best_neighbour(one: ClipFit) -> int | None:
    """The neighbour whose text fits better than those of all other rows, or None."""
    if not one.neighbours or len(one.rivals) < LEAST_RIVALS:
        return None
    step, fit = max(one.neighbours.items(), key=lambda item: item[1].mean)
    return step if fit.mean > max(_other_means(one, step)) else None


def _other_means(one: ClipFit, step: int) -> list[float]:
    """How well texts fit that are neither the own one nor that of the row `step` away."""
    return [fit.mean for other, fit in one.neighbours.items() if other != step] + [f.mean for f in one.others]


def by_chance(hits: int, total: int, chance: float) -> float:
    """Probability of at least so many hits of so many by chance (binomial)."""
    return min(
        1.0,
        sum(math.comb(total, k) * chance**k * (1 - chance) ** (total - k) for k in range(hits, total + 1)),
    )


def how_sure(probability: float) -> str:
    """In words: how seldom chance does the same."""
    if probability < 1e-6:
        return "sure: chance does this less than once in a million"
    return f"chance does this once in {max(1, round(1 / probability)):,}"
