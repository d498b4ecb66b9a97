"""``govor sample``: a seeded random sample as a sheet that people fill in, with clips to listen to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from govor.audio import SAMPLE_RATE_HZ, encode
from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.console import progress, say
from govor.corpora.folder import Corpus
from govor.curate.groups import seeded_order
from govor.curate.sheet import MAX_ROWS, write_sheet
from govor.curate.sheet_utterances import SheetUtterances
from govor.errors import AudioError, CorpusError, UsageError
from govor.records import Summary
from govor.store import require_writable, write_bytes
from govor.text import similarity

CLIP_STALL_S = 120.0
SLUG_CHARACTERS = 60


@dataclass(frozen=True)
class SampleSummary(Summary):
    """What ``govor sample`` prints: utterances, their hours, clips that were cut, the seed and the sheet."""

    sampled: int
    hours: float
    clips: int
    seed: int
    out: str


def sample_corpus(
    corpus: Path,
    out: Path,
    n: int,
    *,
    seed: int = 0,
    split: str | None = None,
    again: bool = False,
    blank: bool = False,
) -> SampleSummary:
    """Writes `n` random utterances to a sheet with an empty verdict each, and their clips beside it.

    The utterances are remembered with the corpus (and in every corpus made of it), so that they can be kept
    out of training (``govor select --exclude-sampled``) and no later sample has them again.

    Args:
        corpus: an existing corpus folder.
        out: the sheet, .xlsx or .csv; clips go to the folder ``<name>-clips`` beside it.
        n: utterances.
        seed: of the choice; the sheet is in random order, so that its first rows are a random sample too.
        split: only from this split.
        again: also those that earlier sheets had.
        blank: the sheet shows no text: people write what they hear from nothing, and no text leads them.

    Raises:
        UsageError: `out` is no .xlsx or .csv, or `n` is not positive.
        CorpusError: there is nothing to choose from.
    """
    if out.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError(f"--out {out} is neither .xlsx nor .csv: name the sheet review.xlsx, for example")
    if not 0 < n < MAX_ROWS:
        raise UsageError(f"--n {n}: give a number from 1 to {MAX_ROWS - 1:,}, the rows that a sheet holds")
    source = Corpus.open(corpus)
    earlier = SheetUtterances.read(corpus).without_sheet(out.name)
    ids = draw(source, n, seed, split, set() if again else set(earlier.ids()))
    clips = out.with_name(f"{out.stem}-clips")
    require_writable(clips)
    rows, made = _with_clips(source, list(_rows(source, ids)), clips)
    second = source.info.notes.get("second_transcript")
    write_sheet(out, rows, second if isinstance(second, str) else None, blank=blank)
    earlier.plus(ids, out.name, seed).write(corpus)
    hours = sum(row["duration"] or 0.0 for row in rows) / 3600
    return SampleSummary(len(ids), hours, made, seed, str(out))


def draw(source: Corpus, n: int, seed: int, split: str | None, barred: set[str]) -> list[str]:
    """The ids with the smallest seeded numbers; memory holds ids and numbers only.

    The numbers are not those of ``govor select``, which gives the smallest of one seed to its test split.
    """
    ids: list[str] = []
    orders = [np.empty(0, np.uint64)]
    for frame in source.frames(["id", "split"]):
        frame = frame.filter(pl.col("split") == split) if split else frame
        some = [name for name in frame["id"] if name not in barred]
        pool, order = (
            ids + some,
            np.concatenate([orders[-1], seeded_order((f"sample {name}" for name in some), seed)]),
        )
        best = np.argsort(order, kind="stable")[:n]
        ids, orders = [pool[place] for place in best], [order[best]]
    if not ids:
        where = f" in the split {split}" if split else ""
        raise CorpusError(f"{source.folder} has no utterance{where} to sample that no earlier sheet had")
    if len(ids) < n:
        say(f"sample: there are only {len(ids)} utterances, not {n}")
    return ids


def _rows(source: Corpus, ids: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    second = source.info.notes.get("second_transcript")
    found = source.scan().filter(pl.col("id").is_in(list(ids))).collect()
    by_id = {row["id"]: row for row in found.iter_rows(named=True)}
    for row in (by_id[name] for name in ids):
        other = row.get(second) if isinstance(second, str) else None
        close = row.get("similarity")
        if close is None and other is not None:
            close = similarity(row["text"] or "", str(other))
        yield {**row, "second": other, "similarity": close}


def _with_clips(
    source: Corpus, rows: Sequence[Mapping[str, Any]], folder: Path
) -> tuple[list[Mapping[str, Any]], int]:
    """The rows with ``clip``, the path of a WAV from the sheet, or why there is none; and how many."""
    clipped: list[Mapping[str, Any]] = []
    with GuardedWorker(stall_s=CLIP_STALL_S) as worker, progress("cut clips", len(rows), "clips") as bar:
        for number, row in enumerate(rows, 1):
            request = (source.audio_path(row["audio"]), row["channel"], row["start"], row["end"])
            name, fault = f"{number:05d}-{slug(row['id'])}.wav", None
            try:
                samples = worker.call("govor.curate.probe:load_span", *request)
                write_bytes(folder / name, encode(samples, SAMPLE_RATE_HZ, "wav"))
            except (AudioError, WorkerLostError) as error:
                fault = str(error)
            clip = None if fault else f"{folder.name}/{name}"
            clipped.append({**row, "clip": clip, "clip_fault": fault})
            bar.advance()
    paths = [row["clip"] for row in clipped]
    _remove_others(folder, paths)
    return clipped, sum(path is not None for path in paths)


def _remove_others(folder: Path, kept: Iterable[str | None]) -> None:
    """Clips of an earlier sheet of the same name go."""
    names = {Path(clip).name for clip in kept if clip}
    for path in folder.glob("[0-9][0-9][0-9][0-9][0-9]-*.wav"):
        if path.name not in names:
            path.unlink()


def slug(name: str) -> str:
    """A file name's part that every system takes: ASCII letters, digits, dot, dash and underscore."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain)[:SLUG_CHARACTERS].strip("-.") or "clip"
