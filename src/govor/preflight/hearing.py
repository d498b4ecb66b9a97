"""What the model hears in a few clips: each encoded once, its own text and others scored on it.

The texts of the rows before and after, of others of like length, and the own text without its first or last
words. Nothing is decoded, so this tells texts apart where what the model would write is wrong throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from govor.load.seeds import generator
from govor.models.listening import Fit, Listening
from govor.preflight.budget import Budget, OutOfTimeError
from govor.preflight.clips import Clip

CLIPS = 24
LONGEST_S = 20.0
NEIGHBOURS = (-2, -1, 1, 2)
LIKE_LENGTH = 3
"""Texts of other rows that are about as long as the own one."""
MOST_DROPPED = 3
"""Words at either end that the own text is scored without."""
LEAST_CLIPS = 8
SHARE_OF_BUDGET = 0.2


@dataclass(frozen=True)
class SourceOrder:
    """Normalised texts in the order in which the source has them.

    Attributes:
        texts: of all rows.
        place: of each id in them.
    """

    texts: Sequence[str]
    place: Mapping[str, int]


@dataclass(frozen=True)
class ClipFit:
    """What a model makes of a clip and of texts for it.

    Attributes:
        id: of the utterance.
        text: its own, normalised.
        own: how well that fits.
        neighbours: how well the texts of rows before and after fit, by their distance.
        others: how well texts of other rows fit that are about as long.
        without_first: the own text without its first one, two, … words.
        without_last: the same of its last words.
        languages: probability of each language by the model's code; empty where it does not tell.
        language: the stated one, by the model's code; None where it has none.
    """

    id: str
    text: str
    own: Fit
    neighbours: Mapping[int, Fit] = field(default_factory=dict)
    others: Sequence[Fit] = ()
    without_first: Sequence[Fit] = ()
    without_last: Sequence[Fit] = ()
    languages: Mapping[str, float] = field(default_factory=dict)
    language: str | None = None

    @property
    def rivals(self) -> list[Fit]:
        """All texts of other rows."""
        return [*self.neighbours.values(), *self.others]

    @property
    def margin(self) -> float:
        """Nats a unit by which the own text fits better than the best of the others."""
        return self.own.mean - max((one.mean for one in self.rivals), default=-np.inf)


def hear(
    family: Listening, clips: Sequence[Clip], order: SourceOrder, windows: str, seed: int, budget: Budget
) -> list[ClipFit]:
    """Listens to clips (at the model's rate) while the share of the budget lasts.

    Raises:
        OutOfTimeError: there was time for too few to say anything.
    """
    until_s = budget.used_s + budget.share_s(SHARE_OF_BUDGET)
    found = []
    for clip in clips:
        if budget.used_s >= until_s:
            break
        found.append(hear_one(family, clip, order, windows, seed))
    if len(found) < min(LEAST_CLIPS, len(clips)):
        raise OutOfTimeError
    return found


def hear_one(family: Listening, clip: Clip, order: SourceOrder, windows: str, seed: int) -> ClipFit:
    """Encodes a clip and scores all texts on it in one batch."""
    from govor.models.base import Sound

    near, far = neighbours_of(clip, order), like_length(clip, order, seed)
    firsts, lasts = shorter(clip.normal)
    heard = family.listen(Sound(clip.wave, clip.language), windows)
    texts = [clip.normal, *near.values(), *far, *firsts, *lasts]
    own, *fits = heard.fits(texts)
    edges = np.cumsum([len(near), len(far), len(firsts)])
    return ClipFit(
        clip.id,
        clip.normal,
        own,
        dict(zip(near, fits[: edges[0]], strict=True)),
        fits[edges[0] : edges[1]],
        fits[edges[1] : edges[2]],
        fits[edges[2] :],
        heard.languages,
        family.language_code(clip.language),
    )


def choose(clips: Sequence[Clip], rate_hz: int, count: int = CLIPS) -> list[Clip]:
    """Clips with a text, not too long, over all splits alike, those of other texts first.

    Args:
        clips: the sample.
        rate_hz: of their waves.
        count: how many are wanted.
    """
    fits = [clip for clip in clips if clip.normal and len(clip.wave) <= LONGEST_S * rate_hz]
    first_of = {clip.normal: clip.id for clip in reversed(fits)}
    different = [clip for clip in fits if first_of[clip.normal] == clip.id]
    places = np.linspace(0, len(different) - 1, min(count, len(different))).round().astype(int)
    return [different[place] for place in dict.fromkeys(places.tolist())]


def neighbours_of(clip: Clip, order: SourceOrder) -> dict[int, str]:
    """Other texts of the rows before and after, by their distance."""
    place = order.place.get(clip.id)
    if place is None:
        return {}
    near = {step: place + step for step in NEIGHBOURS if 0 <= place + step < len(order.texts)}
    texts = {step: order.texts[at] for step, at in near.items()}
    return {step: text for step, text in texts.items() if text and text != clip.normal}


def like_length(clip: Clip, order: SourceOrder, seed: int) -> list[str]:
    """Texts of other rows: of a seeded few the ones nearest in length."""
    chosen = generator("rivals", clip.id, seed).permutation(len(order.texts))[: 16 * LIKE_LENGTH]
    near = set(neighbours_of(clip, order).values())
    texts = dict.fromkeys(order.texts[row] for row in chosen)
    others = [text for text in texts if text and text != clip.normal and text not in near]
    return sorted(others, key=lambda text: abs(len(text) - len(clip.normal)))[:LIKE_LENGTH]


def shorter(text: str) -> tuple[list[str], list[str]]:
    """A text without its first one, two, … words, and without its last ones; something is always left."""
    words = text.split()
    most = range(1, min(MOST_DROPPED, len(words) - 2) + 1)
    return [" ".join(words[n:]) for n in most], [" ".join(words[:-n]) for n in most]
