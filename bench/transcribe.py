"""Long recordings with the same Whisper weights in govor and faster-whisper: errors, lost runs, time, memory.

Every recording of a folder is decoded by every system, one after the other, each in a process of its own, one
thread, model already loaded. The chosen ones are harmed too: noise, music, clipping, quiet, 8 kHz. Prints
Markdown tables: pooled WER with paired intervals over recordings, runs of five reference words that were
dropped, CPU-seconds an audio-second, peak memory, WER of each condition, and how well confidence sorts right
words from wrong ones (AUC).

    OMP_NUM_THREADS=1 python bench/transcribe.py WHISPER_BASE_INT8 shared/data/longform --harm sonnet_en.mp3

The folder has a ``manifest.jsonl`` (audio, text, language, and start where a row is a part). The model has to
be one that both read: govor export --format ctranslate2 --quantization int8. With --keep FILE what was
measured is kept there, and what is there is not measured again; --seconds S stops after so many.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000
RUN = 5
"""Reference words missing in a row that count as lost."""
BATCH = 8
CLEAN = "clean"
Wave = np.ndarray[Any, Any]
Heard = list[tuple[str, float | None]]
"""What was heard: pieces of text with their confidence, or None."""
Run = Callable[[Wave, str], Heard]


@dataclass(frozen=True)
class Reference:
    """What is said in a recording."""

    words: list[str]
    language: str


@dataclass(frozen=True)
class Row:
    """What one system made of one recording in one condition."""

    system: str
    name: str
    condition: str
    errors: int
    words: int
    runs: int
    lost: int
    cpu_s: float
    seconds: float
    peak_mb: float
    right: list[tuple[float, bool]]


def words(text: str) -> list[str]:
    plain = re.sub(r"[^\w\s']", " ", unicodedata.normalize("NFKC", text).lower())
    return plain.split()


def references(folder: Path) -> dict[str, Reference]:
    """The recordings in the order of the manifest; a row without a start is all of its recording's text."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.setdefault(row["audio"], []).append(row)
    found = {}
    for name, parts in rows.items():
        whole = [part for part in parts if part.get("start") is None]
        text = " ".join(part["text"] for part in whole[:1] or parts)
        found[name] = Reference(words(text), str(parts[0]["language"]).split("-")[0])
    return found


def melody(count: int) -> Wave:
    """Notes of three harmonics that fade, two and a half a second."""
    notes = [262, 294, 330, 392, 440, 392, 330, 294]
    wave, step = np.zeros(count + RATE), round(0.4 * RATE)
    for place, at in enumerate(range(0, count, step)):
        u = np.arange(round(0.38 * RATE)) / RATE
        tone = sum(np.sin(2 * np.pi * notes[place % 8] * h * u) / h for h in (1, 2, 3))
        wave[at : at + len(u)] += np.exp(-3 * u) * tone
    return wave[:count]


