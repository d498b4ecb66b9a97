"""Which encoder windows keep the WER at 30 s? Fine-tuning with full, short and mixed ones, compared in pairs.

There is no model hub behind this: the base is a small Whisper-architecture model with real 30 s windows
(3,000 frames, 1,500 positions) that this script trains on synthesised Italian, Spanish, Swedish and Welsh,
first over short windows (cheap), then over full ones until it is used to them, as published models are. It is
then fine-tuned on synthesised Croatian, which it never heard, once for every kind of windows: the same data,
order, seed and steps. Every model is judged at full 30 s windows by greedy decoding of the same test rows,
and compared with full training in pairs. Every step is a govor command; run again, it continues.

    python bench/windows.py --dir /tmp/windows
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from finetune import CROATIAN, DAYS_AND_NUMBERS, SIZES, prepared, shown, small_tokenizer, toml, utterances
from govor_command import govor

WHISPER = {**SIZES, "max_source_positions": 1500, "encoder_layers": 2}
ARMS: dict[str, dict[str, Any]] = {
    "full": {"windows": "full"},
    "short": {"windows": "short"},
    "mixed-0.10": {"windows": "mixed", "full_share": 0.1},
    "mixed-0.25": {"windows": "mixed", "full_share": 0.25},
    "mixed-0.50": {"windows": "mixed", "full_share": 0.5},
}


def base_sentences(language: str, draw: np.random.Generator, count: int) -> list[str]:
    """Three to seven words: numbers, with a day before or behind them."""
    days, numbers = (words.split() for words in DAYS_AND_NUMBERS[language])
    found: dict[str, None] = {}
    while len(found) < count:
        said = [str(draw.choice(numbers)) for _ in range(int(draw.integers(2, 7)))]
        said.insert(0 if draw.integers(2) else len(said), str(draw.choice(days)))
        found[" ".join(said)] = None
    return list(found)


def croatian_sentences(draw: np.random.Generator, count: int) -> list[str]:
    """One or two clauses of adjective, noun and verb: no word and no template of the base."""
    clauses = [" ".join(words) for words in itertools.product(*(part.split() for part in CROATIAN))]
    found: dict[str, None] = {}
    while len(found) < count:
        one, two = (clauses[int(n)] for n in draw.integers(len(clauses), size=2))
        found[f"{one} a {two}" if draw.integers(2) else one] = None
    return list(found)


def base_rows(draw: np.random.Generator) -> Iterator[dict[str, str]]:
    sizes = {"train": 700, "dev": 16, "test": 25}
    for language in DAYS_AND_NUMBERS:
        sentences = base_sentences(language, draw, sum(sizes.values()))
        yield from utterances(language, sentences, sizes, draw)


def recipe(path: Path, dataset: Path, model: dict[str, Any], seed: int, threads: int, **train: Any) -> Path:
    settings = {
        "batch_s": 1000.0,
        "warmup": 0.1,
        "schedule": "cosine",
        "eval_utterances": 32,
        "samples": 2,
        "trackers": [],
        "threads": threads,
        "seed": seed,
        "loader_workers": 1,
        **train,
    }
    path.write_text(
        f'name = "{path.stem}"\nwork = "{path.with_suffix("")}"\n[preflight]\nminutes = 0.2\n'
        f'[prepare]\nout = "{dataset}"\n[model]\n{toml(model)}\n[train]\n{toml(settings)}\n'
    )
    return path


def trained(path: Path) -> Path:
    """Trains a recipe's model, or finds that it is trained; gives the model of its last step."""
    summary = govor("train", str(path), "--device", "cpu")
    print(f"  {path.stem}: {summary['steps']} steps, dev WER {summary['dev']['wer']:.3f}", flush=True)
    return Path(summary["out"]) / "checkpoints" / f"step-{summary['steps']:08d}"


def evaluated(model: Path, dataset: Path, out: Path) -> Path:
    summary = govor("evaluate", str(model), str(dataset), "--split", "test", "--out", str(out))
    print(f"  {out.name}: {shown(summary['wer'])}", flush=True)
    return out


def base_model(work: Path, arguments: argparse.Namespace) -> Path:
    """Trained over short windows, then over full ones."""
    own = prepared(work / "own", list(base_rows(np.random.default_rng(0))))
    tokenizer = small_tokenizer(work / "tokenizer")
    scratch = {"from_scratch": {**WHISPER, "tokenizer": str(tokenizer)}}
    every = {"eval_every": f"{arguments.base_steps} steps", "save_every": "100 steps"}
    short = trained(
        recipe(
            work / "base-short.toml", own, scratch, 0, arguments.threads,
            steps=arguments.base_steps, max_batch=32, lr=1e-3, windows="short", **every,
        )
    )  # fmt: skip
    full = trained(
        recipe(
            work / "base.toml", own, {"base": str(short)}, 0, arguments.threads,
            steps=arguments.full_steps, max_batch=16, lr=5e-4, windows="full",
            eval_every=f"{arguments.full_steps} steps", save_every="25 steps",
        )
    )  # fmt: skip
    evaluated(full, own, work / "evaluation-base-own")
    return full


def arm(work: Path, base: Path, dataset: Path, name: str, seed: int, arguments: argparse.Namespace) -> Path:
    """Fine-tunes one arm and evaluates its last step: the same steps for all, nothing chosen on dev."""
    steps = arguments.steps
    model = trained(
        recipe(
            work / f"{name}-{seed}.toml", dataset, {"base": str(base)}, seed, arguments.threads,
            steps=steps, max_batch=16, lr=5e-4, eval_every=f"{steps} steps", save_every="40 steps",
            **ARMS[name],
        )
    )  # fmt: skip
    return evaluated(model, dataset, work / f"evaluation-{name}-{seed}")


def table(work: Path, seed: int, found: dict[str, Path]) -> None:
    """WER at full windows, and the paired difference to full training."""
    summary = govor(
        "compare", *(str(found[name]) for name in found), "--out", str(work / f"comparison-{seed}")
    )
    against = {one["system"]: one for one in summary["differences"]}
    for one, name in zip(summary["systems"], found, strict=True):
        other = against.get(one["name"])
        difference = f"{shown(other['wer_difference'])}, {other['verdict']}" if other else "-"
        print(f"| {name} | {seed} | {shown(one['wer'])} | {difference} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-windows"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--base-steps", type=int, default=700)
    parser.add_argument("--full-steps", type=int, default=80)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    work: Path = arguments.dir.absolute()
    work.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(1)
    sizes = {"train": 400, "dev": 32, "test": 200}
    sentences = croatian_sentences(draw, sum(sizes.values()))
    new = prepared(work / "new", list(utterances("hr", sentences, sizes, draw)))
    base = base_model(work, arguments)
    for seed in range(arguments.seeds):
        found = {name: arm(work, base, new, name, seed, arguments) for name in ARMS}
        table(work, seed, found)


if __name__ == "__main__":
    main()
