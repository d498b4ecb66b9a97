"""Does self-training pay? People's texts alone, beside all of a model's texts, beside the surest of them.

A small CTC model knows Croatian read aloud (the demo's). It is taken to recordings that it does not know:
new sentences as a telephone in a hall would record them, at 8 kHz, with others who talk and noise 15 to
25 dB below. People's texts: those of dev, of test and of one recording of train. The other recordings of
train are tapes: their texts are hidden. For each seed (of training, and of which recording is people's) the
model is trained on people's texts alone; that model labels the tapes; and one round of the recipe's
``[label]`` trains the demo's model anew on people's texts and its own, once on all of these and once on the
surest share. The steps are the same in all three. All are measured on test, which chose nothing. Sentences
are of the demo's 130 words, in all splits, so what is measured is the sound. Killed, or stopped after
`--minutes`, the same command goes on.

    python bench/self_training.py run --demo govor-demo --work W
    python bench/self_training.py score --work W

`score` also tells the WER of the machine's texts against the hidden ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import soundfile
import soxr
from numpy.typing import NDArray

from govor.config import EvaluateConfig, LabelConfig, Recipe, Workspace, recipe_from
from govor.config.label import MEASURES
from govor.demo.recording import make
from govor.demo.script import plan_recordings
from govor.evaluate import evaluate
from govor.evaluate.edits import word_edits
from govor.evaluate.intervals import difference_interval, grouping
from govor.label import label_recordings
from govor.label.texts import plain
from govor.pipeline import run_recipe
from govor.pipeline.rounds import self_train

ARMS = {"all": 1.0, "surest": LabelConfig().keep_share}
"""Share of the machine's texts that a model is trained on."""
VOICES = ("heard", "unheard")
RATE, TELEPHONE = 16_000, 8_000
SNR_DB = (15.0, 25.0)
Wave = NDArray[np.float32]
Words = list[tuple[float, str]]


@dataclass(frozen=True)
class Step:
    """A part of the work; it is done when its file exists."""

    made: Path
    work: Callable[[], object]


def run(options: argparse.Namespace) -> None:
    """Goes through the steps, as far as the minutes go."""
    until = time.monotonic() + 60 * options.minutes
    for step in steps(options):
        if step.made.exists():
            continue
        if time.monotonic() > until:
            sys.exit(f"stopped before {step.made}: go on with the same command")
        step.work()
    print("all steps are done; now: score")


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """All steps, in order."""
    work = Path(options.work)
    yield Step(work / "spoken" / "alignment.jsonl", lambda: speak(options))
    yield Step(work / "base" / "summary.json", lambda: measure_base(options))
    for seed in options.seeds:
        yield from steps_of(options, seed)


def speak(options: argparse.Namespace) -> None:
    """New sentences in the demo's voices, as a telephone in a hall would record them."""
    folder = Path(options.work) / "spoken"
    for plan in plan_recordings(seed=1, scale=options.scale):
        if not (folder / "segments" / f"{plan.name}.json").exists():
            make(plan, folder)
    clean = {path.stem.replace(" ", ""): heard(path) for path in (folder / "recordings").glob("*.mp3")}
    for number, name in enumerate(sorted(clean)):
        others = [wave for other, wave in clean.items() if other != name]
        noisy = in_a_hall(clean[name], others, np.random.default_rng([1, number]))
        soundfile.write(folder / "recordings" / f"{name}.flac", noisy, RATE)
    segments = [json.loads(path.read_text("utf-8")) for path in sorted((folder / "segments").glob("*.json"))]
    lines = [json.dumps(segment, ensure_ascii=False) for some in segments for segment in some]
    (folder / "alignment.jsonl").write_text("\n".join(lines).replace(".mp3", ".flac") + "\n", "utf-8")


def heard(path: Path) -> Wave:
    """One channel at 8 kHz."""
    samples, rate = soundfile.read(path, dtype="float32")
    return np.asarray(soxr.resample(samples.mean(axis=1), rate, TELEPHONE), np.float32)


def in_a_hall(wave: Wave, others: Sequence[Wave], noise: np.random.Generator) -> Wave:
    """With four others who talk and with noise, at a ratio that chance draws; at 16 kHz again."""
    talk = sum(np.resize(np.roll(others[n], noise.integers(len(others[n]))), len(wave))
               for n in noise.choice(len(others), 4, replace=False))  # fmt: skip
    talk = talk / np.std(talk) + 0.5 * noise.standard_normal(len(wave))
    level = np.std(wave) / np.std(talk) * 10 ** (-noise.uniform(*SNR_DB) / 20)
    mixed = wave + level * talk
    return np.asarray(soxr.resample(0.5 * mixed / np.abs(mixed).max(), TELEPHONE, RATE), np.float32)


