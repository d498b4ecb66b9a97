"""The same sound in other windows."""

import numpy as np
import pytest

from govor.label.windows import other_windows
from govor.transcribe.window import Window

RATE = 16_000


def window(seconds, regions, start=10.0):
    samples = np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    return Window(start, samples, RATE, (start, start + seconds), regions=regions)


def test_two_parts_meet_in_the_longest_pause():
    parts = other_windows(window(8.0, ((10.0, 12.0), (12.2, 14.0), (15.0, 18.0))))
    assert [(part.start, part.end) for part in parts] == [(10.0, pytest.approx(14.5)), (14.5, 18.0)]


def test_without_a_pause_they_meet_where_it_is_quietest():
    one = window(6.0, ((10.0, 16.0),))
    one.samples[3 * RATE : 3 * RATE + 3000] *= 0.001
    first, second = other_windows(one)
    assert first.end == pytest.approx(13.1, abs=0.15)
    assert len(first.samples) + len(second.samples) == len(one.samples)


def test_a_short_segment_is_heard_behind_silence():
    one = window(2.0, ((10.0, 12.0),))
    (later,) = other_windows(one)
    assert later.duration > one.duration
    assert np.array_equal(later.samples[-len(one.samples) :], one.samples)
