"""Sound between two words of a sentence."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from govor.align.word_gaps import LONGEST_GAP_S, SHORTEST_GAP_S, shared


def test_words_of_one_pace_meet_where_that_pace_puts_them():
    assert shared([(0.0, 0.3), (0.6, 1.0)], [4, 6]) == ((0.0, 0.4), (0.4, 1.0))


def test_a_word_keeps_what_its_letters_have():
    assert shared([(0.0, 0.3), (0.45, 1.0)], [1, 9]) == ((0.0, 0.3), (0.3, 1.0))
    assert shared([(0.0, 0.3), (0.45, 1.0)], [9, 1]) == ((0.0, 0.45), (0.45, 1.0))


def test_small_blanks_and_long_holes_stay():
    small, long = [(0.0, 0.3), (0.36, 1.0)], [(0.0, 0.3), (0.9, 1.4)]
    assert list(shared(small, [4, 6])) == small
    assert list(shared(long, [4, 6])) == long
    assert shared([], []) == ()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9)), max_size=8))
def test_words_stay_in_order_and_lose_nothing(steps):
    times, letters, reached = [], [], 0
    for gap, length, count in steps:
        times.append(((reached + gap) / 100, (reached + gap + length) / 100))
        letters.append(count)
        reached += gap + length
    made = shared(times, letters)
    edges = [edge for word in made for edge in word]
    assert edges == sorted(edges)
    for (start, end), (begin, stop) in zip(times, made, strict=True):
        assert begin <= start
        assert stop >= end
        assert start - begin <= LONGEST_GAP_S
    gaps = [b[0] - a[1] for a, b in pairwise(made)]
    assert not [gap for gap in gaps if SHORTEST_GAP_S + 1e-9 < gap < LONGEST_GAP_S - 1e-9]
