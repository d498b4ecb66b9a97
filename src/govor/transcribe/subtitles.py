"""Segments to subtitles: few short lines, long enough to be read, cut where a sentence breathes.

The limits are those of common broadcast and streaming guidelines: two lines of 42 characters, 17 characters a
second, between 5/6 s and 7 s on screen, two frames between subtitles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from govor.records import Word
from govor.text.spacing import columns, spaces_before
from govor.transcribe.segments import SENTENCE_ENDS, spread
from govor.transcribe.transcript import Segment

SHORTEST_CUE_S = 5 / 6
LONGEST_CUE_S = 7.0
BRIEFEST_CUE_S = 0.04
"""Where even several begin at one moment: a player shows none that takes no time."""
GAP_S = 0.083
BREATH_S = 0.6
CLAUSE_ENDS = (",", ";", ":", "–", "—", "،", "，", "、")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle: its time on screen and its lines.

    Attributes:
        start: seconds.
        end: seconds.
        lines: of text.
        words: what the lines are made of, each with the space before it; empty where times were not measured.
        speaker: who speaks, where it is known.
    """

    start: float
    end: float
    lines: tuple[str, ...]
    words: tuple[Word, ...] = ()
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class CueRules:
    """What a subtitle may look like.

    Attributes:
        line_characters: longest line; Chinese, Japanese and Korean characters count as two.
        lines: lines of a subtitle.
        reading_speed: characters a viewer reads in a second, counted alike.
    """

    line_characters: int = 42
    lines: int = 2
    reading_speed: float = 17.0


def cues(
    segments: Iterable[Segment], rules: CueRules, until_s: float = math.inf, *, named: bool = False
) -> list[Cue]:
    """Subtitles of a transcript, in order; those of one speaker never overlap.

    Args:
        segments: in order of time.
        rules: what a subtitle may look like.
        until_s: where the recording ends; no subtitle stays longer.
        named: the lines begin with who speaks, where it is known.
    """
    made: dict[str | None, list[Cue]] = {}
    for segment in segments:
        name = said_by(segment) if named else ""
        made.setdefault(segment.speaker, []).extend(_cues_of(segment, rules, name))
    readable = [cue for own in made.values() for cue in _readable(own, rules, until_s)]
    return sorted(readable, key=lambda cue: cue.start)


def said_by(segment: Segment) -> str:
    """Who speaks, as it stands in front of a text; nothing where it is not known."""
    return f"{segment.speaker}: " if segment.speaker else ""


def _cues_of(segment: Segment, rules: CueRules, name: str) -> Iterator[Cue]:
    for group in _groups(_timed_pieces(segment), rules, name):
        lines = _lines(group, rules, name)
        words = tuple(group) if segment.words else ()
        yield Cue(group[0].start, group[-1].end, lines, words, segment.speaker)


def _timed_pieces(segment: Segment) -> list[Word]:
    """What lines may be parted at, each with the space that stands before it."""
    if segment.words:
        timed = [piece for word in segment.words for piece in spread(word.text, word.start, word.end)]
    else:
        timed = list(spread(segment.text, segment.start, segment.end))
    spaces = spaces_before([piece.text for piece in timed], segment.text)
    pairs = zip(spaces, timed, strict=True)
    return [Word(space + piece.text, piece.start, piece.end) for space, piece in pairs]


def _lines(words: Sequence[Word], rules: CueRules, name: str) -> tuple[str, ...]:
    first, *others = (word.text for word in words)
    return break_lines([name + first.lstrip(), *others], rules)


def _groups(words: Sequence[Word], rules: CueRules, name: str) -> Iterator[Sequence[Word]]:
    """Words parted into subtitles: halved at the best place until each part fits."""
    if not words:
        return
    if _fits(words, rules, name):
        yield words
        return
    cut = max(range(1, len(words)), key=lambda i: _break_worth(words, i))
    yield from _groups(words[:cut], rules, name)
    yield from _groups(words[cut:], rules, name)


def _fits(words: Sequence[Word], rules: CueRules, name: str) -> bool:
    if len(words) == 1:
        return True
    if words[-1].end - words[0].start > LONGEST_CUE_S:
        return False
    if any(b.start - a.end >= BREATH_S for a, b in pairwise(words)):
        return False
    return len(_lines(words, rules, name)) <= rules.lines


def _break_worth(words: Sequence[Word], i: int) -> float:
    """How good it is to part before word `i`: pauses first, then punctuation, then the middle."""
    pause_s = words[i].start - words[i - 1].end
    before = words[i - 1].text
    mark = 1.0 if before.endswith(SENTENCE_ENDS) else 0.5 if before.endswith(CLAUSE_ENDS) else 0.0
    return min(pause_s, 2.0) * 2 + mark - 2.0 * abs(i / len(words) - 0.5)


def break_lines(words: Sequence[str], rules: CueRules) -> tuple[str, ...]:
    """Words in as few lines as they need, even in length; a line is longer only where one word is.

    Args:
        words: each with the space that stands before it, where one does.
        rules: how long a line may be.
    """
    widths = [columns(word) for word in words]
    greedy = _greedy(words, widths, rules.line_characters)
    widest = max((columns(word.lstrip()) for word in words), default=1)
    for width in range(widest, rules.line_characters):
        lines = _greedy(words, widths, width)
        if len(lines) == len(greedy):
            return lines
    return greedy


def _greedy(words: Sequence[str], widths: Sequence[int], longest: int) -> tuple[str, ...]:
    lines: list[str] = []
    filled = 0
    for word, width in zip(words, widths, strict=True):
        if lines and filled + width <= longest:
            lines[-1] += word
            filled += width
        else:
            lines.append(word.lstrip())
            filled = width - len(word) + len(lines[-1])
    return tuple(lines)


def _readable(made: Sequence[Cue], rules: CueRules, until_s: float) -> list[Cue]:
    """Cues that stay on screen as long as reading takes, where the next one leaves room."""
    result: list[Cue] = []
    for index, cue in enumerate(made):
        start = max(cue.start, result[-1].end if result else 0.0)
        wanted_s = max(SHORTEST_CUE_S, sum(map(columns, cue.lines)) / rules.reading_speed)
        room = made[index + 1].start - GAP_S if index + 1 < len(made) else until_s
        end = max(cue.end, min(start + min(wanted_s, LONGEST_CUE_S), room))
        if index + 1 < len(made):
            end = min(end, max(made[index + 1].start, start))
        end = max(min(end, start + LONGEST_CUE_S), start + BRIEFEST_CUE_S)
        result.append(replace(cue, start=start, end=end))
    return result
