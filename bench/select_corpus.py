"""Select and check (table only) of a million utterances, and similarity beside plain per-row Python.

    python bench/select_corpus.py [--rows 1000000] [--pairs 400000]

Every job runs in a process of its own; its peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from govor.config import SelectConfig, TextConfig
from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.text import similarities, similarity

WORDS = ("hvala", "lijepa", "gospodine", "predsjedniče", "poštovane", "kolegice", "danas", "raspravljamo")
RARE_WORDS = 50_000
CHUNK_ROWS = 100_000


def frame(first: int, rows: int, seed: int) -> pl.DataFrame:
    """A parliament: recordings of 120 utterances, 3 speakers each; text and what a recogniser heard."""
    draw = np.random.default_rng(seed + first)
    words = np.array([*WORDS, *(f"riječ{n}" for n in range(RARE_WORDS))])
    chosen = words[draw.integers(0, len(words), (rows, 12))]
    text = [" ".join(row) for row in chosen.tolist()]
    spoil = draw.random(rows) < 0.3
    heard = [
        t.replace("riječ", "rijec", 4) if bad else t for t, bad in zip(text, spoil.tolist(), strict=True)
    ]
    number = np.arange(first, first + rows)
    recording = number // 120
    start = (number % 120) * 8.0
    return pl.DataFrame({
        "id": [f"u{n}" for n in number.tolist()],
        "recording": [f"r{n}" for n in recording.tolist()],
        "audio": [f"r{n}.flac" for n in recording.tolist()],
        "start": start,
        "end": start + draw.uniform(1.0, 22.0, rows),
        "text": text,
        "language": "hr",
        "speaker": [f"s{a}" for a in (recording * 3 + number % 3).tolist()],
        "asr": heard,
    })  # fmt: skip


def make(folder: Path, rows: int) -> Path:
    info = CorpusInfo("bench", "synthetic", str(folder), notes={"second_transcript": "asr"})
    with CorpusWriter(folder / "corpus", info) as writer:
        for first in range(0, rows, CHUNK_ROWS):
            writer.write(frame(first, min(CHUNK_ROWS, rows - first), 0))
    return folder / "corpus"


def filters(corpus: Path, out: Path) -> Mapping[str, Any]:
    from govor.curate import select_corpus

    return select_corpus(corpus, out, SelectConfig(min_similarity=0.8, max_duration=20.0))


def splits(corpus: Path, out: Path) -> Mapping[str, Any]:
    from govor.curate import select_corpus

    config = SelectConfig(min_similarity=0.8, max_duration=20.0, hours=1_000, dev=500, test=500)
    return select_corpus(corpus, out, config)


def table_check(corpus: Path, out: Path) -> Mapping[str, Any]:
    from govor.curate import check_corpus

    return check_corpus(corpus, out, text=TextConfig(), audio=False)


def kept_splits(corpus: Path, out: Path) -> Mapping[str, Any]:
    from govor.curate import select_corpus

    return select_corpus(corpus, out, SelectConfig(keep_splits=str(out.with_name("splits"))))


JOBS: dict[str, Callable[[Path, Path], Mapping[str, Any]]] = {
    "filters": filters,
    "splits": splits,
    "kept_splits": kept_splits,
    "table_check": table_check,
}


def job(name: str, corpus: Path) -> None:
    """Runs in a process of its own; prints one JSON object."""
    started_s, started_cpu_s = time.perf_counter(), time.process_time()
    summary = JOBS[name](corpus, corpus.with_name(name))
    found = {
        "wall_s": time.perf_counter() - started_s,
        "cpu_s": time.process_time() - started_cpu_s,
        "peak_mb": peak_mb(),
        "kept": summary.get("kept"),
        "splits": summary.get("splits"),
    }
    print(json.dumps(found))


def peak_mb() -> float:
    """Largest resident memory of this process since it began (`getrusage` would count the parent's too)."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def compare_similarity(pairs: int) -> None:
    """The column at once, against one call a row, against pandas row by row."""
    rows = pl.concat(
        [frame(first, min(CHUNK_ROWS, pairs - first), 1) for first in range(0, pairs, CHUNK_ROWS)]
    )
    a, b = rows["text"].to_list(), rows["asr"].to_list()
    timed("similarity, whole columns", pairs, lambda: similarities(a, b))
    timed("similarity, a call a row", pairs, lambda: [similarity(x, y) for x, y in zip(a, b, strict=True)])
    some = random.Random(0).sample(range(pairs), min(pairs, 2_000))
    timed("Levenshtein in plain Python", len(some), lambda: [plain_similarity(a[i], b[i]) for i in some])


def plain_similarity(a: str, b: str) -> float:
    """The same number with the textbook algorithm."""
    before = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        here = [i]
        for j, y in enumerate(b, 1):
            here.append(min(before[j] + 1, here[-1] + 1, before[j - 1] + (x != y)))
        before = here
    return 1.0 - 2.0 * before[-1] / (len(a) + len(b))


def timed(label: str, count: int, work: Callable[[], Any]) -> None:
    started_s = time.perf_counter()
    work()
    took_s = time.perf_counter() - started_s
    print(f"{label}: {count:,} pairs in {took_s:.2f} s, {1e6 * took_s / count:.2f} us a pair", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=400_000)
    parser.add_argument("--job", choices=tuple(JOBS))
    parser.add_argument("--corpus", type=Path)
    given = parser.parse_args()
    if given.job:
        job(given.job, given.corpus)
        return
    with tempfile.TemporaryDirectory() as folder:
        corpus = make(Path(folder), given.rows)
        print(f"{given.rows:,} utterances, table of {(corpus / 'utterances.parquet').stat().st_size:,} bytes")
        for name in JOBS:
            command = [sys.executable, __file__, "--job", name, "--corpus", str(corpus)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            print(name, done.stdout.strip(), flush=True)
    compare_similarity(given.pairs)


if __name__ == "__main__":
    main()
