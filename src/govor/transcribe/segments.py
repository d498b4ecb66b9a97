"""Hypotheses of windows to segments of the recording, as soon as they are certain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from govor.records import Hypothesis, Measures, Span, Word
from govor.text.spacing import pieces, spaces_before
from govor.transcribe.merge import seam
from govor.transcribe.transcript import Segment
from govor.transcribe.window import Window

SEGMENT_PAUSE_S = 0.8
LONGEST_SEGMENT_S = 15.0
SENTENCE_ENDS = (".", "!", "?", "…", "。", "？", "！", "؟", "।")


@dataclass(frozen=True)
class _WindowWords:
    """One window's words in the recording's seconds.

    `timed` is false where the times were only estimated; `spans` are stretches that the model itself parted.
    The first `settled` words are said already by the window before, those from `kept` on are left to the one
    behind.
    """

    window: Window
    words: tuple[Word, ...]
    text: str
    timed: bool
    spans: tuple[Span, ...] = ()
    settled: int = 0
    kept: int | None = None
    language: str | None = None
    measures: Measures | None = None

    @property
    def spaces(self) -> list[str]:
        """What the model wrote before each word: a space, or nothing in scripts that write none."""
        return spaces_before([word.text for word in self.words], self.text)

    def measures_at(self, seconds: float) -> Measures | None:
        """Of what was decoded there: a window whose parts were decoded again has several."""
        begun = [span.measures for span in self.spans if span.measures and span.start <= seconds + 1e-6]
        return begun[-1] if begun else self.measures


class Joiner:
    """Takes windows with their hypotheses in order and gives segments; holds back what may be overlapped."""

    def __init__(self, keep_words: bool = True) -> None:
        self.keep_words = keep_words
        self._held: _WindowWords | None = None

    def add(self, window: Window, hypothesis: Hypothesis) -> Iterator[Segment]:
        """Segments that are certain once `window` is known; its own too, unless the next may overlap it."""
        heard = _window_words(window, hypothesis)
        if self._held is not None:
            if window.overlaps:
                self._held, heard = _joined(self._held, heard)
            yield from self._segments(self._held)
        self._held = heard if window.overlapped else None
        if self._held is None:
            yield from self._segments(heard)

    def finish(self) -> Iterator[Segment]:
        """The segments of the last window."""
        if self._held is not None:
            yield from self._segments(self._held)
        self._held = None

    def _segments(self, heard: _WindowWords) -> Iterator[Segment]:
        own = heard.words[heard.settled : heard.kept]
        if not heard.timed and len(own) == len(heard.words):
            for span in heard.spans:
                yield Segment(span.start, span.end, span.text, (), heard.language, span.measures)
            if heard.text and not heard.spans:
                yield Segment(*heard.window.speech, heard.text, (), heard.language, heard.measures)
            return
        spaces = iter(heard.spaces[heard.settled : heard.kept])
        for words in _groups(own):
            text = "".join(next(spaces) + word.text for word in words).lstrip()
            kept = tuple(words) if self.keep_words else ()
            measures = heard.measures_at(words[0].start)
            yield Segment(words[0].start, words[-1].end, text, kept, heard.language, measures)


def _window_words(window: Window, hypothesis: Hypothesis) -> _WindowWords:
    text = hypothesis.text.strip()
    spans = tuple(_span_inside(span, window) for span in hypothesis.spans)
    timed = bool(hypothesis.words)
    words = tuple(_inside(w, window) for w in hypothesis.words) if timed else spread(text, *window.speech)
    said = _WindowWords(window, words, text, timed, spans)
    return replace(said, language=hypothesis.language, measures=hypothesis.measures)


def _span_inside(span: Span, window: Window) -> Span:
    place = _inside(Word(span.text, span.start, span.end), window)
    return replace(span, text=place.text, start=place.start, end=place.end, words=())


def _inside(word: Word, window: Window) -> Word:
    start = min(max(word.start, 0.0), window.duration)
    end = min(max(word.end, start), window.duration)
    return Word(word.text.strip(), window.start + start, window.start + end, word.confidence)


def spread(text: str, start: float, end: float) -> tuple[Word, ...]:
    """Words of `text`, or characters where words are not parted, laid out over a stretch by their lengths."""
    words = [piece for word in text.split() for piece in pieces(word)]
    characters = sum(len(word) + 1 for word in words)
    made, done = [], 0
    for word in words:
        begin = start + (end - start) * done / characters
        done += len(word) + 1
        made.append(Word(word, begin, start + (end - start) * done / characters))
    return tuple(made)


def _joined(left: _WindowWords, right: _WindowWords) -> tuple[_WindowWords, _WindowWords]:
    kept, settled = seam(left.words, right.words, right.window.start, left.window.end, left.settled)
    return replace(left, kept=kept), replace(right, settled=settled)


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words parted at pauses and after sentences; what gets too long is parted at its longest pause."""
    group: list[Word] = []
    for word in words:
        paused = bool(group) and word.start - group[-1].end >= SEGMENT_PAUSE_S
        if paused or (group and group[-1].text.endswith(SENTENCE_ENDS)):
            yield from _short_enough(group)
            group = []
        group.append(word)
    if group:
        yield from _short_enough(group)


def _short_enough(words: list[Word]) -> Iterator[list[Word]]:
    if len(words) < 2 or words[-1].end - words[0].start <= LONGEST_SEGMENT_S:
        yield words
        return
    middle = (words[0].start + words[-1].end) / 2
    half = words[-1].end - words[0].start
    cut = max(
        range(1, len(words)),
        key=lambda i: words[i].start - words[i - 1].end - abs(words[i].start - middle) / half * 0.2,
    )
    yield from _short_enough(words[:cut])
    yield from _short_enough(words[cut:])
