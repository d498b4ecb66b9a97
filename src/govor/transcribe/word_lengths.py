"""Words that do not hold the pauses around them.

Cross-attention lets a word last until the next one begins, whatever silence lies between. A word is no longer
here than its letters take at the recording's own pace, with room; OpenAI's Whisper bounds words by twice the
median length likewise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from govor.records import Word
from govor.transcribe.transcript import Segment

LEAST_S = 0.25
"""What a word may take besides its letters."""
TIMES_USUAL = 2.0
"""A letter may take so many times what is usual in the recording."""
USUAL_S = 0.07
"""What a letter takes where a recording has too few words to tell."""
SLOWEST_S = 0.12
"""No recording is taken to be slower: there most words hold pauses."""
FEWEST_WORDS = 10


def without_pauses(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments with words, and themselves, no longer than they are spoken."""
    pace_s = _pace_s([word for segment in segments for word in segment.words])
    return tuple(_tightened(segment, pace_s) for segment in segments)


def _pace_s(words: Sequence[Word]) -> float:
    """What a letter usually takes."""
    if len(words) < FEWEST_WORDS:
        return USUAL_S
    return min(median((word.end - word.start) / max(len(word.text), 1) for word in words), SLOWEST_S)


def _tightened(segment: Segment, pace_s: float) -> Segment:
    if not segment.words:
        return segment
    words = tuple(
        _without_pause(word, place, segment.words, pace_s) for place, word in enumerate(segment.words)
    )
    return replace(segment, start=words[0].start, end=words[-1].end, words=words)


def _without_pause(word: Word, place: int, words: Sequence[Word], pace_s: float) -> Word:
    """A first word holds the pause before it, any other the one behind it."""
    longest_s = LEAST_S + TIMES_USUAL * pace_s * len(word.text)
    if word.end - word.start <= longest_s:
        return word
    if place == 0 and len(words) > 1:
        return replace(word, start=word.end - longest_s)
    return replace(word, end=word.start + longest_s)
