"""The surest share, by one measure or both."""

import pytest

from govor.label.keeping import kept, sureness


def test_the_surest_are_kept_in_the_share_that_is_asked_for():
    assert kept([0.1, 0.9, 0.5, 0.7], [0, 0, 0, 0], "confidence", 0.5).tolist() == [False, True, False, True]
    assert kept([0, 0, 0, 0], [1.0, 0.2, 0.9, 0.1], "agreement", 0.5).tolist() == [True, False, True, False]


def test_both_is_the_mean_of_the_ranks():
    assert sureness([0.9, 0.5, 0.1], [0.1, 0.8, 0.9], "both") == pytest.approx([0.5, 0.5, 0.5])
    assert kept([0.9, 0.8, 0.1], [0.7, 0.9, 0.8], "both", 1 / 3).tolist() == [False, True, False]


def test_what_is_not_known_is_the_least_sure():
    assert kept([None, 0.1], [None, None], "confidence", 0.5).tolist() == [False, True]


def test_nothing_is_kept_of_nothing():
    assert kept([], [], "both", 0.7).tolist() == []
