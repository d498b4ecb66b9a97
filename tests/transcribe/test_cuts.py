"""Windows are few, cut at good pauses, and none of two halves is short."""

from __future__ import annotations

import numpy as np
import pytest

from govor.transcribe.cuts import choose_cut, frames, halves_of

LENGTH, MOST = frames(29.0), frames(30.0)


def speech(seconds, *pauses):
    """Frames of speech with pauses (begin, end) in seconds."""
    mask = np.ones(frames(seconds), bool)
    for begin, end in pauses:
        mask[frames(begin) : frames(end)] = False
    return mask


def cut_at(seconds, *pauses, ends=True):
    """Seconds at which the first window of a recording ends."""
    ahead = speech(seconds, *pauses)[: 2 * LENGTH]
    halves = halves_of(ahead, LENGTH, ends)
    return choose_cut(ahead, LENGTH, MOST, full=True, whole=False, halves=halves).end * 0.02


def test_what_fits_into_two_windows_is_cut_into_two():
    at = cut_at(53, (21.0, 21.3), (24.9, 25.1), (27.4, 27.5))  # a cut at 21 s would leave 32
    assert 24.9 < at < 25.1


def test_none_of_two_windows_is_short():
    at = cut_at(34, (4.0, 4.3), (15.0, 15.1), (28.0, 28.3))
    assert 15.0 < at < 15.1


def test_the_longest_pause_parts_two_halves():
    at = cut_at(50, (22.0, 22.1), (24.0, 24.2), (27.0, 27.1))
    assert 24.0 < at < 24.2


def test_a_long_pause_ends_what_is_cut_in_two():
    ahead = speech(58, (38.0, 41.0))
    assert halves_of(ahead, LENGTH, ends=False) == (LENGTH // 3, frames(38.0) - LENGTH // 3)
    assert halves_of(speech(58), LENGTH, ends=False) is None
    assert halves_of(speech(20), LENGTH, ends=True) is None


def test_a_later_pause_is_worth_a_shorter_one():
    assert cut_at(200, (20.0, 20.2), (28.0, 28.14), ends=False) > 28
    assert cut_at(200, (24.0, 24.3), (28.0, 28.08), ends=False) < 25
    assert cut_at(200, (20.0, 21.0), (27.0, 27.3), ends=False) > 27  # good enough is good enough
    assert cut_at(200, (20.0, 20.3), (28.7, 28.8), ends=False) < 21  # this short it may be within a word


def test_speech_without_a_pause_is_cut_by_force_and_heard_twice():
    cut = choose_cut(speech(60), LENGTH, MOST, full=True, whole=False)
    assert cut.forced and cut.end == LENGTH and cut.following == LENGTH - frames(3.0)


def test_a_pause_that_goes_on_behind_the_window_is_not_cut_near_its_beginning():
    assert cut_at(200, (28.5, 29.5), ends=False) == pytest.approx(29.0)
    assert cut_at(200, (28.9, 30.5), ends=False) == pytest.approx(29.7)
    assert cut_at(200, (28.5, 31.5), ends=False) == pytest.approx(28.9)  # a long one is left out
