"""``govor sample``: a seeded random sample as a sheet that people fill in, with clips to listen to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from govor.audio import SAMPLE_RATE_HZ, encode
from govor.audio.guard import GuardedWorker, WorkerLostError
from govor.console import progress, say
from govor.corpora.folder import Corpus
from govor.curate.groups import seeded_order
from govor.curate.sampled import Sampled
from govor.curate.sheet import MAX_ROWS, write_sheet
from govor.errors import AudioError, CorpusError, UsageError
from govor.store import write_bytes
from govor.text import similarity

CLIP_STALL_S = 120.0
SLUG_CHARACTERS = 60


def sample_corpus(
    corpus: Path, out: Path, n: int, *, seed: int = 0, split: str | None = None, again: bool = False
) -> dict[str, Any]:
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

    Raises:
        UsageError: `out` is no .xlsx or .csv, or `n` is not positive.
        CorpusError: there is nothing to choose from.
    """
    if out.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError(f"--out {out} is neither .xlsx nor .csv: name the sheet review.xlsx, for example")
    if not 0 < n < MAX_ROWS:
        raise UsageError(f"--n {n}: give a number from 1 to {MAX_ROWS - 1:,}, the rows that a sheet holds")
    source = Corpus.open(corpus)
    earlier = Sampled.read(corpus).without_sheet(out.name)
    ids = _chosen(source, n, seed, split, set() if again else set(earlier.ids()))
    rows = _rows(source, ids)
    clips = out.with_name(f"{out.stem}-clips")
    made = _clips(source, rows, clips)
    second = source.info.notes.get("second_transcript")
    write_sheet(out, rows, second if isinstance(second, str) else None)
    earlier.plus(ids, out.name, seed).write(corpus)
    hours = sum(row["duration"] or 0.0 for row in rows) / 3600
    return {"sampled": len(ids), "hours": hours, "clips": made, "seed": seed, "out": str(out)}


def _chosen(source: Corpus, n: int, seed: int, split: str | None, barred: set[str]) -> list[str]:
    """The ids with the smallest seeded numbers; memory holds ids and numbers only.

    The numbers are not those of ``govor select``, which gives the smallest of one seed to its test split.
    """
    ids: list[str] = []
    orders = [np.empty(0, np.uint64)]
    for batch in source.batches(["id", "split"]):
        frame = pl.DataFrame(pl.from_arrow(batch))
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
        say(f"sample: only {len(ids)} utterances are there, not {n}")
    return ids


def _rows(source: Corpus, ids: Sequence[str]) -> list[dict[str, Any]]:
    second = source.info.notes.get("second_transcript")
    found = source.scan().filter(pl.col("id").is_in(list(ids))).collect()
    by_id = {row["id"]: row for row in found.iter_rows(named=True)}
    rows = [by_id[name] for name in ids]
    for row in rows:
        row["second"] = row.get(second) if isinstance(second, str) else None
        if row.get("similarity") is None and row["second"] is not None:
            row["similarity"] = similarity(row["text"] or "", str(row["second"]))
    return rows


def _clips(source: Corpus, rows: Sequence[dict[str, Any]], folder: Path) -> int:
    """Cuts a WAV for every row; `row["clip"]` becomes its path from the sheet, or says why there is none."""
    made = 0
    with GuardedWorker(stall_s=CLIP_STALL_S) as worker, progress("cut clips", len(rows), "clips") as bar:
        for number, row in enumerate(rows, 1):
            request = (source.audio_path(row["audio"]), row["channel"], row["start"], row["end"])
            try:
                samples = worker.call("govor.curate.probe:load_span", *request)
                name = f"{number:05d}-{slug(row['id'])}.wav"
                write_bytes(folder / name, encode(samples, SAMPLE_RATE_HZ, "wav"))
                row["clip"], row["clip_fault"] = f"{folder.name}/{name}", None
                made += 1
            except (AudioError, WorkerLostError) as error:
                row["clip"], row["clip_fault"] = None, str(error)
            bar.advance()
    _remove_others(folder, (row["clip"] for row in rows))
    return made


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
