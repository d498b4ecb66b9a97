"""Does self-training pay? People's texts alone, beside all of a model's texts, beside the surest of them.

The demo's recordings (synthesised Croatian). People's texts: those of dev, of test and of a few recordings
of train. The other recordings of train are tapes: their texts are hidden. For each seed a CTC model is
trained from scratch on people's texts alone; it labels the tapes; and one round of the recipe's ``[label]``
trains such a model anew on people's texts and its own, once on all of these and once on the surest share.
The steps are the same in all three. All are measured on test, which chose nothing. Every step is a govor
command; killed, or stopped after `--minutes`, the same command goes on.

    python bench/self_training.py run --demo govor-demo --work W
    python bench/self_training.py score --demo govor-demo --work W

`score` also tells the WER of the machine's texts against the hidden ones.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from govor.config.toml import dumps
from govor.evaluate.edits import word_edits
from govor.evaluate.intervals import difference_interval, grouping
from govor.label.texts import plain
from govor_command import govor

ARMS = {"all": 1.0, "surest": None}
"""Share of the machine's texts; None: the recipe's default."""
DEMO_TEST_SLICES = ("heard", "unheard")


@dataclass(frozen=True)
class Step:
    """One command; it is done when its file exists."""

    made: Path
    work: Callable[[], object]


def run(options: argparse.Namespace) -> None:
    """Goes through the steps of all seeds, as far as the minutes go."""
    until = time.monotonic() + 60 * options.minutes
    split_up(options)
    for seed in options.seeds:
        for step in steps(options, seed):
            if step.made.exists():
                continue
            if time.monotonic() > until:
                sys.exit(f"stopped before {step.made}: go on with the same command")
            step.work()
    print("all steps are done; now: score")


def split_up(options: argparse.Namespace) -> None:
    """People's rows as an alignment, the other recordings of train as tapes."""
    demo, work = Path(options.demo), Path(options.work)
    tapes = hidden(options)
    rows = [json.loads(line) for line in (demo / "alignment.jsonl").read_text("utf-8").splitlines()]
    people = [json.dumps(row, ensure_ascii=False) for row in rows if row["orig_file"] not in tapes]
    (work / "tapes").mkdir(parents=True, exist_ok=True)
    (work / "people.jsonl").write_text("\n".join(people) + "\n", "utf-8")
    recordings = {path.name.replace(" ", ""): path for path in (demo / "recordings").glob("*.mp3")}
    for name in tapes:
        if not (work / "tapes" / name).exists():
            (work / "tapes" / name).symlink_to(recordings[name].absolute())


