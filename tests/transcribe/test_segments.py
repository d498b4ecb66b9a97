"""Words of windows to the text of segments, spaced as the model wrote them."""

import numpy as np
import pytest

from govor.records import Hypothesis, Span, Word
from govor.transcribe.segments import Joiner
from govor.transcribe.window import Window


def window(start=0.0, seconds=10.0, **overlap):
    samples = np.zeros(round(seconds * 16_000), np.float32)
    return Window(start, samples, 16_000, (start, start + seconds), **overlap)


def one_a_second(words):
    return tuple(Word(word, float(i), i + 0.9) for i, word in enumerate(words))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["dobar", "dan", "svima"], "dobar dan svima"),
        (["你", "好", "OK", "Google", "吗"], "你好 OK Google吗"),
        (["ส", "วัส", "ดี", "ครับ", "ผม", "ชื่อ"], "สวัสดีครับ ผมชื่อ"),
    ],
)
def test_a_space_stands_where_the_model_wrote_one(words, text):
    joiner = Joiner()
    (segment,) = [*joiner.add(window(), Hypothesis(text, one_a_second(words))), *joiner.finish()]
    assert segment.text == text and len(segment.words) == len(words)


@pytest.mark.parametrize("timed", [True, False])
def test_overlapping_windows_of_a_script_without_spaces_are_joined_without_doubling(timed):
    text, joiner = "一二三四五六七八九十甲乙丙丁", Joiner()

    def heard(part):
        return Hypothesis(part, one_a_second(part) if timed else ())

    left = window(0.0, 10.0, overlapped=True)
    right = window(6.0, 8.0, overlaps=True)
    found = [*joiner.add(left, heard(text[:10])), *joiner.add(right, heard(text[6:])), *joiner.finish()]
    assert "".join(segment.text for segment in found) == text


def test_stretches_that_the_model_parts_become_segments():
    """Inside the window, in the recording's seconds; times of words go before them."""
    spans = (Span("ab c", 0.5, 2.0), Span("d", 3.0, 99.0))
    joiner = Joiner()
    found = list(joiner.add(window(start=20.0), Hypothesis("ab c d", spans=spans)))
    assert [(s.start, s.end, s.text) for s in found] == [(20.5, 22.0, "ab c"), (23.0, 30.0, "d")]
    words = (Word("ab", 0.5, 1.0), Word("c", 1.0, 1.5), Word("d", 1.5, 2.0))
    (timed,) = joiner.add(window(start=20.0), Hypothesis("ab c d", words, spans=spans))
    assert (timed.start, timed.end, timed.text) == (20.5, 22.0, "ab c d")
