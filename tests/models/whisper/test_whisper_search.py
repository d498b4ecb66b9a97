"""Attempts at a window: which are made, which is kept, and what a loop is."""

import dataclasses

import pytest

from govor.models.base import DecodeOptions
from govor.models.whisper.search import AttemptResult, Search, end_of_first, settled
from govor.records import Measures
from govor.text.compression import compression_ratio


def found(logprob=-0.3, compression=1.2, no_speech=0.0, *, ended=True, loop=None, tokens=(1,)):
    return AttemptResult(tokens, ended, 0.5, Measures(logprob, compression, no_speech), loop)


class Attempts:
    """Gives each window's answers in turn."""

    def __init__(self, *answers):
        self.answers, self.asked = [list(row) for row in answers], []

    def __call__(self, rows, search):
        self.asked.append((list(rows), search))
        return [self.answers[row].pop(0) for row in rows]


RETRIES = DecodeOptions(retries=True)
LADDER = [Search(1), Search(5), Search(5, 5)]
GOOD, LOOP, UNLIKELY = found(), found(loop=3), found(-1.7)


def test_only_what_is_doubtful_is_decoded_again():
    attempts = Attempts([GOOD], [LOOP, GOOD], [UNLIKELY, UNLIKELY, GOOD])
    assert settled(attempts, 3, RETRIES) == [GOOD] * 3
    assert attempts.asked == [([0, 1, 2], LADDER[0]), ([1, 2], LADDER[1]), ([2], LADDER[2])]


def test_a_beam_that_is_wide_already_is_not_tried_twice():
    attempts = Attempts([LOOP, GOOD])
    settled(attempts, 1, DecodeOptions(retries=True, beam_size=8))
    assert [search for _, search in attempts.asked] == [Search(8), Search(8, 5)]


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([LOOP, UNLIKELY, found(-1.2)], 2),
        ([UNLIKELY, LOOP, LOOP], 0),
        ([found(-1.5, 3.0), found(-1.9), LOOP], 1),
        ([found(ended=False), found(-2.0), found(-0.1, ended=False)], 1),
    ],
)
def test_the_best_is_kept_where_none_is_good(answers, kept):
    assert settled(Attempts(answers), 1, RETRIES) == [answers[kept]]


def test_silence_is_not_decoded_again():
    quiet = found(-1.7, no_speech=0.9)
    attempts = Attempts([quiet])
    assert settled(attempts, 1, RETRIES) == [quiet] and len(attempts.asked) == 1


def test_without_retries_the_text_is_the_models_own():
    attempts = Attempts([LOOP])
    assert settled(attempts, 1, DecodeOptions()) == [dataclasses.replace(LOOP, loop=None)]
    assert len(attempts.asked) == 1


@pytest.mark.parametrize(
    ("tokens", "end"),
    [
        ([], None),
        (list(range(400)), None),
        ([7] * 444, 1),
        ([1, 2, 3] + [7, 8] * 30, 5),
        (list(range(100)) + list(range(50, 60)) * 6, 60 + 50),
        ([1, 2] * 4, None),  # people do say that
        ([5] * 20, None),
        (list(range(80)) * 2, None),
        ([1, 2, 3, 4, 5, 6, 7] * 5, 7),
    ],
)
def test_a_loop_is_five_times_the_same(tokens, end):
    assert end_of_first(tokens) == end


def test_text_that_repeats_itself_compresses():
    assert compression_ratio("") == 0.0
    assert compression_ratio("all of it is said once, and it is said well") < 1.5
    assert compression_ratio("and so it went. " * 30) > 2.4
