"""How well confidence and agreement choose among a model's texts, and what gets no text.

    python bench/label.py label --data cv61-sample --model whisper-base-ct2 --language sv-SE --work W
    python bench/label.py score --data cv61-sample --work W

`label`: clips of Common Voice whose texts are hidden are labelled by `govor label`; beside them recordings
that must give no row: music of four kinds, silence, noise, clips in other languages. Killed, or stopped after
`--minutes`, the same command goes on.

`score`: the texts come out. WER (small letters, marks and numbers alone) of the clips that were labelled, of
the surest 50% and 70% by each measure, and of random ones of the same size; differences with 95% intervals
from a bootstrap over clips, in which the random ones are drawn anew each time.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import soundfile
from numpy.typing import NDArray

from govor.config import LabelConfig
from govor.config.label import MEASURES
from govor.evaluate.edits import word_edits
from govor.label.entry import Labelling
from govor.label.keeping import kept
from govor.label.texts import plain
from govor.transcribe.inputs import local_inputs

RATE = 16_000
DRAWS = 2000
SHARES = (0.5, 0.7)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Clip:
    """A clip with its hidden text and what was written for it."""

    errors: int
    words: int
    confidence: float
    agreement: float


def clips_of(data: Path, language: str, count: int) -> dict[Path, str]:
    """Some clips of a language with their texts, by a seed."""
    with (data / language / "validated.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    random.Random(0).shuffle(rows)
    found = {data / language / "clips" / row["path"]: row["sentence"] for row in rows}
    return {path: text for path, text in list(found.items())[:count] if path.exists()}


def planted(data: Path, language: str, folder: Path, others: int) -> list[Path]:
    """Recordings that must give no row; those that are made are written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0)
    made = {f"music-{name}": wave for name, wave in music(noise).items()}
    made |= {"silence": noise.normal(0, 1e-4, 10 * RATE), "noise": noise.normal(0, 0.05, 10 * RATE)}
    for name, wave in made.items():
        if not (folder / f"{name}.wav").exists():  # a recording that is written anew is heard anew
            soundfile.write(folder / f"{name}.wav", wave.astype(np.float32), RATE)
    foreign = [place.parent.name for place in sorted(data.glob("*/validated.tsv"))]
    foreign = [name for name in foreign if name != language]
    clips = [path for name in foreign for path in list(clips_of(data, name, others))]
    return [*sorted(folder.glob("*.wav")), *clips]