def measure_base(options: argparse.Namespace) -> None:
    """The WER of the model that all begin with, on the test of the first seed."""
    recipe = recipe_of(options, options.seeds[0])
    run_recipe(recipe, last="prepare")
    base = str(Path(options.demo) / "work" / "run")
    dataset = Workspace.of(recipe).dataset
    evaluate(base, dataset, Path(options.work) / "base", EvaluateConfig(), device="cpu")


def steps_of(options: argparse.Namespace, seed: int) -> Iterator[Step]:
    """The steps of one seed."""
    people = recipe_of(options, seed)
    place = Workspace.of(people)
    model, labels = str(place.run), place.root.parent / "labels"
    label = LabelConfig(recordings=tuple(tapes(options, seed)), language="hr", keep_by=options.keep_by)
    yield Step(place.run / "model" / "config.json", lambda: run_recipe(people, last="train", device="cpu"))
    test = place.root.parent / "test"
    yield Step(test / "people" / "summary.json", lambda: measured(model, place.dataset, test / "people"))
    yield Step(
        labels / "corpus.json", lambda: label_recordings(model, label.recordings, labels, label, "cpu")
    )
    for arm, share in ARMS.items():
        recipe = arm_of(people, arm, label, share)
        trained = Workspace.of(recipe).rounds / "1" / "run"
        yield Step(Workspace.of(recipe).root / "rounds.json", partial(one_round, recipe, place, labels))
        yield Step(
            test / arm / "summary.json",
            partial(measured, str(trained), place.dataset, test / arm),
        )


def measured(model: str, dataset: str, out: Path) -> None:
    """On the test split."""
    evaluate(model, dataset, out, EvaluateConfig(), device="cpu")


def recipe_of(options: argparse.Namespace, seed: int) -> Recipe:
    """People's texts alone."""
    work = Path(options.work).absolute()
    own = set(tapes(options, seed))
    rows = [row for row in alignment(options) if recording(options, row) not in own]
    source = work / f"people-{seed}.jsonl"
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return recipe_from(
        {
            "work": str(work / str(seed) / "people"),
            "corpus": {
                "source": str(source),
                "format": "parlaspeech",
                "audio_root": str(work / "spoken" / "recordings"),
                "language": "hr",
            },
            "select": {"min_similarity": 0.8},
            "text": {"rules": ["nfc", "lower", "punctuation", "spaces"]},
            "prepare": {"workers": 1},
            "model": {"base": str((Path(options.demo) / "work" / "run").absolute())},
            "preflight": {"minutes": 0.0, "clips": 0},
            "train": {
                "steps": options.steps,
                "seed": seed,
                "lr": 5e-4,
                "batch_s": 40.0,
                "max_batch": 8,
                "eval_every": f"{options.steps} steps",
                "save_every": f"{options.steps} steps",
                "loader_workers": 0,
                "trackers": [],
            },
        }
    )


def arm_of(people: Recipe, arm: str, label: LabelConfig, share: float) -> Recipe:
    """The same with a round of labelling, in a folder of its own."""
    place = Workspace.of(people)
    return replace(
        people,
        work=str(place.root.parent / arm),
        prepare=replace(people.prepare, out=place.dataset),
        train=replace(people.train, out=str(place.run)),
        label=replace(label, keep_share=share),
    )


def one_round(recipe: Recipe, people: Workspace, labels: Path) -> None:
    """A round of ``[label]`` behind the stages that ran for people's texts; what was labelled is taken."""
    place = Workspace.of(recipe)
    first = place.rounds / "1"
    first.mkdir(parents=True, exist_ok=True)
    if not place.selected.exists():
        place.selected.symlink_to(people.selected)
    if not (first / "labelled").exists():
        shutil.copytree(labels, first / "labelled")
    summary = self_train(recipe, "cpu")
    (place.root / "rounds.json").write_text(json.dumps(dict(summary), default=str))


