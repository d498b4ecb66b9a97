"""No speech is lost: what a window's text leaves out in time is decoded again, as windows of its own.

A probability does not find what a model has left out: a window that ends after two words may be sure of them.
So the stretches that the model wrote are laid over the regions in which somebody speaks. What lies open
behind the last one, before the first or between two goes back to be decoded by itself, cut at its longest
pause where it was all of its window. What stays empty is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from govor.records import LEAST_LOGPROB, MOST_NO_SPEECH, Hypothesis, Measures, Span, Word
from govor.text.spacing import joined, spaces_before
from govor.transcribe.window import Region, Window

MOST_OPEN_S = 1.0
"""Speech that may lie open before it is decoded again."""
ROUNDS = 2
SLACK_S = 0.3
"""A model's times and a detector's differ by so much."""
PAD_S = 0.3
SHORTEST_S = 2.0
"""Of the halves of a stretch."""
SAME = 0.9
"""Of two stretches that is common, where the second would give what the first gave."""
PAUSE_S = 0.8
"""Between words that were timed, where the model wrote no stretches."""
LEAST_RATE = 1.5
LEAST_OPEN_RATE = 4.0
"""Characters for a second of speech, below which a stretch lacks text; of one without an end of its own."""
LEAST_PIECE_RATE = 6.0
"""The same of what stands between two gaps: a model may leave out all of it, and other words reach in."""
FAINT_S = 0.3
"""Speech that a neural detector is sure of, below which a text must be sure itself."""
FAINT_NO_SPEECH, FAINT_LOGPROB = 0.2, -0.6

Decode = Callable[[Sequence[Window], Sequence[int]], Sequence[Hypothesis]]


@dataclass(frozen=True)
class Hole:
    """Speech that a window's text leaves out.

    Attributes:
        start: seconds in the recording.
        end: seconds.
        poor: the stretch with too little text that stands there, if one does.
    """

    start: float
    end: float
    poor: Span | None = None


@dataclass
class _Work:
    """One window, and what is known of it so far; times are the recording's."""

    window: Window
    hypothesis: Hypothesis
    spans: list[Span]
    tried: list[Region] = field(default_factory=list)
    quiet: list[Region] = field(default_factory=list)
    changed: bool = False


@dataclass(frozen=True)
class CompletedWindow:
    """A window with all the text that was found in it.

    Attributes:
        window: as it was.
        hypothesis: in the window's seconds.
        lost: seconds in the recording in which speech stayed without text.
    """

    window: Window
    hypothesis: Hypothesis
    lost: tuple[Region, ...] = ()


def completed(
    windows: Sequence[Window], hypotheses: Sequence[Hypothesis], decode: Decode
) -> list[CompletedWindow]:
    """Windows with what was left out put in.

    Args:
        windows: of a batch.
        hypotheses: theirs.
        decode: gives the hypotheses of further windows of these; those of a whole round come together, each
            with the number of the window that it is a part of.
    """
    works = [_first_work(one, said) for one, said in zip(windows, hypotheses, strict=True)]
    for _ in range(ROUNDS):
        wanted = [
            (number, hole, part)
            for number, work in enumerate(works)
            for hole in _holes(work)
            for part in _untried(work, hole)
        ]
        if not wanted:
            break
        said = decode([part for *_, part in wanted], [number for number, *_ in wanted])
        for (number, hole, part), found in zip(wanted, said, strict=True):
            _fill(works[number], hole, part, found)
    return [_completed_window(work) for work in works]


def _first_work(window: Window, hypothesis: Hypothesis) -> _Work:
    whole = (window.start, window.end)
    if is_noise(window, hypothesis):
        return _Work(window, hypothesis, [], [whole], [whole], changed=bool(hypothesis.text))
    whole_spans = [span.shifted(window.start) for span in _spans(window, hypothesis)]
    spans = [part for span in whole_spans for part in _between_gaps(span, window)]
    kept = [span for span in spans if span.closed or not hypothesis.broken]
    return _Work(window, hypothesis, kept, [whole], changed=len(kept) < len(spans))


def _between_gaps(span: Span, window: Window) -> list[Span]:
    """A stretch of the recording, in one part for each side of the gaps that its words lie on."""
    if not span.words or not any(span.start < a and b < span.end for a, b in window.gaps):
        return [span]
    spaces = spaces_before([word.text for word in span.words], span.text)
    pieces: dict[int, list[tuple[Word, str]]] = {}
    for word, space in zip(span.words, spaces, strict=True):
        behind = sum(a <= word.start for a, _ in window.gaps)
        pieces.setdefault(behind, []).append((word, space))
    return [_of_words(group, span.measures, span.closed) for group in pieces.values()]


def is_noise(window: Window, hypothesis: Hypothesis) -> bool:
    """Whether detector and model agree that nobody speaks, whatever was written."""
    measured = hypothesis.measures
    if measured is None or measured.no_speech_prob is None:
        return False
    if window.voiced_s is not None and window.voiced_s < FAINT_S:
        return measured.no_speech_prob > FAINT_NO_SPEECH or measured.avg_logprob < FAINT_LOGPROB
    silent = measured.no_speech_prob > MOST_NO_SPEECH and measured.avg_logprob < LEAST_LOGPROB
    return silent and not _is_voiced(window)


def _is_voiced(window: Window) -> bool:
    """Whether a neural detector is sure that somebody speaks for more than may lie open."""
    return window.voiced_s is not None and window.voiced_s > MOST_OPEN_S


