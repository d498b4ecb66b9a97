"""One group of recordings and texts: from what was heard and what is written to a plan. No file, no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from govor.align.fitting import fitted
from govor.align.heard import Clock, HeardWord
from govor.align.letters import Letters, folding, spelt
from govor.align.matching import match
from govor.align.placing import Piece, Placement, plan
from govor.align.rivals import with_rivals
from govor.align.romanise import script_of
from govor.align.spelling import ModelSpelling, learned
from govor.align.spoken import spoken_words
from govor.align.text_side import (
    HEARD_EDGE,
    TEXT_EDGE,
    OtherSide,
    TextSide,
    bare,
    read_numbers,
    respelt,
    with_edges,
)
from govor.config import AlignConfig

PAUSE_S = 0.25
"""Between words; no number goes on behind it, if one is heard on one side of it."""
LESSONS = 2
"""So often what a model of another language writes is learned from what was placed; else once."""
SAMPLE_WORDS = 2_000
"""Words that tell the script of a side."""


@dataclass(frozen=True)
class GroupPlan:
    """What became of a group's text.

    Attributes:
        plan: where its units are.
        side: the words of its texts.
        spoken: each word as it is read: numbers in words where these were heard.
        text: the letters of the words, as the model writes them.
        heard: the letters heard.
        words: the words heard.
    """

    plan: Placement
    side: TextSide
    spoken: Sequence[str]
    text: Letters
    heard: Letters
    words: Sequence[HeardWord]


def plan_group(
    side: TextSide, heard: Sequence[HeardWord], language: str | None, config: AlignConfig
) -> GroupPlan:
    """Places the units of some texts in some recordings.

    Args:
        side: the texts.
        heard: words of the recordings, one after the other.
        language: BCP 47 tag of both.
        config: limits.
    """
    fold = group_folding(side.words, [word.text for word in heard], language)
    sources = [side.sources[unit] for unit in side.of_word.tolist()]
    written = with_edges([fold(word) for word in side.words], sources, TEXT_EDGE)
    said = [fold(word.text) for word in heard]
    said = with_edges(said, [word.recording for word in heard], HEARD_EDGE)
    text, other = spelt(written), spelt(said)
    found = match(text.codes, other.codes)
    read = partial(read_numbers, language=language, fold=fold)
    heard_words = [word.text for word in heard]
    numbers = read(side.words, written, text, found, OtherSide(heard_words, other, _breaks(heard, other)))
    whole = OtherSide(side.words, text, np.zeros(0, np.int64))
    heard_numbers = read(heard_words, said, other, _inverse(found, len(other)), whole)
    if numbers or heard_numbers:
        text, other = spelt(respelt(written, numbers, fold)), spelt(respelt(said, heard_numbers, fold))
        found = match(text.codes, other.codes)
    written = respelt(written, numbers, fold)
    made = _planned(side, text, other, found, heard, config)
    for _ in range(LESSONS):
        spelling = learned(_lessons(made.placed, written, other))
        if spelling is None:
            break
        text = spelt([_edge_kept(word, spelling) for word in written])
        made = _planned(side, text, other, match(text.codes, other.codes), heard, config)
        if not spelling.foreign:
            break
    return GroupPlan(made, side, _as_read(side.words, numbers), text, other, heard)


def _breaks(heard: Sequence[HeardWord], letters: Letters) -> NDArray[np.int64]:
    """The letters before which there is a pause, or another recording."""
    new = [
        number
        for number, (before, word) in enumerate(pairwise(heard), 1)
        if word.recording != before.recording or word.start - before.end >= PAUSE_S
    ]
    return letters.first[np.array(new, np.int64)]


def _lessons(
    placed: Sequence[Piece], written: Sequence[str], heard: Letters
) -> Iterator[tuple[Sequence[str], str]]:
    """The words of pieces as they are written, and what was heard for them."""
    for piece in placed:
        yield [bare(written[word]) for word in piece.words], heard.text(*piece.heard)


def _edge_kept(word: str, spelling: ModelSpelling) -> str:
    letters = bare(word)
    return word[: len(word) - len(letters)] + (spelling.of(letters) if letters else "")


def _planned(
    side: TextSide,
    text: Letters,
    other: Letters,
    found: NDArray[np.int64],
    heard: Sequence[HeardWord],
    config: AlignConfig,
) -> Placement:
    return plan(
        side.of_word,
        text,
        other,
        spoken_words(text, other, _settled(side.of_word, text, other, found), Clock.of(heard, other)),
        max_cer=config.max_cer,
        max_s=config.max_duration,
        keep_all=config.keep_all,
    )


def _settled(
    units: NDArray[np.int64], text: Letters, other: Letters, found: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What stands for each letter, without what fits badly where it is."""
    return with_rivals(units, text, other, fitted(units, text, other, found))


def _inverse(found: NDArray[np.int64], letters: int) -> NDArray[np.int64]:
    """For each letter heard the letter of the text that it stands for, or -1."""
    made = np.full(letters, -1, np.int64)
    known = np.flatnonzero(found >= 0)
    made[found[known]] = known
    return made


def _as_read(words: Sequence[str], numbers: dict[int, str]) -> list[str]:
    """Words as a model is asked for them: numbers as they were read."""
    return [numbers.get(number, word) for number, word in enumerate(words)]


def group_folding(written: Sequence[str], heard: Sequence[str], language: str | None) -> Callable[[str], str]:
    """The folding of both sides: romanised where their scripts differ."""
    one = script_of("".join(written[:SAMPLE_WORDS]))
    other = script_of("".join(heard[:SAMPLE_WORDS]))
    return folding(language, latin=bool(one and other and one != other))
