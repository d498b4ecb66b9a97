"""Preparation against ffmpeg and against `datasets.map`, on the same files in the same run.

    python bench/prepare.py long [--hours 10]      48 kHz stereo MP3 recordings with alignments
    python bench/prepare.py clips [--clips 10000]  Common-Voice-like MP3 clips
    python bench/prepare.py features [--clips 500] against datasets.map with Whisper features
    python bench/prepare.py quality                error against ffmpeg's own soxr
    python bench/prepare.py memory [--hours 1]     peak memory of the parent and of each worker

CPU time counts everything: parent, workers, Parquet, hashing. ffmpeg decodes, mixes, resamples to 16 kHz and
writes 16-bit FLAC; for clips it is given 100 files at a time, which spares it its start-up.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import soundfile as sf

from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.demo.espeak import synthesise

WORK = Path(os.environ.get("BENCH_DIR", "/tmp/govor-bench"))
VOICES = ("hr+f2", "hr+m3", "hr+f4", "hr+m1")
TEXT = "Poštovane kolegice i kolege, nastavljamo s raspravom o prijedlogu zakona i molim za strpljenje. "
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1"]
TARGET = ["-ac", "1", "-ar", "16000", "-sample_fmt", "s16", "-map_metadata", "-1"]
CLIPS_A_CALL = 100


def used_s() -> float:
    """CPU seconds of this process and of all children it has waited for."""
    own, rest = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + rest.ru_utime + rest.ru_stime


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of `work`."""
    cpu, wall = used_s(), time.monotonic()
    work()
    return used_s() - cpu, time.monotonic() - wall


def speech(seconds: float, voice: str) -> np.ndarray:
    """Synthesised speech with a little noise, 22,050 Hz, float32."""
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < seconds * 22_050:
        pieces.append(np.asarray(synthesise(TEXT * 5, voice).samples, np.float32))
    wave = np.concatenate(pieces)[: int(seconds * 22_050)]
    return wave + np.random.default_rng(0).normal(0, 0.003, len(wave)).astype(np.float32)


def long_recordings(hours: float) -> Path:
    """Recordings of half an hour, 48 kHz stereo, 128 kbit/s MP3, a span every 5.5 s."""
    folder = WORK / f"long-{hours:g}"
    if (folder / "corpus" / "corpus.json").exists():
        return folder
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    sources = WORK / "sources"
    sources.mkdir(exist_ok=True)
    for number, voice in enumerate(VOICES):
        if (sources / f"{number}.mp3").exists():
            continue
        wave = speech(1800, voice)
        sf.write(folder / "source.wav", np.stack([wave, np.roll(wave, 7)], axis=1), 22_050)
        mp3 = ["-ar", "48000", "-c:a", "libmp3lame", "-b:a", "128k", sources / f"{number}.mp3"]
        subprocess.run([*FFMPEG, "-i", folder / "source.wav", *mp3], check=True)
    rows = []
    for number in range(max(1, round(hours * 2))):
        name = f"sjednica{number:04d}"
        shutil.copy(sources / f"{number % len(VOICES)}.mp3", audio / f"{name}.mp3")
        for start in np.arange(0.5, 1793, 5.5):
            rows.append((f"{name}_{start:.2f}", name, f"{name}.mp3", TEXT, start, start + 5.4, "train"))
    _write(folder / "corpus", rows, audio)
    return folder


def short_clips(count: int) -> Path:
    """Clips of 2.5 to 8 s, mono 48 kHz 64 kbit/s MP3 without an index, as Common Voice has them."""
    folder = WORK / f"clips-{count}"
    if (folder / "corpus" / "corpus.json").exists():
        return folder
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    made = min(count, 400)
    wave = {voice: speech(600, voice) for voice in VOICES}
    for number in range(made):
        seconds, start = rng.uniform(2.5, 8.0), rng.uniform(0, 590)
        voice = wave[VOICES[number % len(VOICES)]]
        piece = voice[int(start * 22_050) : int((start + seconds) * 22_050)]
        sf.write(folder / "source.wav", piece, 22_050)
        mp3 = ["-ar", "48000", "-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0"]
        subprocess.run([*FFMPEG, "-i", folder / "source.wav", *mp3, audio / f"{number}.mp3"], check=True)
    rows = []
    for number in range(count):
        name = f"common_voice_hr_{number}"
        shutil.copy(audio / f"{number % made}.mp3", audio / f"{name}.mp3")
        rows.append((name, name, f"{name}.mp3", TEXT, None, None, "train"))
    for number in range(made):
        (audio / f"{number}.mp3").unlink()
    _write(folder / "corpus", rows, audio)
    return folder


