"""Long utterances cut at pauses between known word times, instead of being rejected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import polars as pl

from govor.corpora.folder import duration_column

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
    """A word of a transcript.

    Attributes:
        start: seconds from the beginning of the utterance.
        end: seconds; where the source gives none, the start of the next word.
        text: the word, or None where only times are known.
    """

    start: float
    end: float
    text: str | None = None


@dataclass(frozen=True)
class Piece:
    """Words ``first`` up to but not ``last``, between two times in the utterance (seconds)."""

    first: int
    last: int
    start: float
    end: float


def cut_points(words: Sequence[TimedWord], duration_s: float, max_s: float) -> list[Piece]:
    """The best way to cut so that no piece is longer than `max_s`; empty where there is none.

    Dynamic programming over the words: as few pieces as possible, and among these at the longest pauses; cuts
    stand in the middle of a pause.
    """
    count = len(words)
    bounds = [0.0, *((a.end + max(b.start, a.end)) / 2 for a, b in pairwise(words)), duration_s]
    cost, came_from = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for last in range(1, count + 1):
        pause = words[last].start - words[last - 1].end if last < count else float("inf")
        here = PIECE_COST + PAUSE_HALF_S / (PAUSE_HALF_S + max(pause, 0.0))
        for first in range(last - 1, -1, -1):
            if bounds[last] - bounds[first] > max_s:
                break
            if cost[first] + here < cost[last]:
                cost[last], came_from[last] = cost[first] + here, first
    return _walk_back(came_from, bounds, count) if cost[count] < float("inf") else []


def _walk_back(came_from: list[int], bounds: list[float], last: int) -> list[Piece]:
    pieces = []
    while last:
        first = came_from[last]
        pieces.append(Piece(first, last, bounds[first], bounds[last]))
        last = first
    return pieces[::-1]


def timed_words(row: Mapping[str, Any], duration_s: float) -> list[TimedWord]:
    """Word times of one utterance, best those of as many words as its text has; empty where none fit."""
    tokens = len((row["text"] or "").split())
    found = [words for names in WORD_COLUMNS if (words := _words(row, names, duration_s))]
    return min(found, key=lambda words: len(words) != tokens, default=[])


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


def piece_texts(text: str, words: Sequence[TimedWord], pieces: Sequence[Piece]) -> list[str]:
    """The transcript of every piece; empty where words and transcript do not go together."""
    tokens: Sequence[str | None] = text.split()
    if len(tokens) != len(words):
        tokens = [word.text for word in words]
    if not all(tokens):
        return []
    return [" ".join(str(token) for token in tokens[p.first : p.last]) for p in pieces]


def cut_frame(frame: pl.DataFrame, max_s: float, second_transcript: str | None) -> pl.DataFrame:
    """The utterances with those above `max_s` replaced by their pieces, where word times allow.

    A piece keeps its utterance's columns but for times and text; ``cut_from`` names the utterance, and
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
    rows: list[dict[str, Any]] = []
    named = [*chain.from_iterable(WORD_COLUMNS), second_transcript]
    stale = [name for name in named if name and name in frame.columns]
    for row in frame.iter_rows(named=True):
        rows += _pieces(row, max_s, stale) or [row]
    return pl.DataFrame(rows, schema=frame.schema)


def _pieces(row: dict[str, Any], max_s: float, stale: Sequence[str]) -> list[dict[str, Any]]:
    start = row["start"] or 0.0
    duration = row["end"] - start if row["end"] is not None else row["duration"]
    words = timed_words(row, duration)
    pieces = cut_points(words, duration, max_s) if words else []
    texts = piece_texts(row["text"], words, pieces)
    return [_piece(row, start, piece, text, stale) for piece, text in zip(pieces, texts, strict=False)]


def _piece(
    row: dict[str, Any], start: float, piece: Piece, text: str, stale: Sequence[str]
) -> dict[str, Any]:
    begin, end = round(start + piece.start, 3), round(start + piece.end, 3)
    times = {"start": begin, "end": end, "duration": round(end - begin, 3)}
    name = f"{row['recording']}_{begin:.2f}-{end:.2f}"
    return row | dict.fromkeys(stale) | times | {"id": name, "text": text, "cut_from": row["id"]}
