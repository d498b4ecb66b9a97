"""Long utterances cut at pauses between known word times, instead of being rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import polars as pl

from govor.corpora.folder import duration_column
from govor.curate.junctions import junctions, tokens_of

WORD_COLUMNS = (
    ("words", "word_starts", "word_ends"),
    ("norm_words", "norm_word_starts", "norm_word_ends"),
)
"""Words, their starts and (where known) ends, in seconds from the utterance's start."""
ROUNDING_S = 0.06
"""Word times may stand outside the utterance by so much, which is rounding."""
PIECE_COST = 1.0
PAUSE_HALF_S = 0.1
"""A pause of this length costs half of what no pause costs."""


@dataclass(frozen=True)
class TimedWord:
    """A word as an aligner heard it.

    Attributes:
        start: seconds from the beginning of the utterance.
        end: seconds; where the source gives none, the start of the next word.
        text: the word, or None where only times are known.
    """

    start: float
    end: float
    text: str | None = None


@dataclass(frozen=True)
class CutPiece:
    """Units ``first`` up to but not ``last``, between two times in the utterance (seconds)."""

    first: int
    last: int
    start: float
    end: float


def cut_points(units: Sequence[TimedUnit], duration_s: float, max_s: float) -> list[CutPiece]:
    """The best way to cut so that no piece is longer than `max_s`; empty where there is none.

    Dynamic programming over the units: as few pieces as possible, and among these at the longest pauses; cuts
    stand in the middle of a pause.
    """
    count = len(units)
    bounds = [0.0, *((a.end + max(b.start, a.end)) / 2 for a, b in pairwise(units)), duration_s]
    cost, came_from = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for last in range(1, count + 1):
        pause = units[last].start - units[last - 1].end if last < count else float("inf")
        here = PIECE_COST + PAUSE_HALF_S / (PAUSE_HALF_S + max(pause, 0.0))
        for first in range(last - 1, -1, -1):
            if bounds[last] - bounds[first] > max_s:
                break
            if cost[first] + here < cost[last]:
                cost[last], came_from[last] = cost[first] + here, first
    return _walk_back(came_from, bounds, count) if cost[count] < float("inf") else []


def _walk_back(came_from: list[int], bounds: list[float], last: int) -> list[CutPiece]:
    pieces = []
    while last:
        first = came_from[last]
        pieces.append(CutPiece(first, last, bounds[first], bounds[last]))
        last = first
    return pieces[::-1]


def timed_words(row: Mapping[str, object], duration_s: float) -> list[list[TimedWord]]:
    """Word times of one utterance, those of its own words first."""
    return [words for names in WORD_COLUMNS if (words := _words(row, names, duration_s))]


def _words(row: Mapping[str, Any], names: tuple[str, str, str], duration_s: float) -> list[TimedWord]:
    texts, starts, ends = (row.get(name) for name in names)
    if not starts or any(start is None for start in starts):
        return []
    if not ends or len(ends) != len(starts) or any(end is None for end in ends):
        ends = [*starts[1:], duration_s]
    if isinstance(texts, str):
        texts = texts.split()
    if not isinstance(texts, list) or len(texts) != len(starts):
        texts = [None] * len(starts)
    words = [TimedWord(float(a), float(b), t) for a, b, t in zip(starts, ends, texts, strict=True)]
    in_order = all(a.start <= b.start for a, b in pairwise(words))
    inside = words[0].start >= -ROUNDING_S and words[-1].end <= duration_s + ROUNDING_S
    return words if in_order and inside else []


@dataclass(frozen=True)
class TimedUnit:
    """A stretch of the transcript, ``text[first:last]``, that is said between two times (seconds)."""

    first: int
    last: int
    start: float
    end: float


def units_of(text: str, words: Sequence[TimedWord]) -> list[TimedUnit]:
    """The smallest stretches of the transcript whose times are known; one or none where the words are others.

    Words and transcript are matched by edit distance (`govor.curate.junctions`); where only the words' times
    are known, there must be as many as the transcript has.
    """
    tokens = tokens_of(text)
    if not tokens or not words:
        return []
    if any(word.text is None for word in words):
        places = [(n, n) for n in range(1, len(words))] if len(tokens) == len(words) else []
    else:
        spoken = [str(word.text) for word in words]
        places = [(j.token, _at_longest_pause(words, j.words)) for j in junctions(text, tokens, spoken)]
    edges = [(0, 0), *places, (len(tokens), len(words))]
    return [
        TimedUnit(tokens[a].start, tokens[b - 1].end, words[c].start, max(word.end for word in words[c:d]))
        for (a, c), (b, d) in pairwise(edges)
    ]


def _at_longest_pause(words: Sequence[TimedWord], counts: Sequence[int]) -> int:
    return max(counts, key=lambda count: words[count].start - words[count - 1].end)


def cut_frame(frame: pl.DataFrame, max_s: float, second_transcript: str | None) -> pl.DataFrame:
    """The utterances with those above `max_s` replaced by their pieces, where word times allow.

    A piece keeps its utterance's columns except for times and text; ``cut_from`` names the utterance, and
    columns that no longer fit (words and their times, the second transcript) are null.
    """
    frame = frame.with_columns(pl.lit(None, pl.String).alias("cut_from"))
    long = (duration_column() > max_s).fill_null(False)
    flagged = frame.with_columns(long.alias("_long"))
    if not flagged["_long"].any():
        return frame
    parts = []
    for (is_long,), part in _runs(flagged):
        part = part.drop("_long")
        parts.append(_cut_rows(part, max_s, second_transcript) if is_long else part)
    return pl.concat(parts)


def _runs(frame: pl.DataFrame) -> Iterator[tuple[tuple[bool], pl.DataFrame]]:
    """Stretches of rows with the same ``_long``, in order."""
    runs = frame.with_columns(pl.col("_long").rle_id().alias("_run"))
    for part in runs.partition_by("_run", maintain_order=True):
        yield (bool(part["_long"][0]),), part.drop("_run")


def _cut_rows(frame: pl.DataFrame, max_s: float, second_transcript: str | None) -> pl.DataFrame:
    rows: list[Mapping[str, Any]] = []
    named = [*chain.from_iterable(WORD_COLUMNS), second_transcript]
    stale = [name for name in named if name and name in frame.columns]
    for row in frame.iter_rows(named=True):
        rows += _pieces(row, max_s, stale) or [row]
    return pl.DataFrame(rows, schema=frame.schema)


def _pieces(row: Mapping[str, Any], max_s: float, stale: Sequence[str]) -> list[Mapping[str, Any]]:
    start = row["start"] or 0.0
    duration = row["end"] - start if row["end"] is not None else row["duration"]
    text = row["text"] or ""
    found = [units_of(text, words) for words in timed_words(row, duration)]
    units = max(found, key=len, default=[])
    pieces = cut_points(units, duration, max_s)
    texts = [text[units[piece.first].first : units[piece.last - 1].last] for piece in pieces]
    return [_piece(row, start, piece, said, stale) for piece, said in zip(pieces, texts, strict=True)]


def _piece(
    row: Mapping[str, Any], start: float, piece: CutPiece, text: str, stale: Sequence[str]
) -> Mapping[str, Any]:
    begin, end = round(start + piece.start, 3), round(start + piece.end, 3)
    times = {"start": begin, "end": end, "duration": round(end - begin, 3)}
    name = f"{row['recording']}_{begin:.2f}-{end:.2f}"
    return {**row, **dict.fromkeys(stale), **times, "id": name, "text": text, "cut_from": row["id"]}