def _write(corpus: Path, rows: list[tuple], audio: Path) -> None:
    columns = ["id", "recording", "audio", "text", "start", "end", "split"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    with CorpusWriter(corpus, CorpusInfo("table", "bench", str(audio))) as writer:
        writer.write(frame)


def govor(folder: Path, out: Path) -> dict:
    """`govor prepare` in a process of its own; its summary."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "govor", "prepare", folder / "corpus", "--out", out, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)


def ffmpeg_whole(files: list[Path], out: Path) -> None:
    """One ffmpeg for each recording."""
    for path in files:
        subprocess.run([*FFMPEG, "-i", path, *TARGET, out / f"{path.stem}.flac"], check=True)


def ffmpeg_clips(files: list[Path], out: Path) -> None:
    """One ffmpeg for every 100 clips."""
    for first in range(0, len(files), CLIPS_A_CALL):
        command: list[object] = list(FFMPEG)
        chosen = files[first : first + CLIPS_A_CALL]
        for path in chosen:
            command += ["-i", path]
        for number, path in enumerate(chosen):
            command += ["-map", f"{number}:a", *TARGET, out / f"{path.stem}.flac"]
        subprocess.run(list(map(str, command)), check=True)


def against_ffmpeg(folder: Path, reference: Callable[[list[Path], Path], None], repeats: int) -> dict:
    """CPU ratio, alternating, the best of `repeats` each."""
    files = sorted((folder / "audio").glob("*.mp3"))
    ours, theirs, walls = [], [], []
    summary: dict = {}
    for _ in range(repeats):
        out = folder / "ffmpeg"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        theirs.append(measured(lambda: reference(files, out))[0])  # noqa: B023
        summary = {}
        cpu, wall = measured(lambda: summary.update(govor(folder, folder / "dataset")))  # noqa: B023
        ours.append(cpu)
        walls.append(wall / cpu)
    return {
        "hours": summary["hours"],
        "govor_cpu_s": min(ours),
        "ffmpeg_cpu_s": min(theirs),
        "cpu_ratio": min(ours) / min(theirs),
        "wall_to_cpu": min(walls),
        "audio_s_per_cpu_s": summary["hours"] * 3600 / min(ours),
        "worker_peak_mb": summary["peak_rss_mb"],
        "parent_peak_mb": summary["parent_peak_rss_mb"],
        "load_1min": os.getloadavg()[0],
    }


FEATURES = """
import io, sys, datasets, numpy as np, soundfile as sf, soxr
from transformers import WhisperFeatureExtractor
extract = WhisperFeatureExtractor()
def prepare_dataset(row):
    wave, rate = sf.read(row["audio"], dtype="float32")
    wave = soxr.resample(wave, rate, 16_000)
    row["input_features"] = extract(wave, sampling_rate=16_000).input_features[0]
    return row
rows = datasets.Dataset.from_dict({"audio": sys.argv[2:]})
rows.map(prepare_dataset, num_proc=None, cache_file_name=sys.argv[1] + "/cache.arrow")
"""


def against_features(folder: Path) -> dict:
    """Clips a second of `datasets.map(prepare_dataset)` with Whisper features, and of govor."""
    files = [str(path) for path in sorted((folder / "audio").glob("*.mp3"))]
    cache = folder / "features"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    command = [sys.executable, "-c", FEATURES, str(cache), *files]
    theirs = measured(lambda: subprocess.run(command, check=True, stderr=subprocess.DEVNULL))
    ours = measured(lambda: govor(folder, folder / "dataset"))
    return {
        "clips": len(files),
        "map_cpu_s": theirs[0],
        "map_wall_s": theirs[1],
        "govor_cpu_s": ours[0],
        "govor_wall_s": ours[1],
        "cpu_ratio": theirs[0] / ours[0],
        "wall_ratio": theirs[1] / ours[1],
        "map_bytes": sum(p.stat().st_size for p in cache.iterdir()),
        "govor_bytes": sum(p.stat().st_size for p in (folder / "dataset" / "data").iterdir()),
    }


def quality() -> dict:
    """Largest and mean error of prepared clips against ffmpeg with its soxr resampler, in dB."""
    import io

    import pyarrow.parquet as pq

    folder = long_recordings(0.5)
    govor(folder, folder / "dataset")
    recording = next((folder / "audio").glob("*.mp3"))
    chain = "pan=mono|c0=0.5*c0+0.5*c1,aresample=16000:resampler=soxr:precision=20"
    written = folder / "ref.wav"
    subprocess.run([*FFMPEG, "-i", recording, "-af", chain, "-c:a", "pcm_f32le", written], check=True)
    reference, _ = sf.read(written, dtype="float32")
    errors = []
    for path in sorted((folder / "dataset" / "data").glob("*.parquet")):
        for row in pq.read_table(path, columns=["audio", "start", "end"]).to_pylist():
            clip, _ = sf.read(io.BytesIO(row["audio"]["bytes"]), dtype="float32")
            wanted = reference[round(row["start"] * 16_000) :][: len(clip)]
            noise, signal = np.mean((clip - wanted) ** 2), np.mean(wanted**2)
            errors.append(10 * np.log10(noise / max(signal, 1e-12)))
    return {"clips": len(errors), "worst_db": float(max(errors)), "mean_db": float(np.mean(errors))}


def memory(hours: float) -> dict:
    """Peak resident memory for so many hours."""
    folder = long_recordings(hours)
    summary = govor(folder, folder / "dataset")
    keys = ("hours", "wall_s", "cpu_s", "peak_rss_mb", "parent_peak_rss_mb", "shards")
    return {key: summary[key] for key in keys}


def main() -> None:
    """Runs one benchmark and prints its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["long", "clips", "features", "quality", "memory"])
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=2)
    given = parser.parse_args()
    runs: dict[str, Callable[[], dict]] = {
        "long": lambda: against_ffmpeg(long_recordings(given.hours), ffmpeg_whole, given.repeats),
        "clips": lambda: against_ffmpeg(short_clips(given.clips), ffmpeg_clips, given.repeats),
        "features": lambda: against_features(short_clips(given.clips)),
        "quality": quality,
        "memory": lambda: memory(given.hours),
    }
    print(json.dumps(runs[given.what](), indent=1))


if __name__ == "__main__":
    main()