def hidden(options: argparse.Namespace) -> dict[str, list[tuple[float, str]]]:
    """The tapes: name to the times and words that are hidden. People's are spread over those of train."""
    lines = (Path(options.demo) / "alignment.jsonl").read_text("utf-8").splitlines()
    found: dict[str, list[tuple[float, str]]] = {}
    for row in map(json.loads, lines):
        if row["split"] == "train":
            words = zip(times_of(row), row["words"], strict=True)
            found.setdefault(row["orig_file"], []).extend(words)
    human = {list(found)[number * len(found) // options.human] for number in range(options.human)}
    return {name: words for name, words in found.items() if name not in human}


def times_of(row: dict[str, Any]) -> Sequence[float]:
    """When each word begins in the recording; evenly where the demo tells no times."""
    if row["word_start_times"]:
        return [row["start"] + at for at in row["word_start_times"]]
    return list(np.linspace(row["start"], row["end"], len(row["words"]), endpoint=False))


def steps(options: argparse.Namespace, seed: int) -> Iterator[Step]:
    """The commands of one seed, in order."""
    place = Path(options.work) / str(seed)
    people, labels = place / "people", place / "labels"
    recipe = write_recipe(options, seed, people, {})
    yield Step(people / "evaluation" / "summary.json", lambda: govor("run", str(recipe)))
    model, tapes = str(people / "run"), str(Path(options.work) / "tapes")
    labelling = ("label", tapes, "--model", model, "--language", "hr", "--out", str(labels))
    yield Step(labels / "corpus.json", lambda: govor(*labelling))
    for arm, share in ARMS.items():
        label = {"recordings": [tapes], "language": "hr"} | ({} if share is None else {"keep_share": share})
        own = write_recipe(options, seed, place / arm, {"label": label}, people)
        yield Step(place / arm / "done", lambda own=own, arm=arm: one_round(own, place, arm))
        made = place / arm / "test" / "summary.json"
        test = ("evaluate", str(place / arm / "rounds/1/run"), str(people / "dataset"))
        yield Step(made, lambda made=made, test=test: govor(*test, "--out", str(made.parent)))


def write_recipe(
    options: argparse.Namespace, seed: int, work: Path, more: dict[str, Any], people: Path | None = None
) -> Path:
    """The demo's recipe with fewer texts and steps, in a folder of its own."""
    demo = Path(options.demo)
    recipe = tomllib.loads((demo / "recipe.toml").read_text("utf-8"))
    source = str((Path(options.work) / "people.jsonl").absolute())
    recipe |= {"work": str(work.absolute()), "transcribe": {}, "preflight": {"minutes": 0.0}, **more}
    recipe["corpus"] |= {"source": source, "audio_root": str((demo / "recordings").absolute())}
    recipe["train"] |= {"steps": options.steps, "seed": seed, "eval_every": f"{options.steps} steps"}
    if people is not None:
        recipe["prepare"]["out"] = str((people / "dataset").absolute())
        recipe["train"]["out"] = str((people / "run").absolute())
    path = Path(f"{work}.toml")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps(recipe), "utf-8")
    return path


def one_round(recipe: Path, place: Path, arm: str) -> None:
    """A round of ``[label]`` behind the stages that ran for people's texts; what was labelled is taken."""
    first = place / arm / "rounds" / "1"
    first.mkdir(parents=True, exist_ok=True)
    if not (place / arm / "selected").exists():
        (place / arm / "selected").symlink_to((place / "people" / "selected").absolute())
    if not (first / "labelled").exists():
        shutil.copytree(place / "labels", first / "labelled")
    summary = govor("run", str(recipe), "--from", "label", "--to", "label")
    (place / arm / "done").write_text(json.dumps(summary))


def score(options: argparse.Namespace) -> None:
    """Tells the WER of each model, and what machine texts change, by seed and over the seeds."""
    tables = {}
    for place in sorted(Path(options.work).glob("[0-9]*")):
        if not place.is_dir() or not all((place / arm / "test" / "summary.json").exists() for arm in ARMS):
            continue
        told_labels(place, hidden(options))
        names = {"people": place / "people" / "evaluation"} | {arm: place / arm / "test" for arm in ARMS}
        tables[place.name] = {name: clips_of(folder) for name, folder in names.items()}
        told(f"seed {place.name}", [tables[place.name]])
    if tables:
        told(f"{len(tables)} seeds", list(tables.values()))


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
    words = first["words"].to_numpy()
    groups = grouping(first.height, first["speaker"].to_list())
    errors = {arm: sum(seed[arm]["errors"].to_numpy() for seed in seeds) for arm in ("people", *ARMS)}
    for arm, of_arm in errors.items():
        parts = [f"{rate(of_arm, words, first['voice'].to_numpy() == v, len(seeds)):.3f} {v}"
                 for v in DEMO_TEST_SLICES]  # fmt: skip
        print(f"{name}: {arm:<7} WER {of_arm.sum() / words.sum() / len(seeds):.3f} ({', '.join(parts)})")
    for arm, against in (("all", "people"), ("surest", "people"), ("surest", "all")):
        found = difference_interval(errors[arm], errors[against], words * len(seeds), groups, 0)
        print(f"{name}: {arm} - {against}: {found.value:+.3f} [{found.low:+.3f}, {found.high:+.3f}]")


def rate(errors: Any, words: Any, chosen: Any, seeds: int) -> float:
    """WER of some clips, over all seeds."""
    return float(errors[chosen].sum() / words[chosen].sum() / seeds)


def told_labels(place: Path, truth: dict[str, list[tuple[float, str]]]) -> None:
    """WER of the machine's texts against the hidden words whose beginnings they cover."""
    for arm in ARMS:
        rows = pl.read_parquet(place / arm / "rounds" / "1" / "kept" / "utterances.parquet")
        errors = words = 0
        for audio, start, end, text in rows.select("audio", "start", "end", "text").iter_rows():
            said = " ".join(word for at, word in truth[Path(audio).name] if start <= at < end)
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
    parser.add_argument("--demo", required=True, help="folder of a finished govor demo")
    parser.add_argument("--work", required=True)
    parser.add_argument("--human", type=int, default=2, help="recordings of train whose texts are people's")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=4.0, help="no step begins after them")
    options = parser.parse_args()
    {"run": run, "score": score}[options.what](options)


if __name__ == "__main__":
    main()
