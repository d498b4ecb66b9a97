"""Long utterances cut at pauses between known word times, instead of being rejected."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import polars as pl

from govor.corpora.folder import duration_column

STRUCT_COLUMNS = ("words", "word_times", "norm_words")
START_COLUMNS = ("word_start_times", "words_start_times", "norm_words_start_times")
START_KEYS = ("start", "time_s", "s", "start_time")
END_KEYS = ("end", "time_e", "e", "end_time")
TEXT_KEYS = ("word", "text", "w", "token")
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
        text: the word, or None where the source times only positions.
        offset: where it begins in the transcript, in characters, or None.
    """

    start: float
    end: float
    text: str | None = None
    offset: int | None = None


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


def timed_words(row: Mapping[str, Any], start_s: float, duration_s: float) -> list[TimedWord]:
    """Word times of one utterance in any of the usual columns; empty where there are none that fit.

    Known are lists of structs (or JSON text of them) and lists of start times, as in the releases of
    ParlaSpeech; times may count from the utterance or from the recording.
    """
    for name in (*STRUCT_COLUMNS, *START_COLUMNS):
        value = _decoded(row.get(name))
        words = _from_structs(value) or _from_starts(value, duration_s, start_s)
        words = _from_utterance(words, start_s, duration_s)
        if len(words) > 1:
            return words
    return []


def _decoded(value: Any) -> list[Any]:
    if isinstance(value, str) and value[:1] == "[":
        try:
            value = json.loads(value)
        except ValueError:
            return []
    return list(value) if isinstance(value, (list, tuple)) else []


def _from_structs(value: list[Any]) -> list[TimedWord]:
    words = []
    for item in value:
        if not isinstance(item, Mapping):
            return []
        start, end = _first(item, START_KEYS), _first(item, END_KEYS)
        if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
            return []
        words.append(TimedWord(float(start), float(end), _first(item, TEXT_KEYS), item.get("char_s")))
    return words


def _first(item: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _from_starts(value: list[Any], duration_s: float, start_s: float) -> list[TimedWord]:
    if not value or not all(isinstance(v, (int, float)) for v in value):
        return []
    absolute = value[-1] > duration_s + ROUNDING_S
    ends = [*value[1:], max(value[-1], duration_s + (start_s if absolute else 0.0))]
    return [TimedWord(float(a), float(b)) for a, b in zip(value, ends, strict=True)]


def _from_utterance(words: list[TimedWord], start_s: float, duration_s: float) -> list[TimedWord]:
    """The words with times that count from the utterance's beginning; empty where they do not fit into it."""
    if not words or any(b.start < a.start for a, b in pairwise(words)):
        return []
    for offset in (0.0, start_s):
        first, last = words[0].start - offset, words[-1].end - offset
        if first >= -ROUNDING_S and last <= duration_s + ROUNDING_S:
            return [TimedWord(w.start - offset, w.end - offset, w.text, w.offset) for w in words]
    return []


def piece_texts(text: str, words: Sequence[TimedWord], pieces: Sequence[Piece]) -> list[str]:
    """The transcript of every piece; empty where words and transcript do not go together."""
    tokens = text.split()
    if all(word.offset is not None for word in words):
        begins = [int(words[p.first].offset or 0) for p in pieces] + [len(text)]
        return [text[a:b].strip() for a, b in pairwise([0, *begins[1:]])]
    if len(tokens) == len(words):
        return [" ".join(tokens[p.first : p.last]) for p in pieces]
    if all(word.text for word in words):
        return [" ".join(str(w.text) for w in words[p.first : p.last]) for p in pieces]
    return []


def cut_frame(frame: pl.DataFrame, max_s: float, second_transcript: str | None) -> pl.DataFrame:
    """The utterances with those above `max_s` replaced by their pieces, where word times allow.

    A piece keeps its utterance's columns but for times and text; ``cut_from`` names the utterance, and columns
    that no longer fit (word times, the second transcript) are null.
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
    stale = [c for c in (*STRUCT_COLUMNS, *START_COLUMNS, second_transcript) if c and c in frame.columns]
    for row in frame.iter_rows(named=True):
        rows += _pieces(row, max_s, stale) or [row]
    return pl.DataFrame(rows, schema=frame.schema)


def _pieces(row: dict[str, Any], max_s: float, stale: Sequence[str]) -> list[dict[str, Any]]:
    start = row["start"] or 0.0
    duration = row["end"] - start if row["end"] is not None else row["duration"]
    words = timed_words(row, start, duration)
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
