"""What a window's text leaves out in time is decoded again by itself, or told."""

from dataclasses import replace

import numpy as np
import pytest

from govor.records import Hypothesis, Measures, Span, Word
from govor.transcribe.completeness import completed, is_noise
from govor.transcribe.window import Window

RATE = 16_000
SURE = Measures(-0.2, 1.2, 0.01)


def window(regions, start=100.0, seconds=30.0, voiced_s=None):
    samples = np.zeros(round(seconds * RATE), np.float32)
    regions = tuple((start + a, start + b) for a, b in regions)
    return Window(start, samples, RATE, (regions[0][0], regions[-1][1]), regions=regions, voiced_s=voiced_s)


def said(*spans, measures=SURE, **more):
    text = " ".join(span.text for span in spans)
    return Hypothesis(text, spans=spans, measures=measures, language="en", **more)


def span(text, start, end, **more):
    return Span(text, start, end, measures=SURE, **more)


class Answers:
    """Gives a part the answer of the stretch that holds its middle, and remembers what was asked."""

    def __init__(self, *answers):
        self.answers, self.asked = answers, []

    def __call__(self, parts, numbers):
        self.asked.append([(round(p.start, 2), round(p.end, 2)) for p in parts])
        return [self.answer(part) for part in parts]

    def answer(self, part):
        middle = (part.start + part.end) / 2
        for start, end, text in self.answers:
            if start <= middle < end:
                return said(span(text, 0.1, part.duration - 0.1))
        return said()


LONG = "so many words that nobody would call them few"


def test_what_is_complete_is_left_alone():
    one = said(span(LONG, 0.0, 10.0), span(LONG, 12.0, 29.8))
    decode = Answers()
    (done,) = completed([window([(0.2, 9.5), (12.1, 29.5)])], [one], decode)
    assert done.hypothesis is one and not done.lost and not decode.asked


@pytest.mark.parametrize(
    ("spans", "hole", "text"),
    [
        ([span(LONG, 0.0, 12.0)], (112.0, 130.0), f"{LONG} found"),
        ([span(LONG, 14.0, 30.0)], (100.0, 114.0), f"found {LONG}"),
        ([span(LONG, 0.0, 8.0), span(LONG, 20.0, 30.0)], (108.0, 120.0), f"{LONG} found {LONG}"),
    ],
    ids=["behind the last", "before the first", "between two"],
)
def test_speech_that_lies_open_becomes_a_window_of_its_own(spans, hole, text):
    decode = Answers((*hole, "found"))
    (done,) = completed([window([(0.0, 30.0)])], [said(*spans)], decode)
    start, end = decode.asked[0][0]
    assert hole[0] - 0.01 <= start <= hole[0] + 0.31 and hole[1] - 0.31 <= end <= hole[1] + 0.01
    assert done.hypothesis.text == text and done.hypothesis.language == "en"
    starts = [one.start for one in done.hypothesis.spans]
    assert starts == sorted(starts) and all(0 <= s < 30 for s in starts)


def test_silence_and_a_word_lie_open_without_harm():
    decode = Answers()
    one = said(span(LONG, 0.0, 10.0))
    (done,) = completed([window([(0.0, 10.2), (20.0, 20.9)])], [one], decode)
    assert not decode.asked and not done.lost


def test_a_window_that_is_empty_is_heard_in_halves_cut_at_its_longest_pause():
    decode = Answers((100.0, 118.0, "first"), (118.0, 130.0, "second"))
    (done,) = completed([window([(0.0, 8.0), (8.2, 17.0), (19.0, 30.0)])], [said()], decode)
    assert decode.asked[0] == [(100.0, 118.0), (118.0, 130.0)]
    assert done.hypothesis.text == "first second"


def test_what_stays_empty_is_told_after_two_rounds():
    decode = Answers()
    one = said(span(LONG, 0.0, 10.0))
    (done,) = completed([window([(0.0, 30.0)])], [one], decode)
    assert len(decode.asked) == 2 and done.hypothesis is one
    ((start, end),) = done.lost
    assert start == pytest.approx(110, abs=0.4) and end == pytest.approx(130)


def test_nothing_is_decoded_twice():
    decode = Answers()
    completed([window([(0.0, 30.0)])], [said()], decode)
    asked = [part for one in decode.asked for part in one]
    assert len(asked) == len(set(asked)) and (100.0, 130.0) not in asked


def test_the_beginning_of_a_loop_is_heard_again():
    """What is left of a loop is its first round, without an end."""
    one = said(span(LONG, 0.0, 10.0), span("the the", 10.0, 30.0, closed=False), broken=True)
    decode = Answers((110.0, 130.0, "found"))
    (done,) = completed([window([(0.0, 30.0)])], [one], decode)
    assert done.hypothesis.text == f"{LONG} found"