def alignment(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All utterances that were spoken."""
    lines = (Path(options.work) / "spoken" / "alignment.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def recording(options: argparse.Namespace, row: dict[str, Any]) -> str:
    """The file that an utterance is in."""
    return str((Path(options.work) / "spoken" / "recordings" / row["orig_file"]).absolute())


def tapes(options: argparse.Namespace, seed: int) -> dict[str, Words]:
    """The recordings whose texts are hidden, with these; one recording of train is people's, by the seed."""
    found: dict[str, Words] = {}
    for row in alignment(options):
        if row["split"] == "train":
            found.setdefault(recording(options, row), []).extend(
                zip(times_of(row), row["words"], strict=True)
            )
    own = list(found)[4 * seed % len(found)]
    return {name: words for name, words in found.items() if name != own}


def times_of(row: dict[str, Any]) -> Sequence[float]:
    """When each word begins in the recording; evenly where no times are told."""
    if row["word_start_times"]:
        return [row["start"] + at for at in row["word_start_times"]]
    return list(np.linspace(row["start"], row["end"], len(row["words"]), endpoint=False))


def score(options: argparse.Namespace) -> None:
    """Tells the WER of each model, and what machine texts change, by seed and over the seeds."""
    base = json.loads((Path(options.work) / "base" / "summary.json").read_text())
    print(f"the base model before: WER {base['wer']['value']:.3f}")
    done = []
    for seed in options.seeds:
        place = Path(options.work) / str(seed)
        if all((place / "test" / arm / "summary.json").exists() for arm in ARMS):
            told_labels(place, tapes(options, seed))
            done.append({arm: clips_of(place / "test" / arm) for arm in ("people", *ARMS)})
            told(f"seed {seed}", done[-1:])
    if len(done) > 1:
        told(f"{len(done)} seeds", done)


def clips_of(folder: Path) -> pl.DataFrame:
    """What one model did with each clip of test."""
    scored = pl.read_parquet(folder / "scores.parquet").sort("id")
    edits = [word_edits(*pair) for pair in scored.select("normal_reference", "normal_hypothesis").iter_rows()]
    counted = pl.DataFrame(
        {"errors": [e.errors for e in edits], "words": [e.reference_length for e in edits]}
    )
    return scored.select("id", "speaker", "voice").hstack(counted)


def told(name: str, seeds: Sequence[dict[str, pl.DataFrame]]) -> None:
    """A line for each model and one for each difference: intervals by speaker, errors summed over seeds."""
    first = seeds[0]["people"]
    words, voices = len(seeds) * first["words"].to_numpy(), first["voice"].to_numpy()
    groups = grouping(first.height, first["speaker"].to_list())
    errors = {arm: np.sum([one[arm]["errors"].to_numpy() for one in seeds], axis=0) for arm in seeds[0]}
    for arm, of_arm in errors.items():
        parts = [f"{of_arm[voices == v].sum() / words[voices == v].sum():.3f} {v}" for v in VOICES]
        print(f"{name}: {arm:<7} WER {of_arm.sum() / words.sum():.3f} ({', '.join(parts)})")
    for arm, against in (("all", "people"), ("surest", "people"), ("surest", "all")):
        found = difference_interval(errors[arm], errors[against], words, groups)
        print(f"{name}: {arm} - {against}: {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")


def told_labels(place: Path, truth: dict[str, Words]) -> None:
    """WER of the machine's texts against the hidden words whose beginnings they cover."""
    known = {Path(name).name: words for name, words in truth.items()}
    for arm in ARMS:
        rows = pl.read_parquet(place / arm / "rounds" / "1" / "kept" / "utterances.parquet")
        errors = words = 0
        for audio, start, end, text in rows.select("audio", "start", "end", "text").iter_rows():
            said = " ".join(word for at, word in known[Path(audio).name] if start <= at < end)
            edits = word_edits(plain(said), plain(text))
            errors, words = errors + edits.errors, words + edits.reference_length
        hours = (rows["end"] - rows["start"]).sum() / 3600
        said = f"{rows.height} segments, {hours:.2f} h, WER {errors / words:.3f}"
        print(f"seed {place.name}: texts of {arm}: {said}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("run", "score"))
    parser.add_argument("--demo", help="folder of a finished govor demo, whose model all begin with")
    parser.add_argument("--work", required=True)
    parser.add_argument("--scale", type=float, default=0.3, help="share of the demo's sentences")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--keep-by", choices=MEASURES, default="both")
    parser.add_argument("--minutes", type=float, default=4.0, help="no step begins after them")
    options = parser.parse_args()
    {"run": run, "score": score}[options.what](options)


if __name__ == "__main__":
    main()
