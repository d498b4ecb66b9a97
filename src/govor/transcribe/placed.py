"""The recording's times of what was heard in a window from which pauses were left out."""

from __future__ import annotations

from dataclasses import replace

from govor.records import Hypothesis, Span, Word
from govor.transcribe.window import Window


def in_recording(hypothesis: Hypothesis, window: Window) -> Hypothesis:
    """What was heard in a window, with the times that its gaps give it, from the window's start."""
    if not window.gaps:
        return hypothesis
    return replace(
        hypothesis,
        words=tuple(_placed_word(word, window) for word in hypothesis.words),
        spans=tuple(_placed_span(span, window) for span in hypothesis.spans),
    )


def _placed_word(word: Word, window: Window) -> Word:
    start, end = _placed(word.start, word.end, window)
    return replace(word, start=start, end=end)


def _placed_span(span: Span, window: Window) -> Span:
    start, end = _placed(span.start, span.end, window)
    return replace(span, start=start, end=end, words=tuple(_placed_word(one, window) for one in span.words))


def _placed(start: float, end: float, window: Window) -> tuple[float, float]:
    begun = window.begin_at(start)
    return begun, max(begun, window.end_at(end))
