"""Faults that people make, planted into real corpora: does preflight name each, and stay quiet beside it?

    python bench/planted.py --base MODEL [--data DIR] [--corpora sv-SE it] [--only KIND…] [--out FILE]

Every kind has variants (how it is planted) and near misses (what looks like it and is no fault). Kinds that
need no model run on rows alone, with a CTC model from scratch in the recipe; the others share one sample of
clips a corpus, each encoded once by the base model. Every answer is a line of the output file, and what has a
line there is not run again. ``--table`` prints the table of the file.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from govor.audio import load_mono
from govor.config import recipe_from
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RATE_HZ = 16_000
SPLITS = {"train": 0.7, "dev": 0.15, "test": 0.15}
Rows = list[dict[str, Any]]
Recipes = dict[str, dict[str, Any]]


class Held:
    """What checks use of a data set, from rows and waves in memory."""

    def __init__(self, rows: Rows, waves: dict[str, Any]) -> None:
        self.waves_by_audio, self.sample_rate, self.fingerprint, self.info = waves, RATE_HZ, "held", {}
        frame = pl.DataFrame(rows, infer_schema_length=None)
        self.tables = {
            name: frame.filter(pl.col("split") == name).drop("split")
            for name in SPLITS
            if (frame["split"] == name).any()
        }

    @property
    def splits(self) -> dict[str, int]:
        return {name: table.height for name, table in self.tables.items()}

    def table(self, split: str) -> pl.DataFrame:
        return self.tables[split]

    def durations(self, split: str) -> Any:
        return self.tables[split]["duration"].to_numpy()

    def waves(self, split: str, numbers: list[int]) -> Iterator[tuple[int, Any]]:
        for number in numbers:
            yield number, self.waves_by_audio[self.tables[split]["audio"][number]]


class Remembering:
    """A model that encodes every clip once, whatever is planted into its text."""

    def __init__(self, family: Any) -> None:
        self.family, self.heard = family, {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)

    def language_code(self, tag: str | None) -> str | None:
        return self.family.language_code(tag)

    def listen(self, sound: Any, windows: str = "full") -> Any:
        key = (sound.wave.tobytes()[:4000], len(sound.wave), sound.language)
        if key not in self.heard:
            self.heard[key] = self.family.listen(sound, windows)
        return self.heard[key]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        code: that names it.
        checks: that may see it.
        variants: plant it: rows (and waves, and recipe) changed in place or returned.
        misses: near misses that must stay quiet, planted the same way.
        model: whether it takes the base model.
    """

    code: str
    checks: tuple[str, ...]
    variants: dict[str, Callable[[Any], None]]
    misses: dict[str, Callable[[Any], None]] = field(default_factory=dict)
    model: bool = False


@dataclass
class Bed:
    """What faults are planted into; every planting gets a copy."""

    rows: Rows
    waves: dict[str, Any]
    recipe: Recipes
    rng: random.Random

    def copy(self, seed: str) -> Bed:
        rows = [dict(row) for row in self.rows]
        recipe = {name: dict(part) for name, part in self.recipe.items()}
        return Bed(rows, dict(self.waves), recipe, random.Random(seed))

    def change(self, what: Callable[[str], str], share: float = 1.0) -> None:
        for row in self.rows:
            if self.rng.random() < share:
                row["text"] = what(row["text"])

    def shift(self, by: int, first: int = 0) -> None:
        texts = [row["text"] for row in self.rows[first:]]
        for place, row in enumerate(self.rows[first:]):
            row["text"] = texts[(place + by) % len(texts)]

    def shuffle(self, share: float = 1.0) -> None:
        chosen = [n for n in range(len(self.rows)) if self.rng.random() < share]
        texts = [self.rows[n]["text"] for n in chosen]
        self.rng.shuffle(texts)
        for n, text in zip(chosen, texts, strict=True):
            self.rows[n]["text"] = text


def dropped(words: slice) -> Callable[[str], str]:
    return lambda text: " ".join(text.split()[words]) or text


