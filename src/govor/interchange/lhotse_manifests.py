"""Lhotse manifests: ``recordings.jsonl.gz`` and ``supervisions.jsonl.gz``, read without lhotse itself.

Source: the Lhotse documentation, "Representing a corpus".
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.errors import AudioError
from govor.interchange.keys import changed, recording_keys
from govor.store import atomic_path

NAME = "lhotse"
NAMED = ("id", "recording", "audio", "channel", "start", "end", "text", "language", "speaker", "duration")
WORDS = ("words", "word_starts", "word_ends")


def held(frame: pl.DataFrame) -> frozenset[str]:
    """The columns that the format has a place for: all, further ones under ``custom``."""
    return frozenset(frame.columns)


def changes(frame: pl.DataFrame) -> pl.DataFrame:
    """Values that come back otherwise than they are: names of recordings that several files have."""
    return pl.DataFrame([changed(frame["recording"], recording_keys(frame).to_list())])


def write(frame: pl.DataFrame, folder: Path) -> list[str]:
    """Writes the two manifests; what is to be said about recordings that cannot be opened."""
    frame = frame.with_columns(recording_keys(frame))
    with GuardedWorker() as worker:
        facts = {audio: _facts(worker, audio) for audio in frame["audio"].unique(maintain_order=True)}
    sources = frame.unique("recording", keep="first", maintain_order=True).select("recording", "audio")
    known = [(name, audio, facts[audio]) for name, audio in sources.iter_rows() if facts[audio]]
    _write(folder / "recordings.jsonl.gz", (_recording(*one) for one in known))
    opened = {name: fact for name, _, fact in known}
    rows = (row for row in frame.iter_rows(named=True) if row["recording"] in opened)
    made = (
        _supervision(row, opened[row["recording"]]["duration"], opened[row["recording"]]["channel_ids"])
        for row in rows
    )
    _write(folder / "supervisions.jsonl.gz", made)
    lost = frame.filter(~pl.col("recording").is_in(list(opened))).height
    return [f"{lost:,} utterances are left out: their recordings cannot be opened here"] if lost else []


def _facts(worker: GuardedWorker, audio: str) -> dict[str, Any]:
    """Rate, channels and length as Lhotse wants them; nothing where the recording cannot be opened."""
    try:
        found = worker.call("govor.audio:probe", audio)
    except (AudioError, WorkerLostError):
        return {}
    if not found.declared_s:
        return {}
    samples = round(found.declared_s * found.sample_rate)
    channels = list(range(found.channels))
    rate = {
        "sampling_rate": found.sample_rate,
        "num_samples": samples,
        "duration": samples / found.sample_rate,
    }
    return {**rate, "channel_ids": channels}


def _recording(name: str, audio: str, facts: dict[str, Any]) -> dict[str, Any]:
    source = {"type": "file", "channels": facts["channel_ids"], "source": audio}
    return {"id": name, "sources": [source], **facts}


def _supervision(row: dict[str, Any], length_s: float, channels: list[int]) -> dict[str, Any]:
    """An utterance; one of no channel is of all channels of its recording."""
    start_s = row["start"] or 0.0
    end_s = row["end"] if row["end"] is not None else length_s
    every = channels if len(channels) > 1 else channels[0]
    custom = {key: value for key, value in row.items() if key not in (*NAMED, *WORDS) and value is not None}
    made = {
        "id": row["id"],
        "recording_id": row["recording"],
        "start": start_s,
        "duration": round(end_s - start_s, 8),
        "channel": every if row["channel"] is None else row["channel"],
        "text": row["text"],
        "language": row["language"],
        "speaker": row["speaker"],
        "custom": custom,
        "alignment": _alignment(row, start_s),
    }
    return {key: value for key, value in made.items() if value not in (None, {})}


def _alignment(row: dict[str, Any], start_s: float) -> dict[str, list[list[Any]]]:
    words, starts, ends = (row.get(name) or [] for name in WORDS)
    if not words or not len(words) == len(starts) == len(ends) or None in (*starts, *ends):
        return {}
    timed = zip(words, starts, ends, strict=True)
    return {
        "word": [[word, round(start_s + start, 6), round(end - start, 6), None] for word, start, end in timed]
    }


def _write(file: Path, items: Iterator[dict[str, Any]]) -> None:
    with atomic_path(file) as path, gzip.open(path, "wt", encoding="utf-8") as out:
        for item in items:
            out.write(json.dumps(item, ensure_ascii=False, default=str) + "\n")