def music(noise: np.random.Generator) -> dict[str, Array]:
    """Twelve seconds each: chords that swell, a plucked melody, a beat, a voiceless vibrato."""
    t = np.arange(12 * RATE) / RATE
    chords = sum(np.sin(2 * np.pi * f * t) * (1 + np.sin(2 * np.pi * t * 0.7)) for f in (220, 277, 330, 440))
    phase = np.cumsum(np.repeat(220 * 2 ** (noise.integers(0, 12, 48) / 12), len(t) // 48)) / RATE
    since = (t * 4) % 1
    plucked = sum(np.sin(2 * np.pi * k * phase) * np.exp(-4 * k * since) / k for k in range(1, 6))
    drum = np.sin(2 * np.pi * 60 * t) * np.exp(-8 * (t % 1))
    beat = drum + noise.normal(0, 1, len(t)) * np.exp(-30 * ((t * 2) % 1))
    vibrato = sum(np.sin(2 * np.pi * 392 * k * t + 3 * np.sin(2 * np.pi * 5 * t)) / k for k in range(1, 8))
    waves = {"chords": chords, "plucked": plucked, "beat": beat, "vibrato": vibrato}
    return {name: 0.2 * np.asarray(wave) / np.abs(wave).max() for name, wave in waves.items()}


def label(options: argparse.Namespace) -> None:
    """Labels one language, recording by recording, as far as the minutes go."""
    data, work = Path(options.data), Path(options.work) / options.language
    recordings = [*clips_of(data, options.language, options.clips)]
    recordings += planted(data, options.language, work / "planted", options.others)
    config = LabelConfig(language=options.language, beam_size=options.beams, stock_recordings=0)
    run = Labelling(options.model, work / "corpus", config, "cpu")
    until = time.monotonic() + 60 * options.minutes
    for number, item in enumerate(local_inputs([str(path) for path in recordings])):
        if time.monotonic() > until:
            print(f"{options.language}: {number} of {len(recordings)}, go on with the same command")
            return
        run.one(item)
    summary = run.run([str(path) for path in recordings])
    print(json.dumps({"language": options.language, "reasons": summary["reasons"], "kept": summary.kept}))


def score(options: argparse.Namespace) -> None:
    """Tells what the measures chose, in each language and in all."""
    data, every = Path(options.data), []
    for folder in sorted(Path(options.work).iterdir()):
        if not (folder / "corpus" / "corpus.json").exists():
            continue
        texts = {path.name: text for path, text in clips_of(data, folder.name, options.clips).items()}
        rows = pl.read_parquet(folder / "corpus" / "utterances.parquet")
        own = rows.filter(pl.col("audio").str.split("/").list.last().is_in(list(texts)))
        print(f"\n{folder.name}: {own['audio'].n_unique()} of {len(texts)} clips labelled, "
              f"{rows.height - own.height} rows of planted recordings")  # fmt: skip
        for (audio,) in rows.filter(~pl.col("id").is_in(own["id"].to_list())).select("audio").iter_rows():
            print(f"  planted: {audio}")
        clips = [clip_of(part, texts) for (_,), part in own.group_by("audio", maintain_order=True)]
        every.append(clips)
        told(folder.name, [clips])
    told("all", every)


def clip_of(rows: pl.DataFrame, texts: dict[str, str]) -> Clip:
    """What was written for one clip; the measures of several segments by their lengths."""
    rows = rows.sort("start")
    edits = word_edits(plain(texts[rows["audio"][0].rsplit("/", 1)[-1]]), plain(" ".join(rows["text"])))
    length = (rows["end"] - rows["start"]).to_numpy()
    measured = {name: float(np.average(rows[name].to_numpy(), weights=length)) for name in MEASURES[:2]}
    return Clip(edits.errors, edits.reference_length, **measured)


def told(name: str, languages: list[list[Clip]]) -> None:
    """A line for each share and measure; shares are kept within each language."""
    clips = [clip for one in languages for clip in one]
    print(f"{name}: WER of all {len(clips)} clips {wer(clips):.3f}")
    for share in SHARES:
        for by in MEASURES:
            chosen = [clip for one in languages for clip in surest(one, by, share)]
            low, high = interval(languages, by, share)
            difference = wer(chosen) - wer(clips)
            print(f"  {share:.0%} by {by:<10} {wer(chosen):.3f}, against random {difference:+.3f} "
                  f"[{low:+.3f}, {high:+.3f}]")  # fmt: skip


def surest(clips: list[Clip], by: str, share: float) -> list[Clip]:
    """The surest share of one language's clips."""
    chosen = kept([c.confidence for c in clips], [c.agreement for c in clips], by, share)
    return [clip for clip, keeps in zip(clips, chosen, strict=True) if keeps]


def wer(clips: list[Clip]) -> float:
    """Errors of all clips over words of all clips."""
    return sum(clip.errors for clip in clips) / max(sum(clip.words for clip in clips), 1)


def interval(languages: list[list[Clip]], by: str, share: float) -> tuple[float, float]:
    """Of the difference to random clips: a bootstrap over clips within languages."""
    draw = random.Random(1)
    found = []
    for _ in range(DRAWS):
        drawn = [draw.choices(one, k=len(one)) for one in languages]
        best = [clip for one in drawn for clip in surest(one, by, share)]
        some = [clip for one in drawn for clip in draw.sample(one, round(share * len(one)))]
        found.append(wer(best) - wer(some))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("label", "score"))
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--model")
    parser.add_argument("--language")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--others", type=int, default=2)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=3.0)
    options = parser.parse_args()
    {"label": label, "score": score}[options.what](options)


if __name__ == "__main__":
    main()
