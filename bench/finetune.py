"""Does fine-tuning pay? A multilingual base model on a language that it never heard, against a new one.

There is no model hub behind this: the base is a small Whisper-architecture model (3 s window) that this
script trains on synthesised Italian, Spanish, Swedish and Welsh until its WER on unseen sentences of these
is at most 0.30. It is then fine-tuned on synthesised Croatian, with other words and other sentence
templates, and compared on the same test rows with itself before and with a model of the same size that was
trained from scratch for the same number of steps on the same data. Every step is a govor command; run
again, it continues.

    python bench/finetune.py --dir /tmp/finetune
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from govor.shown import has_interval, interval_text
from govor_command import govor

RATE_HZ = 16_000
VOICES = ("m1", "m2", "m3", "m4", "f1", "f2", "f3", "f4")
DAYS_AND_NUMBERS = {
    "it": (
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "uno due tre quattro cinque sei sette otto nove dieci",
    ),
    "es": (
        "lunes martes miércoles jueves viernes sábado domingo",
        "uno dos tres cuatro cinco seis siete ocho nueve diez",
    ),
    "sv": (
        "måndag tisdag onsdag torsdag fredag lördag söndag",
        "ett två tre fyra fem sex sju åtta nio tio",
    ),
    "cy": ("llun mawrth mercher iau gwener sadwrn sul", "un dau tri pedwar pump chwech saith wyth naw deg"),
}
CROATIAN = (
    "crni bijeli mali veliki stari mladi brzi gladni",
    "pas konj vuk lav medvjed miš golub jelen",
    "spava trči čeka jede pliva skače šuti gleda",
)
SIZES = {
    "model_type": "whisper",
    "max_source_positions": 150,
    "max_target_positions": 96,
    "d_model": 128,
    "encoder_layers": 3,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
}
BASE_STEPS, TUNE_STEPS = 600, 120
BASE_BOUND = 0.30


def base_sentences(language: str) -> list[str]:
    """day number number, and number number day."""
    days, numbers = (words.split() for words in DAYS_AND_NUMBERS[language])
    return [
        sentence
        for day, one, two in itertools.product(days, numbers, numbers)
        for sentence in (f"{day} {one} {two}", f"{one} {two} {day}")
    ]


def croatian_sentences() -> list[str]:
    """adjective noun verb: no word and no template of the base."""
    return [" ".join(words) for words in itertools.product(*(part.split() for part in CROATIAN))]


def utterances(
    language: str, sentences: Sequence[str], sizes: dict[str, int], draw: np.random.Generator
) -> Iterator[dict[str, str]]:
    """Sentences for each split, none in two of them, each in a random voice."""
    chosen = draw.permutation(len(sentences))
    start = 0
    for split, count in sizes.items():
        for number in chosen[start : start + count]:
            voice = VOICES[int(draw.integers(len(VOICES)))]
            name = f"{language}-{split}-{number}"
            yield {
                "id": name,
                "text": sentences[number],
                "language": language,
                "speaker": voice,
                "split": split,
            }
        start += count


def synthesised(folder: Path, rows: list[dict[str, str]]) -> Path:
    """Speaks rows into FLAC files with a table beside them."""
    import soundfile
    import soxr

    from govor.espeak import synthesise

    table = folder / "table.jsonl"
    if table.exists():
        return table
    folder.mkdir(parents=True)
    lines = []
    for number, row in enumerate(rows):
        speech = synthesise(row["text"], f"{row['language']}+{row['speaker']}", 165 + 7 * (number % 5))
        samples = soxr.resample(speech.samples, speech.sample_rate, RATE_HZ)
        soundfile.write(folder / f"{row['id']}.flac", samples, RATE_HZ)
        lines.append(json.dumps({**row, "audio": f"{row['id']}.flac"}, ensure_ascii=False))
    table.write_text("\n".join(lines) + "\n")
    return table


def prepared(folder: Path, rows: list[dict[str, str]]) -> Path:
    """Imports and prepares rows."""
    table = synthesised(folder / "audio", rows)
    if not (folder / "corpus" / "corpus.json").exists():
        govor("import", str(table), "--out", str(folder / "corpus"))
    govor("prepare", str(folder / "corpus"), "--out", str(folder / "dataset"))
    return folder / "dataset"


def recipe(path: Path, dataset: Path, model: dict[str, Any], steps: int, lr: float, threads: int) -> Path:
    """A recipe beside its work folder."""
    path.write_text(
        f"""name = "{path.stem}"
