"""Texts scored on frames whose probabilities are written by hand."""

import itertools
import math

import numpy as np
import pytest

from govor.models.ctc.listening import HeardByCtc

BLANK, SPACE, A, B, C = range(5)


class Letters:
    """A vocabulary of a, b, c and the space."""

    blank, delimiter, quiet = BLANK, SPACE, (BLANK, SPACE)

    def encode(self, text):
        return [" abc".index(letter) + 1 for letter in text]


def heard(path: str, sure: float = 0.96) -> HeardByCtc:
    """Frames that say one character each, ``-`` for the blank."""
    probabilities = np.full((len(path), 5), (1 - sure) / 4)
    for frame, letter in enumerate(path):
        probabilities[frame, "- abc".index(letter)] = sure
    return HeardByCtc(Letters(), np.log(probabilities).astype(np.float32))


def collapsed(path) -> tuple[int, ...]:
    return tuple(token for token, _ in itertools.groupby(path) if token != BLANK)


def test_the_total_is_the_sum_over_all_paths() -> None:
    said = heard("-ab", 0.7)
    (fit,) = said.fits(["ab"])
    every = (p for p in itertools.product(range(5), repeat=3) if collapsed(p) == (A, B))
    total = sum(math.exp(sum(said.log_probs[f, t] for f, t in enumerate(path))) for path in every)
    assert fit.total == pytest.approx(math.log(total), abs=1e-4) and fit.units == 2


def test_the_said_text_fits_better_than_others() -> None:
    own, *others = heard("-a-b--c-").fits(["abc", "acb", "cba", "bbb"])
    assert own.mean > -0.2 and all(one.mean < own.mean - 1 for one in others)


def test_speech_behind_and_before_the_text_is_a_surprise() -> None:
    said = heard("--a-b- -c-a--")
    whole, no_end, no_beginning = said.fits(["ab ca", "ab", "ca"])
    assert whole.before < 0.5 and whole.after < 0.5
    assert no_end.after > 6 and no_end.before < 0.5
    assert no_beginning.before > 6 and no_beginning.after < 0.5


def test_what_nobody_says_costs_by_the_character() -> None:
    own, without = heard("------a-b-c---").fits(["cc abc", "abc"])
    assert without.total - own.total > 8 and own.units - without.units == 3


def test_a_text_that_does_not_fit_into_the_frames_and_none() -> None:
    assert [one.total for one in heard("ab").fits(["abcabc", ""])] == [-math.inf, -math.inf]
    assert heard("ab").languages == {}
