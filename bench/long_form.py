"""Long recordings with the same Whisper weights: govor and faster-whisper, errors, lost runs, time, memory.

Each system runs in a process of its own, one thread, model already loaded, word times on both sides. The
recordings are those of a folder with a ``manifest.jsonl`` (audio, text, start, language); the first one is
heard in noise, clipped, quiet and through a telephone too.

    OMP_NUM_THREADS=1 python bench/long_form.py whisper-base-int8/ shared/data/longform
    OMP_NUM_THREADS=1 python bench/long_form.py whisper-base-int8/ shared/data/longform --only sonnet_en.mp3

The folder has to be one that both read: govor export --format ctranslate2 --quantization int8.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000
RUN = 5
"""Reference words missing in a row that count as lost."""
Row = dict[str, Any]
Wave = np.ndarray[Any, Any]
Run = Callable[[Wave, str], str]
SYSTEMS = ("govor-5", "govor-1", "faster-whisper-5", "faster-whisper-vad-5", "faster-whisper-1")


def words(text: str) -> list[str]:
    plain = re.sub(r"[^\w\s']", " ", unicodedata.normalize("NFKC", text).lower())
    return plain.split()


def recordings(folder: Path, only: str | None) -> Iterator[tuple[str, Wave, list[str], str]]:
    """(name, samples, reference, language), whole recordings in the order of the manifest."""
    from govor.audio import mono_blocks

    rows: dict[str, list[Row]] = {}
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["audio"], []).append(row)
    for number, (name, parts) in enumerate(rows.items()):
        if only is not None and name != only:
            continue
        samples = np.concatenate(list(mono_blocks(folder / name, sample_rate=RATE)))
        reference = words(" ".join(part["text"] for part in parts))
        language = str(parts[0]["language"]).split("-")[0]
        yield name, samples, reference, language
        if number == 0 or only is not None:
            yield from ((f"{name} {kind}", s, reference, language) for kind, s in harmed(samples))


def harmed(samples: Wave) -> Iterator[tuple[str, Wave]]:
    import soxr

    level = np.sqrt(np.mean(samples**2))
    noise = np.random.default_rng(2).normal(0, level * 10 ** (-10 / 20), len(samples))
    yield "in noise", (samples + noise).astype(np.float32)
    yield "clipped", np.clip(samples * 30, -1, 1)
    yield "at -50 dB", (samples * 10 ** (-50 / 20) / level).astype(np.float32)
    yield "at 8 kHz", soxr.resample(soxr.resample(samples, RATE, RATE // 2), RATE // 2, RATE)


def with_govor(model: str, beams: int) -> Run:
    from govor.config import TranscribeConfig
    from govor.models import open_model
    from govor.transcribe import Transcriber

    recogniser = open_model(model, device="cpu")

    def run(samples: Wave, language: str) -> str:
        config = TranscribeConfig(language=language, beam_size=beams)
        blocks = [samples[i : i + 10 * RATE] for i in range(0, len(samples), 10 * RATE)]
        return Transcriber(recogniser, config).transcribe(blocks, words=True).text

    return run


def with_faster_whisper(model: str, beams: int, vad: bool) -> Run:
    from faster_whisper import WhisperModel

    engine = WhisperModel(model, device="cpu", compute_type="default", cpu_threads=1)

    def run(samples: Wave, language: str) -> str:
        segments, _ = engine.transcribe(
            samples, language=language, beam_size=beams, word_timestamps=True, vad_filter=vad
        )
        return " ".join(segment.text for segment in segments)

    return run


def opened(system: str, model: str) -> Run:
    beams = int(system.rpartition("-")[2])
    if system.startswith("govor"):
        return with_govor(model, beams)
    return with_faster_whisper(model, beams, "vad" in system)


def compared(reference: list[str], heard: list[str]) -> tuple[int, int, int]:
    """(errors, runs of lost words, words in them)."""
    from rapidfuzz.distance import Levenshtein

    blocks = Levenshtein.opcodes(reference, heard)
    errors = sum(max(b.src_end - b.src_start, b.dest_end - b.dest_start) for b in blocks if b.tag != "equal")
    lost = [b.src_end - b.src_start for b in blocks if b.tag == "delete" and b.src_end - b.src_start >= RUN]
    return errors, len(lost), sum(lost)


def measure(system: str, model: str, folder: Path, only: str | None) -> None:
    """One system in this process: a JSON line a recording, and one for the peak of memory."""
    from transcribe import peak_bytes

    run = opened(system, model)
    for name, samples, reference, language in recordings(folder, only):
        begun = time.process_time()
        heard = words(run(samples, language))
        cpu_s = time.process_time() - begun
        errors, runs, lost = compared(reference, heard)
        row = {"name": name, "errors": errors, "words": len(reference), "runs": runs, "lost": lost}
        print(json.dumps({**row, "cpu_s": cpu_s, "seconds": len(samples) / RATE}), flush=True)
    print(json.dumps({"peak_mb": peak_bytes() / 1e6}))


def row_of(system: str, lines: list[Row]) -> str:
    parts = [line for line in lines if "errors" in line]
    total = {
        key: sum(one[key] for one in parts) for key in ("errors", "words", "runs", "lost", "cpu_s", "seconds")
    }
    wer, cpu = total["errors"] / total["words"], total["cpu_s"] / total["seconds"]
    peak = lines[-1]["peak_mb"]
    return f"{system:22} {wer:7.4f} {total['runs']:5} {total['lost']:6} {cpu:9.4f} {peak:8.0f}"


def interval(ours: list[Row], theirs: list[Row]) -> str:
    """Difference of pooled WER with its 95% interval over recordings (paired bootstrap, 10,000 draws)."""
    a, b = (
        np.array([[one["errors"], one["words"]] for one in rows if "errors" in one])
        for rows in (ours, theirs)
    )
    drawn = np.random.default_rng(0).integers(0, len(a), (10_000, len(a)))
    differences = (a[drawn, 0].sum(axis=1) - b[drawn, 0].sum(axis=1)) / a[drawn, 1].sum(axis=1)
    low, high = np.percentile(differences, (2.5, 97.5))
    return f"{(a[:, 0].sum() - b[:, 0].sum()) / a[:, 1].sum():+.4f} [{low:+.4f}, {high:+.4f}]"


def compare(names: list[str], model: str, folder: Path, only: str | None) -> None:
    """A row a system, a row a recording, and the differences."""
    print(f"{'system':22} {'WER':>7} {'runs':>5} {'words':>6} {'CPU-s/s':>9} {'peak MB':>8}", flush=True)
    found: dict[str, list[Row]] = {}
    for name in names:
        command = [sys.executable, __file__, model, str(folder), "--one", name]
        command += ["--only", only] if only else []
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name:22} failed: {done.stderr.strip().splitlines()[-1][:90]}", flush=True)
            continue
        found[name] = [json.loads(line) for line in done.stdout.splitlines()]
        print(row_of(name, found[name]), flush=True)
    for place, one in enumerate(line for line in next(iter(found.values()), []) if "errors" in line):
        rates = [f"{name} {rows[place]['errors'] / rows[place]['words']:.3f}" for name, rows in found.items()]
        print(f"{one['name']}: {', '.join(rates)}")
    ours = found.get("govor-5")
    for name in ("faster-whisper-5", "faster-whisper-vad-5"):
        if ours and name in found:
            print(f"govor-5 - {name}: {interval(ours, found[name])}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="CTranslate2 folder that both read")
    parser.add_argument("folder", type=Path, help="recordings with a manifest.jsonl")
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--only", help="one recording, also harmed")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        measure(asked.one, asked.model, asked.folder, asked.only)
        return
    compare(asked.systems.split(","), asked.model, asked.folder, asked.only)


if __name__ == "__main__":
    main()
