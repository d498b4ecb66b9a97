"""Times of what was heard in windows from which pauses were left out."""

from itertools import pairwise

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from known_speech import RATE

from govor.records import Hypothesis, Span, Word
from govor.transcribe.placed import in_recording
from govor.transcribe.window import Window


def window(*pieces):
    """Of these seconds; its samples are the seconds of the recording."""
    samples = [np.arange(round(a * RATE), round(b * RATE)) / RATE for a, b in pieces]
    gaps = tuple((a[1], b[0]) for a, b in pairwise(pieces))
    regions = tuple((a + 0.5, b - 0.5) for a, b in pieces)
    speech = (regions[0][0], regions[-1][1])
    return Window(
        pieces[0][0], np.concatenate(samples).astype(np.float32), RATE, speech, regions=regions, gaps=gaps
    )


def test_a_window_knows_its_length_with_and_without_gaps():
    one = window((100, 108), (110, 118), (121, 125))
    assert (one.heard_s, one.duration, one.end) == (20.0, 25.0, 125.0)
    assert one.joints == (8.0, 16.0) and window((100, 108)).joints == ()


def test_times_of_what_was_heard_are_the_recordings():
    one = window((100, 108), (110, 118), (121, 125))
    words = (
        Word("before", 7.0, 7.9),
        Word("at the edge", 7.8, 8.1),  # silence on both sides of the gap
        Word("behind", 8.6, 9.2),
        Word("long", 15.0, 16.4),
        Word("last", 17.0, 20.0),
    )
    said = in_recording(Hypothesis("all", words, spans=(Span("all", 0.0, 20.0, words),)), one)
    times = [(round(word.start, 2), round(word.end, 2)) for word in said.words]
    assert times == [(7.0, 7.9), (10.0, 10.0), (10.6, 11.2), (17.0, 18.0), (22.0, 25.0)]
    assert (said.spans[0].start, said.spans[0].end, said.spans[0].words) == (0.0, 25.0, said.words)
    assert in_recording(said, window((0, 30))) is said


@given(st.lists(st.tuples(st.floats(1.9, 6.0), st.floats(2.0, 8.0)), min_size=1, max_size=5), st.data())
def test_a_part_holds_the_samples_of_its_seconds(pieces, data):
    stretches, at = [], 50.0
    for pause, seconds in pieces:
        stretches.append((at + pause, at + pause + seconds))
        at += pause + seconds
    one = window(*stretches)
    start = data.draw(st.floats(one.start, one.end - 1))
    end = data.draw(st.floats(start + 0.5, one.end))
    inside = [(max(a, start), min(b, end)) for a, b in one.regions if a < end and b > start]
    assume(inside)
    part = one.part(start, end)
    assert start - 1e-3 <= part.start
    assert np.abs(part.samples[:2] - part.start).min() < 1e-3  # an edge of a gap may be between two samples
    for a, b in part.gaps:
        assert start < a and b < end
    assert list(part.regions) == inside
    for a, b in inside:  # what is spoken is there, at its place
        for seconds in (a + 1e-3, b - 1e-3):
            assert np.abs(part.samples - seconds).min() < 1e-3
    assert np.diff(part.samples).min() > 0


@given(st.floats(0, 20), st.floats(0, 20))
def test_time_never_runs_backwards(a, b):
    one = window((0, 8), (10, 18), (21, 25))
    first, second = sorted((a, b))
    assert one.begin_at(first) <= one.begin_at(second) and one.end_at(first) <= one.end_at(second)
    said = in_recording(Hypothesis("w", (Word("w", first, second),)), one)
    assert 0 <= said.words[0].start <= said.words[0].end <= one.duration + 1e-9
