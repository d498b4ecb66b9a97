"""A text of another recording is refused, whatever phrases both have; a small part of a long text is not."""

import random

from written_and_said import SENTENCES, said, sentence, side_of

from govor.align.chance import without_chance
from govor.align.planning import plan_group
from govor.config import AlignConfig

FORMULAS = SENTENCES[:6]
OWN = [sentence() for _ in range(120)]
OTHER = [sentence() for _ in range(120)]


def with_formulas(sentences, every):
    """A formula behind each so many sentences."""
    generator = random.Random(3)
    return [
        one for n, s in enumerate(sentences) for one in (s, *generator.choices(FORMULAS, k=n % every == 0))
    ]


def kept(side, heard, recordings=1):
    found = without_chance(plan_group(side, heard, "en", AlignConfig()), recordings).plan
    return {(piece.recording, side.sources[piece.unit]) for piece in found.placed}


def test_a_text_with_the_same_formulas_is_another_recordings():
    assert kept(side_of(with_formulas(OTHER, 8)), said(with_formulas(OWN, 6))) == set()


def test_its_own_text_is_taken_with_its_formulas():
    text = with_formulas(OWN, 6)
    assert kept(side_of(text), said(text)) == {(0, 0)}


def test_ten_sentences_of_a_long_text_are_taken_where_the_recording_has_nothing_else():
    assert kept(side_of([*OWN, *OTHER]), said(OTHER[50:60])) == {(0, 0)}


def test_a_short_text_is_taken_from_a_long_recording():
    assert kept(side_of(OWN[:4]), said([*OTHER, *OWN[:4], *OTHER])) == {(0, 0)}


def test_each_recording_of_a_group_has_its_own_text():
    heard = [*said(OWN[:60]), *said(OTHER[:60], recording=1)]
    assert kept(side_of(OWN[:60], OTHER[:60]), heard, recordings=2) == {(0, 0), (1, 1)}


def test_what_became_chance_is_unplaced_not_lost():
    side, heard = side_of(with_formulas(OTHER, 8)), said(with_formulas(OWN, 6))
    whole = plan_group(side, heard, "en", AlignConfig())
    found = without_chance(whole, 1).plan
    assert len(whole.plan.placed) >= 2
    assert len(found.unplaced) == len(whole.plan.placed) + len(whole.plan.unplaced)
