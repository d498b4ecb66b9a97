"""Which letters stand for which: anchors, chains, gaps; answers known in advance."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from govor.align.anchors import shared_stretches
from govor.align.chains import chained
from govor.align.gaps import affine, between, forward
from govor.align.letters import spelt
from govor.align.matching import match

GENERATOR = random.Random(1)
WORDS = [
    "".join(GENERATOR.choice("abcdefghijklmnop") for _ in range(GENERATOR.randint(2, 9))) for _ in range(900)
]


def codes(text):
    return spelt([text]).codes


def matched(text, heard):
    a, b = spelt(text.split()), spelt(heard.split())
    return a, b, match(a.codes, b.codes)


def test_a_stretch_is_as_long_as_what_is_equal():
    found = shared_stretches(codes("xxxabcdefghyyy"), codes("zzabcdefghw"), 6, 2)
    assert (found.a.tolist(), found.b.tolist(), found.length.tolist()) == ([3], [2], [8])


def test_what_is_frequent_is_no_anchor():
    assert len(shared_stretches(codes("abcdef" * 5), codes("abcdef"), 6, 3)) == 0


@pytest.mark.parametrize("free_end", [False, True])
def test_a_gap_stays_in_one_piece(free_end):
    pairs = affine(codes("abcdefghij"), codes("abcdexyzwvuqrsfghij"), free_end)
    assert pairs.tolist() == [[n, n if n < 5 else n + 9] for n in range(10)]


def test_what_does_not_agree_is_not_gone_on_to():
    pairs = forward(codes("abcdefghqqqqqqqqqqqqqqqq"), codes("abcdefghwwwwwwwwwwwwwwwwww"))
    assert pairs[-1].tolist() == [7, 7]


def test_a_large_gap_is_matched_at_its_ends_alone():
    generator = random.Random(0)
    left, right = ("".join(generator.choice("abcd") for _ in range(2000)) for _ in range(2))
    pairs = between(codes("hello" + left + "world"), codes("hello" + right + "world"))
    assert pairs[:5].tolist() == [[n, n] for n in range(5)]
    assert pairs[-1].tolist() == [2009, 2009]


def test_equal_texts_match_letter_by_letter():
    _, _, found = matched(" ".join(WORDS), " ".join(WORDS))
    assert found.tolist() == list(range(len(found)))


def test_swapped_sections_are_found_where_they_are():
    one, two, three = WORDS[:200], WORDS[200:330], WORDS[330:600]
    a, b, found = matched(" ".join(one + two + three), " ".join(two + one + three))
    inside = found[a.first[210] : a.first[320]]
    assert inside.tolist() == list(range(b.first[10], b.first[120]))
    assert found[a.first[20]] == b.first[150]


def test_a_few_words_by_chance_take_nothing_from_a_section_that_is_there():
    """What follows the first section has some words of the second one, at the right distances.

    Near the first section a few words may still be of it; far from it they are not.
    """
    one, two, other = WORDS[:200], WORDS[200:300], WORDS[300:400]
    some = [word if n % 8 == 0 else other[n] for n, word in enumerate(two)]
    a, b, found = matched(" ".join(one + two), " ".join(one + some + two))
    inside = found[a.first[260] : a.first[295]]
    assert (inside == np.arange(b.first[360], b.first[395])).mean() > 0.9


def test_unspoken_text_stands_for_nothing():
    a, _, found = matched(" ".join(WORDS[:300] + ["qqzzq"] * 40 + WORDS[300:500]), " ".join(WORDS[:500]))
    assert (found[a.first[302] : a.first[338]] >= 0).mean() < 0.1


def test_nothing_and_nothing():
    empty = spelt([])
    assert match(empty.codes, empty.codes).tolist() == []
    assert match(codes("abc"), empty.codes).tolist() == [-1, -1, -1]


texts = st.lists(st.sampled_from([*WORDS[:60], "", "a"]), max_size=60)


@settings(max_examples=60, deadline=None)
@given(texts, texts)
def test_each_place_heard_stands_for_one_letter_and_lies_inside(one, other):
    a, b = spelt(one), spelt(other)
    found = match(a.codes, b.codes)
    known = found[found >= 0]
    assert len(found) == len(a)
    assert (known < len(b)).all()
    assert len(set(known.tolist())) == len(known)


@settings(max_examples=80, deadline=None)
@given(st.text("abc", max_size=40), st.text("abc", max_size=40), st.booleans())
def test_pairs_ascend_in_both(one, other, free_end):
    pairs = affine(codes(one), codes(other), free_end)
    assert (np.diff(pairs, axis=0) > 0).all()
    assert len(pairs) <= min(len(one), len(other))


@settings(max_examples=60, deadline=None)
@given(texts, texts)
def test_chains_overlap_in_neither_text(one, other):
    a, b = spelt(one).codes, spelt(other).codes
    chains = chained(shared_stretches(a, b, 5, 3), 6.0)
    for side in ("a", "b"):
        spans = sorted(getattr(chain, side) for chain in chains)
        assert all(x[1] <= y[0] for x, y in pairwise(spans))