def harmed(samples: Wave, condition: str) -> Wave:
    """The samples in a condition; what is added is 10 dB below them."""
    import soxr

    level, tenth = np.sqrt(np.mean(samples**2)), 10 ** (-10 / 20)
    if condition == "noise":
        samples = samples + np.random.default_rng(2).normal(0, level * tenth, len(samples))
    elif condition == "music":
        tune = melody(len(samples))
        samples = samples + tune * level * tenth / np.sqrt(np.mean(tune**2))
    elif condition == "clipped":
        samples = np.clip(samples * 30, -1, 1)
    elif condition == "quiet":
        samples = samples * 10 ** (-50 / 20) / level
    elif condition == "8 kHz":
        samples = soxr.resample(soxr.resample(samples, RATE, RATE // 2), RATE // 2, RATE)
    return np.asarray(samples, np.float32)


CONDITIONS = (CLEAN, "noise", "music", "clipped", "quiet", "8 kHz")


def with_govor(model: str, beams: int, timed: bool) -> Run:
    from govor.config import TranscribeConfig
    from govor.models import open_model
    from govor.transcribe import Transcriber

    recogniser = open_model(model, device="cpu")

    def run(samples: Wave, language: str) -> Heard:
        config = TranscribeConfig(language=language, beam_size=beams)
        blocks = [samples[i : i + 10 * RATE] for i in range(0, len(samples), 10 * RATE)]
        heard = Transcriber(recogniser, config).transcribe(blocks, words=timed)
        if not timed:
            return [(heard.text, None)]
        return [(word.text, word.confidence) for segment in heard.segments for word in segment.words]

    return run


def with_faster_whisper(model: str, beams: int, timed: bool, vad: bool = False, batched: bool = False) -> Run:
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    engine = WhisperModel(model, device="cpu", compute_type="default", cpu_threads=1)
    asked: dict[str, Any] = {"batch_size": BATCH} if batched else {"vad_filter": vad}
    decode = BatchedInferencePipeline(engine).transcribe if batched else engine.transcribe

    def run(samples: Wave, language: str) -> Heard:
        found, _ = decode(samples, language=language, beam_size=beams, word_timestamps=timed, **asked)
        if not timed:
            return [(segment.text, None) for segment in found]
        return [(word.word, word.probability) for segment in found for word in segment.words or ()]

    return run


SYSTEMS: dict[str, tuple[Callable[..., Run], dict[str, Any]]] = {
    "govor, beam 5": (with_govor, {"beams": 5, "timed": True}),
    "faster-whisper, beam 5": (with_faster_whisper, {"beams": 5, "timed": True}),
    "faster-whisper + VAD, beam 5": (with_faster_whisper, {"beams": 5, "timed": True, "vad": True}),
    "govor, beam 5, no word times": (with_govor, {"beams": 5, "timed": False}),
    "faster-whisper, beam 5, no word times": (with_faster_whisper, {"beams": 5, "timed": False}),
    "govor, greedy, no word times": (with_govor, {"beams": 1, "timed": False}),
    "faster-whisper, batched 8, greedy, no word times": (
        with_faster_whisper,
        {"beams": 1, "timed": False, "batched": True},
    ),
}
PAIRS = (
    ("govor, beam 5", "faster-whisper, beam 5", 0.8),
    ("govor, beam 5", "faster-whisper + VAD, beam 5", 0.8),
    ("govor, beam 5, no word times", "faster-whisper, beam 5, no word times", 0.8),
    ("govor, greedy, no word times", "faster-whisper, batched 8, greedy, no word times", 1.0),
)
"""(system, other, goal): CPU-seconds of the first over those of the second."""


def compared(reference: list[str], heard: Heard) -> tuple[int, int, int, list[tuple[float, bool]]]:
    """(errors, runs of lost words, words in them, (confidence, was it right) of every word that has one)."""
    from rapidfuzz.distance import Levenshtein

    pairs = [(word, sure) for text, sure in heard for word in words(text)]
    blocks = Levenshtein.opcodes(reference, [word for word, _ in pairs])
    errors = sum(max(b.src_end - b.src_start, b.dest_end - b.dest_start) for b in blocks if b.tag != "equal")
    lost = [b.src_end - b.src_start for b in blocks if b.tag == "delete" and b.src_end - b.src_start >= RUN]
    right = [
        (round(sure, 4), b.tag == "equal")
        for b in blocks
        for _, sure in pairs[b.dest_start : b.dest_end]
        if sure is not None
    ]
    return errors, len(lost), sum(lost), right


def peak_mb() -> float:
    """Most memory of this process since it began; Linux counts a parent's in ru_maxrss, hence /proc."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measure(system: str, model: str, folder: Path, name: str, conditions: Sequence[str]) -> Iterator[Row]:
    """One system and recording, in this process."""
    from govor.audio import mono_blocks

    maker, settings = SYSTEMS[system]
    run = maker(model, **settings)
    reference = references(folder)[name]
    samples = np.concatenate(list(mono_blocks(folder / name, sample_rate=RATE)))
    for condition in conditions:
        wave = harmed(samples, condition)
        begun = time.process_time()
        heard = run(wave, reference.language)
        cpu_s = time.process_time() - begun
        errors, runs, lost, right = compared(reference.words, heard)
        facts = (errors, len(reference.words), runs, lost, cpu_s, len(wave) / RATE, peak_mb())
        yield Row(system, name, condition, *facts, right)


def measured(asked: argparse.Namespace, kept: Path) -> list[Row]:
    """All rows: what is kept already, and what is measured now, a recording with all systems at a time."""
    rows = read(kept)
    done, begun = {(row.system, row.name, row.condition) for row in rows}, time.monotonic()
    for name in references(asked.folder):
        conditions = CONDITIONS if name in asked.harm else (CLEAN,)
        for system in asked.systems:
            wanted = [one for one in conditions if (system, name, one) not in done]
            if not wanted or (asked.seconds and time.monotonic() - begun > asked.seconds):
                continue
            command = [sys.executable, __file__, asked.model, str(asked.folder), "--keep", str(kept)]
            subprocess.run([*command, "--one", system, name, ",".join(wanted)], check=True)
    return read(kept)


def read(kept: Path) -> list[Row]:
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    return [Row(**json.loads(line)) for line in lines]


def say(rows: list[Row], systems: Sequence[str]) -> None:
    """The tables."""
    of: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row.condition == CLEAN:
            of[row.system][row.name] = row
    here = [name for name in systems if name in of]
    if not here:
        return
    common = set.intersection(*(set(of[name]) for name in here))
    if not common:
        return
    total_s = sum(of[here[0]][name].seconds for name in common)
    print(f"{len(common)} recordings, {total_s:.0f} s\n")
    print("| system | WER | runs dropped | words in them | CPU-s an audio-s | peak MB | AUC of confidence |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for system in here:
        print(f"| {system} | {row_of([of[system][name] for name in sorted(common)])}")
    print()
    for ours, theirs, goal in PAIRS:
        if ours in here and theirs in here:
            print(f"- {ours} over {theirs}: {against(of[ours], of[theirs], sorted(common), goal)}")
    by_condition(rows, here)
    by_recording(of, here, sorted(common))


def row_of(rows: Sequence[Row]) -> str:
    wer = sum(row.errors for row in rows) / sum(row.words for row in rows)
    cpu = sum(row.cpu_s for row in rows) / sum(row.seconds for row in rows)
    runs, lost = sum(row.runs for row in rows), sum(row.lost for row in rows)
    sorts = auc([pair for row in rows for pair in row.right])
    peak = max(row.peak_mb for row in rows)
    told = "" if sorts is None else f"{sorts:.3f}"
    return f"{wer:.4f} | {runs} | {lost} | {cpu:.4f} | {peak:.0f} | {told} |"


def against(ours: dict[str, Row], theirs: dict[str, Row], names: Sequence[str], goal: float) -> str:
    """Difference of pooled WER with its 95% interval over recordings (paired bootstrap), ratio of time."""
    a = np.array([[ours[name].errors, ours[name].words] for name in names])
    b = np.array([[theirs[name].errors, theirs[name].words] for name in names])
    drawn = np.random.default_rng(0).integers(0, len(a), (10_000, len(a)))
    differences = (a[drawn, 0].sum(axis=1) - b[drawn, 0].sum(axis=1)) / a[drawn, 1].sum(axis=1)
    low, high = np.percentile(differences, (2.5, 97.5))
    difference = (a[:, 0].sum() - b[:, 0].sum()) / a[:, 1].sum()
    ratio = sum(ours[name].cpu_s for name in names) / sum(theirs[name].cpu_s for name in names)
    return f"WER {difference:+.4f} [{low:+.4f}, {high:+.4f}], CPU {ratio:.2f} of it (goal {goal:g})"


def auc(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """That a right word has more confidence than a wrong one, ties counting half; None without both."""
    from scipy.stats import mannwhitneyu

    right, wrong = ([sure for sure, is_right in pairs if is_right is kind] for kind in (True, False))
    if not right or not wrong:
        return None
    return float(mannwhitneyu(right, wrong).statistic) / (len(right) * len(wrong))


def by_condition(rows: list[Row], systems: Sequence[str]) -> None:
    harmed_names = {row.name for row in rows if row.condition != CLEAN}
    for name in sorted(harmed_names):
        print(f"\n| {name}: WER | {' | '.join(CONDITIONS)} |\n|---|{'---:|' * len(CONDITIONS)}")
        for system in systems:
            found = {row.condition: row for row in rows if row.name == name and row.system == system}
            rates = [f"{found[c].errors / found[c].words:.3f}" if c in found else "" for c in CONDITIONS]
            print(f"| {system} | {' | '.join(rates)} |")


def by_recording(of: dict[str, dict[str, Row]], systems: Sequence[str], names: Sequence[str]) -> None:
    print(f"\n| system: WER | {' | '.join(names)} |\n|---|{'---:|' * len(names)}")
    for system in systems:
        rates = [f"{of[system][name].errors / of[system][name].words:.3f}" for name in names]
        print(f"| {system} | {' | '.join(rates)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="CTranslate2 folder that both read")
    parser.add_argument("folder", type=Path, help="recordings with a manifest.jsonl")
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--harm", nargs="*", default=[], help="recordings that are harmed too")
    parser.add_argument("--keep", type=Path, help="file of what was measured, to go on with")
    parser.add_argument("--seconds", type=float, help="begin no further measurement after so many")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        system, name, conditions = asked.one
        with asked.keep.open("a", encoding="utf-8") as kept:
            for row in measure(system, asked.model, asked.folder, name, conditions.split(",")):
                kept.write(json.dumps(asdict(row)) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        say(measured(asked, asked.keep or Path(scratch) / "rows.jsonl"), asked.systems)


if __name__ == "__main__":
    main()