def _spans(window: Window, hypothesis: Hypothesis) -> tuple[Span, ...]:
    """Stretches with times: the model's own, else words between pauses, else the whole text."""
    if hypothesis.spans or not hypothesis.text.strip():
        return hypothesis.spans
    if not hypothesis.words:
        return (Span(hypothesis.text.strip(), 0.0, window.duration, measures=hypothesis.measures),)
    spaces = spaces_before([word.text for word in hypothesis.words], hypothesis.text)
    groups: list[list[tuple[Word, str]]] = []
    for word, space in zip(hypothesis.words, spaces, strict=True):
        if not groups or word.start - groups[-1][-1][0].end >= PAUSE_S:
            groups.append([])
        groups[-1].append((word, space))
    return tuple(_of_words(group, hypothesis.measures) for group in groups)


def _of_words(group: Sequence[tuple[Word, str]], measures: Measures | None, closed: bool = True) -> Span:
    words = tuple(word for word, _ in group)
    text = "".join(space + word.text for word, space in group).strip()
    return Span(text, words[0].start, words[-1].end, words, closed, measures)


def _holes(work: _Work) -> list[Hole]:
    """Speech that lies open between what has text, and stretches with too little of it."""
    poor = [span for span in work.spans if _is_poor(work.window, span)]
    taken = sorted([*((span.start, span.end) for span in work.spans), *work.quiet])
    found = [Hole(span.start, min(span.end, work.window.end), span) for span in poor]
    at = work.window.start
    for start, end in [*taken, (work.window.end, work.window.end)]:
        open_speech = _open(work.window, at, start)
        if sum(b - a for a, b in open_speech) > MOST_OPEN_S:
            found.append(Hole(max(at, open_speech[0][0] - PAD_S), min(start, open_speech[-1][1] + PAD_S)))
        at = max(at, end)
    return found


def _open(window: Window, start: float, end: float) -> list[Region]:
    """Speech between two times, except for what is as near to text as times are exact."""
    first = start if start == window.start else start + SLACK_S
    last = end if end == window.end else end - SLACK_S
    return [(max(a, first), min(b, last)) for a, b in window.regions if max(a, first) < min(b, last)]


def _is_poor(window: Window, span: Span) -> bool:
    """Far too little text for its seconds of speech."""
    spoken_s = sum(max(0.0, min(b, span.end) - max(a, span.start)) for a, b in window.regions)
    rate = LEAST_RATE if span.closed else LEAST_OPEN_RATE
    if window.gaps:
        rate = max(rate, LEAST_PIECE_RATE)
    return spoken_s > 2 * MOST_OPEN_S and len(span.text) < rate * spoken_s


def _untried(work: _Work, hole: Hole) -> list[Window]:
    """The windows that a hole is decoded in: itself, or its halves where that was tried."""
    wanted = [(hole.start, hole.end)]
    if _was_tried(work, *wanted[0]):
        cut = _pause(work.window, hole.start, hole.end)
        wanted = [(hole.start, cut), (cut, hole.end)]
    new = [
        (a, b)
        for a, b in wanted
        if b - a >= min(SHORTEST_S, hole.end - hole.start) and not _was_tried(work, a, b)
    ]
    work.tried += new
    return [work.window.part(a, b) for a, b in new if _open(work.window, a, b)]


def _was_tried(work: _Work, start: float, end: float) -> bool:
    """Whether nearly the same stretch was decoded before."""
    shared = ((min(b, end) - max(a, start), max(b - a, end - start)) for a, b in work.tried)
    return any(common > SAME * longer for common, longer in shared)


def _pause(window: Window, start: float, end: float) -> float:
    """The middle of the longest pause that leaves two halves, else of the stretch."""
    ends, begins = [b for _, b in window.regions][:-1], [a for a, _ in window.regions][1:]
    pauses = [(a - b, (a + b) / 2) for b, a in zip(ends, begins, strict=True)]
    usable = [pause for pause in pauses if start + SHORTEST_S <= pause[1] <= end - SHORTEST_S]
    return max(usable)[1] if usable else (start + end) / 2


def _fill(work: _Work, hole: Hole, part: Window, said: Hypothesis) -> None:
    """Puts what was found into its hole, unless it is taken for noise."""
    measured = said.measures
    silent = measured is not None and (measured.no_speech_prob or 0.0) > MOST_NO_SPEECH
    if silent and not _is_voiced(part):
        work.quiet.append((part.start, part.end))
        return
    unsure = measured is not None and measured.avg_logprob < LEAST_LOGPROB
    unsure = unsure and not (work.window.gaps and _is_voiced(part))  # a window of its own would be taken
    new = [span.shifted(part.start) for span in _spans(part, said) if span.closed or not said.broken]
    if unsure or not new or is_noise(part, said) or _is_poorer(new, hole.poor):
        return
    rest = [span for span in work.spans if span is not hole.poor]
    work.spans = sorted([*rest, *new], key=lambda span: span.start)
    work.changed = True


def _is_poorer(new: Sequence[Span], poor: Span | None) -> bool:
    return poor is not None and sum(len(span.text) for span in new) <= len(poor.text)


def _completed_window(work: _Work) -> CompletedWindow:
    lost = tuple((hole.start, hole.end) for hole in _holes(work) if hole.poor is None)
    if not work.changed:
        return CompletedWindow(work.window, work.hypothesis, lost)
    spans = tuple(span.shifted(-work.window.start) for span in work.spans)
    said = replace(
        work.hypothesis,
        text=joined([span.text for span in spans]),
        words=tuple(word for span in spans for word in span.words),
        spans=spans,
        tokens=(),
    )
    return CompletedWindow(work.window, said, lost)
