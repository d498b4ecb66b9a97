"""Pieces at their exact times: by the frames of a model that can place words, then at the nearest pauses."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from govor.align.joined_frames import frames_between
from govor.align.placing import Piece
from govor.align.sound import SpeechTimes, cuts_of_file
from govor.models.base import AskedWord, Placing
from govor.packing import pack
from govor.records import PlacedWord
from govor.transcribe.kept_frames import KeptFrames

PAD_S = 0.6
"""Heard on both sides of a piece: so far its rough times may be wrong."""
SHORTEST_S = 0.05
MOST_TOGETHER_S = 1_800.0
"""Sound whose frames are held at once: at most 46 MB (256 tokens, 20 ms)."""


@dataclass(frozen=True)
class FixedPiece:
    """A piece with its final times.

    Attributes:
        piece: the piece; its times are final.
        log_probability: mean of ln p over its letters; None where no model placed them.
    """

    piece: Piece
    log_probability: float | None = None


Spell = Callable[[int], AskedWord]
"""What is spoken for a word, by its number, normalised for the model."""


def placed_in_sound(
    pieces: Sequence[Piece], file: Path, model: Placing, sample_rate: int, spell: Spell
) -> list[FixedPiece]:
    """Pieces of one recording, by their starts, with the times that the model's frames give their words."""
    spans = [(piece.start - PAD_S, piece.end + PAD_S) for piece in pieces]
    made = []
    for number, wave in cuts_of_file(file, spans, sample_rate):
        piece = pieces[number]
        found = model.place(wave, [spell(word) for word in piece.words])
        made.append(timed(piece, found, max(spans[number][0], 0.0)))
    return made


def placed_in_frames(
    pieces: Sequence[Piece],
    windows: Sequence[KeptFrames],
    model: Placing,
    spell: Spell,
    strange: bool = False,
) -> tuple[list[FixedPiece], list[Piece]]:
    """Pieces placed in the frames that are kept of their recording, and those that no window holds.

    Args:
        pieces: of one recording.
        windows: its frames, by their starts.
        model: scored them.
        spell: a word as the model writes it.
        strange: the model does not know the language.
    """
    rest = [piece for piece in pieces if not _is_held(piece, windows)]
    held = [piece for piece in pieces if _is_held(piece, windows)]
    made: list[FixedPiece] = []
    for together in pack(held, _heard_s, MOST_TOGETHER_S):
        cuts_of = [
            frames_between(windows, piece.start - PAD_S, piece.end + PAD_S, model.frame_s)
            for piece in together
        ]
        spelt = [[spell(word) for word in piece.words] for piece in together]
        parts = [(cut.scores, words) for cut, words in zip(cuts_of, spelt, strict=True)]
        for piece, cut, found in zip(together, cuts_of, model.place_in(parts, strange), strict=True):
            made.append(timed(piece, [cut.placed(word, model.frame_s) for word in found], 0.0))
    return made, rest


def _heard_s(piece: Piece) -> float:
    return piece.end - piece.start + 2 * PAD_S


def _is_held(piece: Piece, windows: Sequence[KeptFrames]) -> bool:
    """Whether both ends of a piece lie in windows; what lies between two of them is a pause."""
    return _in_one(piece.start, windows) and _in_one(piece.end, windows)


def _in_one(time: float, windows: Sequence[KeptFrames]) -> bool:
    place = bisect(windows, time, key=_begin) - 1
    return place >= 0 and time <= windows[place].end + SHORTEST_S


def _begin(window: KeptFrames) -> float:
    return window.start


def timed(piece: Piece, found: Sequence[PlacedWord | None], offset: float) -> FixedPiece:
    """A piece with what was found of its words; words that were not keep between their neighbours."""
    known = [word for word in found if word is not None]
    if not known:
        return FixedPiece(piece)
    times, reached = [], known[0].start + offset
    for word in found:
        start = reached if word is None else max(word.start + offset, reached)
        reached = start if word is None else max(word.end + offset, start)
        times.append((start, reached))
    moved = replace(piece, start=times[0][0], end=times[-1][1], times=tuple(times))
    return FixedPiece(moved, mean_log_probability(found))


def mean_log_probability(found: Sequence[PlacedWord | None]) -> float | None:
    """Of the words that have a place; None where none has."""
    known = [word.log_probability for word in found if word is not None]
    return sum(known) / len(known) if known else None


def at_pauses(fixed: Sequence[FixedPiece], speech: SpeechTimes, most_s: float) -> list[FixedPiece]:
    """Boundaries at the nearest pauses; no piece begins before the end of the one before it.

    Args:
        fixed: pieces of one recording, by their starts.
        speech: of the recording.
        most_s: how far a boundary may move.
    """
    made: list[FixedPiece] = []
    for one in fixed:
        piece = one.piece
        start, end = speech.without_scraps(
            speech.moved_start(piece.start, most_s), speech.moved_end(piece.end, most_s)
        )
        if end - start < SHORTEST_S:  # all of it is in a pause
            start, end = piece.start, piece.end
        times = tuple(_without_pauses(*word, speech) for word in piece.times)
        made.append(
            replace(one, piece=replace(piece, start=start, end=min(end, speech.duration), times=times))
        )
    return [replace(one, piece=_with_words_inside(one.piece)) for one in _apart(made)]


def _without_pauses(start: float, end: float, speech: SpeechTimes) -> tuple[float, float]:
    """A word's times without the pause before or behind it, which many models take for a part of it."""
    later, earlier = speech.trimmed_start(start), speech.trimmed_end(end)
    return speech.without_scraps(later, earlier) if later < earlier else (start, end)


def _apart(fixed: list[FixedPiece]) -> list[FixedPiece]:
    """Neighbours that overlap meet in the middle of what both have."""
    for number in range(1, len(fixed)):
        before, here = fixed[number - 1].piece, fixed[number].piece
        if here.start < before.end:
            middle = (max(here.start, before.start) + min(before.end, here.end)) / 2
            fixed[number - 1] = replace(fixed[number - 1], piece=replace(before, end=middle))
            fixed[number] = replace(fixed[number], piece=replace(here, start=middle))
    return fixed


def _with_words_inside(piece: Piece) -> Piece:
    def inside(time: float) -> float:
        return min(max(time, piece.start), piece.end)

    return replace(piece, times=tuple((inside(start), inside(end)) for start, end in piece.times))


def is_likely(one: FixedPiece, least_log_probability: float) -> bool:
    """Whether its letters are likely enough, as far as that is known."""
    return one.log_probability is None or one.log_probability >= least_log_probability


def has_length(one: FixedPiece) -> bool:
    """Whether it is long enough to be heard."""
    return one.piece.end - one.piece.start >= SHORTEST_S


def probability(log_probability: float | None) -> float | None:
    """The geometric mean whose logarithm is given."""
    return None if log_probability is None else math.exp(log_probability)
