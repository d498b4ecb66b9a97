"""A corpus as sessions: one recording after the other, its utterances in order of time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import polars as pl

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.corpora.folder import Corpus
from govor.errors import AudioError
from govor.interchange.label import Label, LabelledRecording, apart, words_within
from govor.interchange.plain import plain_columns
from govor.records import Rejection

STAGE = "export"
WORD_COLUMNS = ("words", "word_starts", "word_ends")
Row = Mapping[str, Any]


@dataclass
class SessionReader:
    """Reads sessions, and keeps what could not be placed.

    Attributes:
        corpus: where they come from.
        worker: opens recordings whose length is asked for.
        with_length: the length of every recording is asked for, not only where an utterance lacks its end.
        rejections: utterances that no annotation can show, so far.
    """

    corpus: Corpus
    worker: GuardedWorker
    with_length: bool = False
    rejections: list[Rejection] = field(default_factory=list)

    def __iter__(self) -> Iterator[tuple[LabelledRecording, pl.DataFrame]]:
        """Every session with its rows of the corpus's table, in the order of its labels."""
        frame = plain_columns(self.corpus.scan().sort("recording", "audio", maintain_order=True).collect())
        for (recording, audio), rows in frame.group_by(["recording", "audio"], maintain_order=True):
            yield self._session(str(recording), self.corpus.audio_path(str(audio)), rows)

    def _session(
        self, recording: str, audio: str, rows: pl.DataFrame
    ) -> tuple[LabelledRecording, pl.DataFrame]:
        length_s = self._length_s(audio, rows) if self.with_length or _open_ended(rows) else None
        spans = [self._span(row, length_s) for row in rows.iter_rows(named=True)]
        shown = [(place, *span) for place, span in enumerate(spans) if span is not None]
        shown.sort(key=lambda one: one[1:])
        found = [place for place, _, _ in shown]
        labels = tuple(_labels(rows, shown))
        length_ms = max([round((length_s or 0.0) * 1000), *(label.end_ms for label in labels)])
        languages = set(rows["language"].drop_nulls())
        language = languages.pop() if len(languages) == 1 else None
        return LabelledRecording(recording, audio, length_ms, labels, language), rows[found]

    def _length_s(self, audio: str, rows: pl.DataFrame) -> float | None:
        """Length of the recording: of the file itself, else of the utterance that is the whole of it."""
        whole = rows.filter(pl.col("start").is_null() & pl.col("end").is_null())["duration"].drop_nulls()
        if len(whole) or "://" in audio:
            return float(whole[0]) if len(whole) else None
        try:
            return cast("float | None", self.worker.call("govor.audio:probe", audio).declared_s)
        except (AudioError, WorkerLostError):
            return None

    def _span(self, row: Row, length_s: float | None) -> tuple[float, float] | None:
        """Start and end in seconds, where an annotation can show the utterance."""
        start_s = float(row["start"] or 0.0)
        end_s = _end_s(row, start_s, length_s)
        problem = _problem(row, start_s, end_s)
        if problem is not None or end_s is None:
            self.rejections.append(Rejection(str(row["id"]), STAGE, *(problem or ("no_duration", ""))))
            return None
        return start_s, end_s


def _labels(rows: pl.DataFrame, shown: Sequence[tuple[int, float, float]]) -> Iterator[Label]:
    """Labels with their words; `shown` has the place of each row, and its start and end in seconds."""
    order = [rows.row(place, named=True) for place, _, _ in shown]
    made = [
        (Label.of(str(row["id"]), start_s, end_s, str(row["text"]), row["speaker"]), start_s, end_s)
        for row, (_, start_s, end_s) in zip(order, shown, strict=True)
    ]
    for label, row, (_, start_s, _) in zip(apart(made), order, shown, strict=True):
        yield replace(label, words=words_within(label, list(_words(row, start_s))))


def _open_ended(rows: pl.DataFrame) -> bool:
    """Whether an utterance reaches to the recording's end, and nobody said where that is."""
    open_end = pl.col("end").is_null() & (pl.col("start").is_not_null() | pl.col("duration").is_null())
    return bool(rows.select(open_end.any()).item())


def _end_s(row: Row, start_s: float, length_s: float | None) -> float | None:
    if row["end"] is not None:
        return float(row["end"])
    if row["start"] is None and row["duration"] is not None:
        return float(row["duration"])
    return length_s


def _problem(row: Row, start_s: float, end_s: float | None) -> tuple[str, str] | None:
    """Reason and detail, where no annotation can show the utterance."""
    if end_s is None:
        return "no_duration", f"{row['audio']}: its length is not known: run govor check on the corpus first"
    if start_s < 0 or end_s <= start_s:
        return "bad_times", f"it starts at {start_s:g} s and ends at {end_s:g} s"
    return None if str(row["text"] or "").strip() else ("empty_text", "an annotation without text is silence")


def _words(row: Row, start_s: float) -> Iterator[tuple[str, float, float]]:
    """Words with start and end in seconds of the recording; an end that is not known is the next start."""
    words, starts, ends = (row.get(name) or [] for name in WORD_COLUMNS)
    if not words or len(words) != len(starts) or not _are_times(starts):
        return
    known = ends if len(ends) == len(words) and _are_times(ends) else [*starts[1:], math.inf]
    for word, start, end in zip(words, starts, known, strict=True):
        yield str(word), start_s + start, start_s + min(end, 1e6)


def _are_times(values: Sequence[float | None]) -> bool:
    return all(value is not None and math.isfinite(value) for value in values)