work = "{path.with_suffix("")}"
[prepare]
out = "{dataset}"
[model]
{toml(model)}
[train]
steps = {steps}
batch_s = 80.0
max_batch = 32
lr = {lr}
warmup = 0.1
schedule = "cosine"
eval_every = "{max(steps // 4, 50)} steps"
save_every = "{max(steps // 8, 50)} steps"
eval_utterances = 64
threads = {threads}
"""
    )
    return path


def toml(table: dict[str, Any]) -> str:
    def written(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{k} = {written(v)}" for k, v in value.items()) + " }"
        return json.dumps(value)

    return "\n".join(f"{key} = {written(value)}" for key, value in table.items())


def small_tokenizer(folder: Path) -> Path:
    """Whisper's special tokens over bytes, as the tests have it: a small model needs no 51,865 tokens."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from tiny_tokenizer import save_tiny_whisper_files

    if not (folder / "config.json").exists():
        save_tiny_whisper_files(folder)
    return folder


def trained(path: Path) -> Path:
    """Trains a recipe's model (or finds that it is trained) and gives its run."""
    summary = govor("train", str(path))
    print(f"  {summary['steps']} steps in {summary['wall_s']:.0f} s, dev WER {summary['best']['wer']:.3f}")
    return Path(summary["out"])


def evaluated(run: Path, dataset: Path, out: Path) -> dict[str, Any]:
    summary = govor("evaluate", str(run), str(dataset), "--split", "test", "--out", str(out))
    print(f"  {out.name}: {shown(summary['wer'])}", flush=True)
    return summary


def shown(interval: Mapping[str, Any]) -> str:
    return f"{interval['value']:.3f} [{interval_text(interval, scale=1, digits=3)}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-finetune"))
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    work: Path = options.dir.absolute()
    work.mkdir(parents=True, exist_ok=True)

    draw = np.random.default_rng(0)
    sizes = {"train": 700, "dev": 25, "test": 75}
    rows = [r for lang in DAYS_AND_NUMBERS for r in utterances(lang, base_sentences(lang), sizes, draw)]
    own = prepared(work / "own", rows)
    sizes = {"train": 250, "dev": 50, "test": 200}
    new = prepared(work / "new", list(utterances("hr", croatian_sentences(), sizes, draw)))

    scratch = {"from_scratch": {**SIZES, "tokenizer": str(small_tokenizer(work / "tokenizer"))}}
    threads = options.threads
    base = trained(recipe(work / "base.toml", own, scratch, BASE_STEPS, 1e-3, threads))
    base_wer = evaluated(base, own, work / "evaluation-base-own")["wer"]
    tuned = trained(
        recipe(work / "tuned.toml", new, {"base": str(base / "model")}, TUNE_STEPS, 5e-4, threads)
    )
    control = trained(recipe(work / "control.toml", new, scratch, TUNE_STEPS, 1e-3, threads))
    runs = {"base": base, "tuned": tuned, "control": control}
    results = {name: evaluated(run, new, work / f"evaluation-{name}")["wer"] for name, run in runs.items()}
    compared = govor(
        "compare",
        *(str(work / f"evaluation-{name}") for name in ("control", "tuned")),
        "--out",
        str(work / "comparison"),
    )
    print("\n| model | WER on the same 200 Croatian test rows |\n|---|---|")
    for name, wer in results.items():
        print(f"| {name} | {shown(wer)} |")
    difference = compared["wer_difference"]
    print(f"\nbase on its own languages: {shown(base_wer)} (bound {BASE_BOUND})")
    print(f"fine-tuned minus control, paired: {shown(difference)}")
    print(
        "fine-tuning beats the control"
        if has_interval(difference) and difference["high"] < 0
        else "fine-tuning does NOT beat the control beyond the interval"
    )
    if base_wer["value"] > BASE_BOUND:
        sys.exit("the base model misses its bound")


if __name__ == "__main__":
    main()