def to_language(tag: str) -> Callable[[Bed], None]:
    def plant(bed: Bed) -> None:
        for row in bed.rows:
            row["language"] = tag

    return plant


FITS, ENDS, LENGTHS = "own_text_fits_best", "ends_are_said", "lengths_agree"
NAMES = ("Anna Berg", "Karl Lund", "Maria Ek", "Nils Holm")
KINDS: dict[str, Kind] = {
    "texts a row off": Kind(
        "transcripts_shifted",
        (LENGTHS, FITS),
        {
            "all by one": lambda b: b.shift(1),
            "all by two": lambda b: b.shift(-2),
            "from the middle on": lambda b: b.shift(1, len(b.rows) // 2),
        },
        {"two rows swapped": lambda b: b.rows[0].update(text=b.rows[0]["text"])},
        model=True,
    ),
    "texts shuffled": Kind(
        "transcripts_shuffled",
        (LENGTHS, FITS),
        {
            "all": lambda b: b.shuffle(),
            "within splits": lambda b: b.shuffle(0.95),
            "reversed": lambda b: b.shuffle(),
        },
        {"lower case": lambda b: b.change(str.lower)},
        model=True,
    ),
    "some texts wrong": Kind(
        "transcript_not_said",
        (FITS,),
        {
            "a quarter": lambda b: b.shuffle(0.25),
            "a fifth": lambda b: b.shuffle(0.2),
            "a third": lambda b: b.shuffle(0.33),
        },
        {"upper case": lambda b: b.change(str.upper)},
        model=True,
    ),
    "ends missing": Kind(
        "ends_missing",
        (ENDS,),
        {
            "last word": lambda b: b.change(dropped(slice(None, -1))),
            "last two, half": lambda b: b.change(dropped(slice(None, -2)), 0.5),
            "last third": lambda b: b.change(
                lambda t: " ".join(t.split()[: max(1, len(t.split()) * 2 // 3)])
            ),
        },
        {"no full stops": lambda b: b.change(lambda t: t.rstrip(".?!"))},
        model=True,
    ),
    "beginnings missing": Kind(
        "beginnings_missing",
        (ENDS,),
        {
            "first word": lambda b: b.change(dropped(slice(1, None))),
            "first two": lambda b: b.change(dropped(slice(2, None))),
            "first third": lambda b: b.change(lambda t: " ".join(t.split()[len(t.split()) // 3 :])),
        },
        {"lower case": lambda b: b.change(str.lower)},
        model=True,
    ),
    "words nobody says": Kind(
        "words_not_said",
        (ENDS,),
        {
            "a name before": lambda b: b.change(lambda t: f"{b.rng.choice(NAMES)}: {t}"),
            "a word behind": lambda b: b.change(lambda t: f"{t} applause"),
            "a name before, a third": lambda b: b.change(lambda t: f"{b.rng.choice(NAMES)}: {t}", 0.33),
        },
        {"quotes": lambda b: b.change(lambda t: f"“{t}”")},
        model=True,
    ),
    "another language stated": Kind(
        "other_language",
        ("language_is_the_stated_one",),
        {"English": to_language("en"), "Japanese": to_language("ja"), "Finnish": to_language("fi")},
        {"with a region": lambda b: [r.update(language=r["language"] + "-XX") for r in b.rows]},
        model=True,
    ),
}


def corpus_rows(folder: Path, tag: str) -> tuple[Rows, dict[str, Any]]:
    """Rows of a Common Voice sample, split by a seed, and their waves."""
    table = csv.DictReader(
        (folder / "validated.tsv").open(encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE
    )
    rng, rows, waves = random.Random(1), [], {}
    for number, row in enumerate(table):
        audio = row["path"]
        waves[audio] = load_mono(str(folder / "clips" / audio), sample_rate=RATE_HZ)
        split = rng.choices(list(SPLITS), list(SPLITS.values()))[0]
        rows.append(
            {
                "id": f"{tag}{number:03d}",
                "text": row["sentence"],
                "language": tag,
                "speaker": row["client_id"][:12],
                "recording": audio,
                "audio": audio,
                "audio_sha256": audio,
                "duration": len(waves[audio]) / RATE_HZ,
                "split": split,
            }
        )
    return rows, waves


def found_in(bed: Bed, checks: tuple[str, ...], family: Any) -> tuple[list[dict[str, Any]], float]:
    """Findings of some checks on what was planted, and their seconds."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        made = Materials(recipe_from({**bed.recipe, "work": folder}), "cpu", Path(folder))
        made.__dict__["dataset"] = Held(bed.rows, bed.waves)
        made.__dict__["source_rows"] = pl.DataFrame(bed.rows, infer_schema_length=None).select(
            "id", "text", pl.col("duration").alias("seconds"), "language"
        )
        if family is not None:
            made.__dict__["family"] = family
        outcomes = [run_check(REGISTRY[name], made, {}) for name in checks]
    findings = [one for outcome in outcomes for one in outcome.findings]
    told = [
        {
            "code": one.code,
            "severity": one.severity,
            "count": one.count,
            "ids": len(one.ids),
            "measured": one.measured,
        }
        for one in findings
    ]
    return told, round(time.process_time() - started, 2)


def plantings(kind: Kind) -> Iterator[tuple[str, str, Callable[[Any], None]]]:
    for name, plant in kind.variants.items():
        yield "fault", name, plant
    for name, plant in kind.misses.items():
        yield "near miss", name, plant


def run(arguments: argparse.Namespace) -> None:
    all_checks()
    done = {tuple(json.loads(line)["key"]) for line in _lines(arguments.out)}
    family: Any = None
    for tag in arguments.corpora:
        rows, waves = corpus_rows(arguments.data / "cv61-sample" / tag, tag)
        for name, kind in KINDS.items():
            if arguments.only and name not in arguments.only:
                continue
            if kind.model and not arguments.base:
                continue
            for what, variant, plant in [("clean", "", lambda b: None), *plantings(kind)]:
                key = ("base" if kind.model else "rows", tag, name, what, variant)
                if key in done:
                    continue
                if kind.model and family is None:
                    family = opened(arguments.base)
                bed = Bed(rows, waves, recipe_of(kind, arguments.base), random.Random(0)).copy(
                    f"{tag}{name}{variant}"
                )
                plant(bed)
                findings, seconds = found_in(bed, kind.checks, family if kind.model else None)
                line = {"key": key, "code": kind.code, "findings": findings, "seconds": seconds}
                with arguments.out.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
                print(*key, [(f["code"], f["severity"], f["count"]) for f in findings], seconds, flush=True)


def recipe_of(kind: Kind, base: str | None) -> Recipes:
    model = (
        {"base": base} if kind.model else {"from_scratch": {"model_type": "parakeet_ctc", "hidden_size": 48}}
    )
    return {
        "model": model,
        "train": {},
        "preflight": {"minutes": 60.0, "clips": 48},
        "select": {},
        "evaluate": {},
    }


def opened(base: str) -> Any:
    import torch

    from govor.models import open_model

    torch.set_num_threads(1)
    return Remembering(open_model(base, device="cpu"))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def table(path: Path) -> None:
    """Prints a row a kind: caught and rightly named, near misses and clean corpora that stayed quiet."""
    kinds: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    seconds: dict[str, float] = defaultdict(float)
    for line in map(json.loads, _lines(path)):
        _, _, name, what, _ = line["key"]
        named = any(one["code"] == line["code"] for one in line["findings"])
        kinds[name][what].append(named if what == "fault" else not line["findings"])
        seconds[name] = max(seconds[name], line["seconds"])
    print("| kind | named right | near misses quiet | clean quiet | s, most |\n|---|---|---|---|---|")
    for name, told in kinds.items():
        cells = [f"{sum(told[what])} of {len(told[what])}" for what in ("fault", "near miss", "clean")]
        print(f"| {name} | {' | '.join(cells)} | {seconds[name]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--corpora", nargs="+", default=["sv-SE", "it"])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--out", type=Path, default=Path("planted.jsonl"))
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        table(arguments.out)
    else:
        run(arguments)


if __name__ == "__main__":
    main()
