"""Preparation at size: memory that does not grow, many utterances, plans of millions.

    python bench/prepare_scale.py memory --hours 100    16 kHz WAV recordings of an hour, a span every 5 s
    python bench/prepare_scale.py single --hours 10     the same, as one recording
    python bench/prepare_scale.py mp3 --hours 10        one MP3 recording with an index, of many shards
    python bench/prepare_scale.py whole --hours 0.9     one recording without spans: one clip (--codec wav)
    python bench/prepare_scale.py utterances            380,837 utterances of 0.3 s from 40 recordings
    python bench/prepare_scale.py plan --rows 20000000  the planner alone, on a synthetic table

The recordings of one benchmark are hard links to one file: what is measured is govor, not the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile as sf

from govor.corpora.folder import CorpusInfo, CorpusWriter

WORK = Path(os.environ.get("BENCH_DIR", "/tmp/govor-bench"))
RATE = 16_000
UTTERANCES = 380_837
PIECE_ROWS = 500_000


def tone_recording(path: Path, hours: float) -> None:
    """Noise with a slow beat, 16 kHz mono 16 bit, written minute by minute."""
    rng = np.random.default_rng(0)
    with sf.SoundFile(path, "w", RATE, 1, "PCM_16", format="WAV" if hours < 30 else "RF64") as file:
        for _ in range(round(hours * 60)):
            beat = np.sin(np.arange(60 * RATE) / RATE * 2 * np.pi / 5)
            file.write((rng.normal(0, 0.02, 60 * RATE) * beat).astype(np.float32))


def corpus_of(
    folder: Path,
    recordings: int,
    hours_each: float,
    every_s: float,
    length_s: float,
    most: int,
    record: Callable[[Path, float], None] = tone_recording,
) -> Path:
    """Hard-linked recordings with a span every `every_s` seconds, at most `most` in all."""
    shutil.rmtree(folder, ignore_errors=True)
    audio = folder / "audio"
    audio.mkdir(parents=True)
    record(folder / "source.wav", hours_each)  # content decides, not the name
    starts = np.arange(0.1, hours_each * 3600 - length_s, every_s)
    left = most
    with CorpusWriter(folder / "corpus", CorpusInfo("table", "bench", str(audio))) as writer:
        for number in range(recordings):
            name = f"r{number:05d}"
            (audio / f"{name}.wav").hardlink_to(folder / "source.wav")
            chosen = starts[:left]
            left -= len(chosen)
            writer.write(_rows(name, chosen, length_s))
    return folder


def _rows(name: str, starts: np.ndarray, length_s: float) -> pl.DataFrame:
    base = pl.DataFrame({"start": starts, "end": starts + length_s})
    return base.with_columns(
        id=pl.format("{}_{}", pl.lit(name), pl.col("start").round(2)),
        recording=pl.lit(name),
        audio=pl.lit(f"{name}.wav"),
        text=pl.lit("nastavljamo s radom"),
        split=pl.lit("train"),
        language=pl.lit("hr"),
    )


def mp3_recording(path: Path, hours: float) -> None:
    """Ten minutes of noise as MP3, repeated without decoding, with the index that the muxer writes."""
    folder = path.parent
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    tone_recording(folder / "piece.wav", 1 / 6)
    subprocess.run([*ffmpeg, "-i", folder / "piece.wav", "-b:a", "48k", folder / "piece.mp3"], check=True)
    (folder / "list").write_text(f"file {folder / 'piece.mp3'}\n" * round(hours * 6))
    joined = ["-f", "concat", "-safe", "0", "-i", str(folder / "list"), "-c", "copy", "-f", "mp3", str(path)]
    subprocess.run([*ffmpeg, *joined], check=True)


def one_clip(folder: Path, hours: float) -> Path:
    """One recording without spans."""
    corpus_of(folder, 1, hours, 5.0, 4.9, 1)
    row = pl.DataFrame({"id": ["r00000"], "recording": ["r00000"], "audio": ["r00000.wav"], "text": ["x"]})
    with CorpusWriter(folder / "corpus", CorpusInfo("table", "bench", str(folder / "audio"))) as writer:
        writer.write(row)
    return folder


def prepared(folder: Path, codec: str = "flac") -> dict[str, Any]:
    """`govor prepare` in a process of its own; its summary."""
    out = folder / "dataset"
    command = [
        sys.executable,
        "-m",
        "govor",
        "prepare",
        str(folder / "corpus"),
        "--out",
        str(out),
        "--json",
        "--codec",
        codec,
    ]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    summary = json.loads(done.stdout)
    shutil.rmtree(folder)
    keys = (
        "read",
        "kept",
        "hours",
        "bytes",
        "shards",
        "wall_s",
        "cpu_s",
        "peak_rss_mb",
        "parent_peak_rss_mb",
    )
    return {key: summary[key] for key in keys}


def planned(rows: int) -> dict[str, Any]:
    """Plans a synthetic corpus of `rows` utterances, half long recordings, half files of their own."""
    folder = WORK / f"plan-{rows}"
    if not (folder / "corpus.json").exists():
        with CorpusWriter(folder, CorpusInfo("table", "bench", "/nowhere")) as writer:
            for first in range(0, rows, PIECE_ROWS):
                writer.write(_synthetic(first, min(PIECE_ROWS, rows - first), rows))
    code = (
        "import json,sys,time;from pathlib import Path;from govor.corpora.folder import Corpus;"
        "from govor.prepare.planner import plan;from govor.prepare.rows import contents;"
        "from govor.prepare.memory import peak_rss_bytes;"
        f"c=Corpus.open(Path({str(folder)!r}));t=time.process_time();p=plan(c,16000);a=time.process_time()-t;"
        "m=peak_rss_bytes()/1e6;x=contents(c,p);b=time.process_time()-t;"
        "print(json.dumps(dict(rows=p.read,hours=p.seconds/3600,shards=len(p.names),plan_cpu_s=a,plan_peak_mb=m,"
        "with_checksums_cpu_s=b,with_checksums_peak_mb=peak_rss_bytes()/1e6,"
        "table_bytes=c.table.stat().st_size,units=len(p.unit))))"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    shutil.rmtree(folder)
    return json.loads(done.stdout)


def _synthetic(first: int, count: int, rows: int) -> pl.DataFrame:
    number = pl.int_range(first, first + count, eager=True).alias("n")
    recording = pl.when(pl.col("n") < rows // 2).then(pl.col("n") // 400).otherwise(pl.col("n"))
    start = pl.when(pl.col("n") < rows // 2).then((pl.col("n") % 400) * 9.0).otherwise(0.0)
    frame = pl.DataFrame(number).with_columns(recording=pl.format("r{}", recording), start=start)
    return frame.select(
        id=pl.format("u{}", pl.col("n")),
        recording=pl.col("recording"),
        audio=pl.format("{}.mp3", pl.col("recording")),
        start=pl.col("start"),
        end=pl.col("start") + 5.0 + (pl.col("n") % 7) * 0.5,
        text=pl.format("nastavljamo s radom broj {}", pl.col("n")),
        split=pl.lit("train"),
    )


def main() -> None:
    """Runs one benchmark and prints its figures."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=formatter)
    parser.add_argument("what", choices=["memory", "single", "mp3", "whole", "utterances", "plan"])
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--codec", default="flac")
    parser.add_argument("--rows", type=int, default=1_000_000)
    given = parser.parse_args()
    folder, started_s = WORK / f"scale-{given.what}", time.monotonic()
    many = 10**9
    runs = {
        "memory": lambda: prepared(corpus_of(folder, round(given.hours), 1.0, 5.5, 5.0, many)),
        "single": lambda: prepared(corpus_of(folder, 1, given.hours, 5.5, 5.0, many)),
        "mp3": lambda: prepared(corpus_of(folder, 1, given.hours, 5.5, 5.0, many, mp3_recording)),
        "whole": lambda: prepared(one_clip(folder, given.hours), given.codec),
        "utterances": lambda: prepared(corpus_of(folder, 40, 1.0, 0.375, 0.3, UTTERANCES)),
        "plan": lambda: planned(given.rows),
    }
    figures = runs[given.what]()
    print(json.dumps({**figures, "bench_wall_s": time.monotonic() - started_s}, indent=1))


if __name__ == "__main__":
    main()
