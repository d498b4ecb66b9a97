"""Preparation against ffmpeg and against `datasets.map`, on the same files in the same run.

    python bench/prepare.py long [--hours 10]      48 kHz stereo MP3 recordings with alignments
    python bench/prepare.py clips [--clips 10000]  Common-Voice-like MP3 clips
    python bench/prepare.py features --clips 1000  against datasets.map with Whisper features, four ways
                            [--tokenizer FOLDER]   with labels as well
                            [--decoder torchcodec] decoded by datasets (torchcodec must load)
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
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import soundfile as sf

from govor.corpora.folder import CorpusInfo, CorpusWriter
from govor.espeak import synthesise

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
        mp3 = ["-ar", "48000", "-c:a", "libmp3lame", "-b:a", "128k", str(sources / f"{number}.mp3")]
        subprocess.run([*FFMPEG, "-i", folder / "source.wav", *mp3], check=True)
    rows = []
    for number in range(max(1, round(hours * 2))):
        name = f"sjednica{number:04d}"
        linked(sources / f"{number % len(VOICES)}.mp3", audio / f"{name}.mp3")
        for start in np.arange(0.5, 1793, 5.5):
            rows.append((f"{name}_{start:.2f}", name, f"{name}.mp3", TEXT, start, start + 5.4, "train"))
    _write(folder / "corpus", rows, audio)
    return folder


def linked(source: Path, name: Path) -> None:
    """The same file under another name: the disk is not what is measured."""
    name.unlink(missing_ok=True)
    name.hardlink_to(source)


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
        linked(audio / f"{number % made}.mp3", audio / f"{name}.mp3")
        rows.append((name, name, f"{name}.mp3", TEXT, None, None, "train"))
    for number in range(made):
        (audio / f"{number}.mp3").unlink()
    _write(folder / "corpus", rows, audio)
    return folder


def _write(corpus: Path, rows: list[tuple[Any, ...]], audio: Path) -> None:
    columns = ["id", "recording", "audio", "text", "start", "end", "split"]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    with CorpusWriter(corpus, CorpusInfo("table", "bench", str(audio))) as writer:
        writer.write(frame)


def govor(folder: Path, out: Path) -> dict[str, Any]:
    """`govor prepare` in a process of its own; its summary."""
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "govor", "prepare", str(folder / "corpus"), "--out", str(out), "--json"]
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


def against_ffmpeg(
    folder: Path, reference: Callable[[list[Path], Path], None], repeats: int
) -> dict[str, Any]:
    """CPU ratio, alternating, the best of `repeats` each."""
    files = sorted((folder / "audio").glob("*.mp3"))
    ours, theirs, walls = [], [], []
    summary: dict[str, Any] = {}
    for _ in range(repeats):
        out = folder / "ffmpeg"
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        theirs.append(measured(lambda: reference(files, out))[0])  # noqa: B023
        shutil.rmtree(out)
        summary = {}
        cpu, wall = measured(lambda: summary.update(govor(folder, folder / "dataset")))  # noqa: B023
        ours.append(cpu)
        walls.append(wall / cpu)
    shutil.rmtree(folder / "dataset")
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
import json, os, sys
import datasets, soundfile as sf, soxr
from transformers import WhisperFeatureExtractor, WhisperTokenizer
cache, processes, tokenizer, decoder = sys.argv[1], int(sys.argv[2]) or None, sys.argv[3], sys.argv[5]
extract = WhisperFeatureExtractor()
tokenize = WhisperTokenizer.from_pretrained(tokenizer) if tokenizer else None
def prepare_dataset(row):
    if decoder == "torchcodec":
        wave = row["audio"]["array"]
    else:
        wave, rate = sf.read(row["audio"], dtype="float32")
        wave = soxr.resample(wave, rate, 16_000)
    row["input_features"] = extract(wave, sampling_rate=16_000).input_features[0]
    if tokenize:
        row["labels"] = tokenize(row["sentence"]).input_ids
    return row
files = json.load(open(os.path.join(cache, "files.json")))
rows = datasets.Dataset.from_dict({"audio": files, "sentence": [sys.argv[4]] * len(files)})
if decoder == "torchcodec":
    rows = rows.cast_column("audio", datasets.Audio(sampling_rate=16_000))
made = rows.map(prepare_dataset, remove_columns=rows.column_names, num_proc=processes,
                cache_file_name=os.path.join(cache, "cache.arrow"))
assert len(made) == len(files)
"""
MAPS = {
    "map, one process": (0, False),
    "map, num_proc=2": (2, False),
    "map, one process, one thread": (0, True),
    "map, num_proc=2, one thread each": (2, True),
}
"""Number of processes, and whether libraries are held to one thread (else their default, as in tutorials)."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SAMPLE_EVERY_S = 0.25


def watched(command: list[object], one_thread: bool = False) -> dict[str, Any]:
    """Runs `command`: CPU and wall seconds, and memory at its height.

    Memory is the largest sum of the proportional set sizes of the process and its descendants, looked at four
    times a second; a shorter peak is missed.
    """
    environment = {key: value for key, value in os.environ.items() if key not in THREADS}
    if one_thread:
        environment |= dict.fromkeys(THREADS, "1")
    before, started_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    words = list(map(str, command))
    process = psutil.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak_bytes = 0
    while True:
        try:
            status = process.wait(SAMPLE_EVERY_S)
            break
        except psutil.TimeoutExpired:
            peak_bytes = max(peak_bytes, family_bytes(process))
    if status:
        raise subprocess.CalledProcessError(status, words[:3])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall_s": time.monotonic() - started_s,
        "peak_pss_mb": peak_bytes / 1e6,
    }


def family_bytes(process: psutil.Process) -> int:
    """Proportional set size of a process and its descendants."""
    total = 0
    with suppress(psutil.Error):
        for member in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                total += member.memory_full_info().pss
    return total


def mapped(
    files: list[str], folder: Path, processes: int, one_thread: bool, tokenizer: str, decoder: str
) -> dict[str, Any]:
    """`datasets.map(prepare_dataset)` over `files`; what it wrote is removed."""
    cache = folder / "features"
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir()
    (cache / "files.json").write_text(json.dumps(files))
    facts = watched([sys.executable, "-c", FEATURES, cache, processes, tokenizer, TEXT, decoder], one_thread)
    facts["bytes"] = sum(path.stat().st_size for path in cache.glob("*.arrow"))
    shutil.rmtree(cache)
    return facts


def against_features(folder: Path, tokenizer: str, decoder: str) -> dict[str, Any]:
    """`datasets.map(prepare_dataset)` with Whisper features, as tutorials write it, beside govor."""
    files = [str(path) for path in sorted((folder / "audio").glob("*.mp3"))]
    out = folder / "dataset"
    shutil.rmtree(out, ignore_errors=True)
    ours = watched([sys.executable, "-m", "govor", "prepare", folder / "corpus", "--out", out])
    ours["bytes"] = sum(path.stat().st_size for path in (out / "data").iterdir())
    shutil.rmtree(out)
    result: dict[str, Any] = {
        "clips": len(files),
        "labels": bool(tokenizer),
        "decoder": decoder,
        "govor": ours,
    }
    for name, (processes, one_thread) in MAPS.items():
        theirs = mapped(files, folder, processes, one_thread, tokenizer, decoder)
        ratios = {f"times govor, {key}": theirs[key] / ours[key] for key in ours}
        result[name] = {**theirs, **ratios}
    result["load_1min"] = os.getloadavg()[0]
    return result


def quality() -> dict[str, Any]:
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


def memory(hours: float) -> dict[str, Any]:
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
    parser.add_argument("--tokenizer", default="", help="folder of a Whisper tokenizer: labels as well")
    parser.add_argument("--decoder", choices=["soundfile", "torchcodec"], default="soundfile")
    given = parser.parse_args()
    runs: dict[str, Callable[[], dict[str, Any]]] = {
        "long": lambda: against_ffmpeg(long_recordings(given.hours), ffmpeg_whole, given.repeats),
        "clips": lambda: against_ffmpeg(short_clips(given.clips), ffmpeg_clips, given.repeats),
        "features": lambda: against_features(short_clips(given.clips), given.tokenizer, given.decoder),
        "quality": quality,
        "memory": lambda: memory(given.hours),
    }
    print(json.dumps(runs[given.what](), indent=1))


if __name__ == "__main__":
    main()