def test_a_stretch_with_far_too_little_text_gives_way_to_more_and_not_to_less():
    one = said(span("not", 0.0, 30.0))
    (more,) = completed([window([(0.0, 30.0)])], [one], Answers((100.0, 130.0, LONG)))
    assert more.hypothesis.text == f"{LONG} {LONG}"  # of both halves
    (less,) = completed([window([(0.0, 30.0)])], [one], Answers((100.0, 130.0, "a")))
    assert less.hypothesis.text == "not"


def test_a_round_comes_together_and_names_its_windows():
    decode = Answers((100.0, 130.0, "found"), (200.0, 230.0, "too"))
    numbers = []

    def noted(parts, ours):
        numbers.append(list(ours))
        return decode(parts, ours)

    windows = [window([(0.0, 30.0)]), window([(0.0, 30.0)], start=200.0)]
    first, second = completed(windows, [said(span(LONG, 0.0, 12.0)), said(span(LONG, 9.0, 30.0))], noted)
    assert numbers[0] == [0, 1]
    assert first.hypothesis.text.endswith("found") and second.hypothesis.text.startswith("too")


UNSURE = Measures(-1.4, 1.0, 0.8)


@pytest.mark.parametrize(
    ("measures", "voiced_s", "noise"),
    [
        (UNSURE, None, True),
        (UNSURE, 0.0, True),
        (UNSURE, 9.0, False),  # the detector is sure that somebody speaks
        (Measures(-0.4, 1.0, 0.8), None, False),  # a probability of no speech alone is not enough
        (Measures(-1.4, 1.0, 0.1), None, False),
        (Measures(-0.4, 1.0, 0.8), 0.1, True),  # hardly a sound of speech, and the model doubts too
        (Measures(-0.1, 1.0, 0.01), 0.1, False),
        (None, None, False),
    ],
)
def test_text_is_taken_for_noise_where_detector_and_model_agree(measures, voiced_s, noise):
    heard = window([(0.0, 30.0)], voiced_s=voiced_s)
    assert is_noise(heard, said(span("you", 0.0, 30.0), measures=measures)) is noise


def test_noise_gives_no_text_and_is_not_told_as_lost():
    (done,) = completed([window([(0.0, 30.0)])], [said(span("you", 0.0, 30.0), measures=UNSURE)], Answers())
    assert done.hypothesis.text == "" and not done.hypothesis.spans and not done.lost


def worded(text, *times):
    words = tuple(Word(word, a, b) for word, (a, b) in zip(text.split(), times, strict=True))
    return Span(text, words[0].start, words[-1].end, words, measures=SURE)


def packed_window():
    """Speech of 8 s, of 4 s behind a gap of 2 s, and of 5 s behind another."""
    samples = np.zeros(17 * RATE, np.float32)
    regions, gaps = ((100.5, 107.5), (110.5, 113.5), (116.5, 120.5)), ((108.0, 110.0), (114.0, 116.0))
    return Window(100.0, samples, RATE, (100.5, 120.5), regions=regions, voiced_s=14.0, gaps=gaps)


def test_speech_between_gaps_that_a_stretch_only_reaches_over_is_heard_again():
    """Its time is covered, and only the times of words tell that nothing of it was written."""
    tenths = [(0.6 + 0.7 * k, 1.2 + 0.7 * k) for k in range(10)]
    first = worded("so many words that nobody calls them few at all", *tenths)
    over = worded(
        "and even more of them that come behind it", *[(16.6 + k / 2, 17.0 + k / 2) for k in range(9)]
    )
    over = replace(over, start=9.0)
    decode = Answers((110.0, 114.0, "what had been left out before"))
    one = said(first, over)
    (done,) = completed([packed_window()], [replace(one, words=first.words + over.words)], decode)
    assert decode.asked == [[(110.2, 113.8)]]
    assert done.hypothesis.text == f"{first.text} what had been left out before {over.text}"


@pytest.mark.parametrize(("voiced_s", "kept"), [(14.0, True), (0.9, False), (None, False)])
def test_unsure_text_of_sure_speech_between_gaps_is_kept(voiced_s, kept):
    """A window of its own would be taken too; where the detector is in doubt it is not."""
    unsure = Measures(-1.2, 1.2, 0.1)

    def decode(parts, numbers):
        return [said(Span("faintly heard words", 0.3, 3.3, measures=unsure), measures=unsure) for _ in parts]

    window = replace(packed_window(), voiced_s=voiced_s)
    first, last = span(LONG, 0.5, 7.5), span(LONG, 16.5, 20.5)
    (done,) = completed([window], [said(first, last)], decode)
    assert ("faintly" in done.hypothesis.text) == kept and bool(done.lost) != kept
