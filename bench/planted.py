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
import itertools
import json
import random
import tempfile
import time
import unicodedata
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


def entities(text: str) -> str:
    return text.replace("'", "&#39;").replace("a", "&agrave;", 1) + " &amp;"


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def settings(section: str, **values: Any) -> Callable[[Bed], None]:
    return lambda bed: bed.recipe[section].update(values)


def with_rules(plant: Callable[[Bed], None], rules: list[str]) -> Callable[[Bed], None]:
    """The same under other [text] rules than the default ones."""

    def both(bed: Bed) -> None:
        bed.recipe["text"]["rules"] = rules
        plant(bed)

    return both


def in_split(split: str, what: Callable[[dict[str, Any], int], dict[str, Any]], most: int = 10**6) -> Any:
    """Changes the first rows of a split."""

    def plant(bed: Bed) -> None:
        for number, row in enumerate([row for row in bed.rows if row["split"] == split][:most]):
            row.update(what(row, number))

    return plant


def from_train(what: Callable[[str], str], count: int, split: str = "test") -> Callable[[Bed], None]:
    """Rows of a split that say sentences of train."""

    def plant(bed: Bed) -> None:
        learnt = [row["text"] for row in bed.rows if row["split"] == "train" and len(row["text"].split()) > 4]
        in_split(split, lambda row, n: {"text": what(learnt[n])}, count)(bed)

    return plant


def spelt(what: Callable[[str], str]) -> Callable[[Bed], None]:
    """Test speakers who are train's under another spelling."""

    def plant(bed: Bed) -> None:
        names = [row["speaker"] for row in bed.rows if row["split"] == "train"]
        in_split("test", lambda row, n: {"speaker": what(names[n])})(bed)

    return plant


def numbered(bed: Bed) -> None:
    """Speakers called spk01, spk02, …"""
    numbers = {name: n for n, name in enumerate(dict.fromkeys(row["speaker"] for row in bed.rows), start=1)}
    for row in bed.rows:
        row["speaker"] = f"spk{numbers[row['speaker']]:02d}"


def then(*plants: Callable[[Bed], None]) -> Callable[[Bed], None]:
    def plant(bed: Bed) -> None:
        for one in plants:
            one(bed)

    return plant


def change(what: Callable[[str], str], share: float = 1.0) -> Callable[[Bed], None]:
    return lambda bed: bed.change(what, share)


PLAIN = ["nfc", "invisible", "spaces"]
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
    "rows off, by lengths": Kind(
        "transcripts_shifted",
        (LENGTHS,),
        {
            "all by one": lambda b: b.shift(1),
            "all by two": lambda b: b.shift(-2),
            "from the middle on": lambda b: b.shift(1, len(b.rows) // 2),
        },
        {"sorted by length": lambda b: b.rows.sort(key=lambda row: row["duration"])},
    ),
    "shuffled, by lengths": Kind(
        "transcripts_shuffled",
        (LENGTHS,),
        {
            "once": lambda b: b.shuffle(),
            "again": lambda b: b.shuffle(),
            "all but a few": lambda b: b.shuffle(0.97),
        },
        {"a few": lambda b: b.shuffle(0.1)},
    ),
    "HTML entities": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "all": change(entities),
            "a tenth": change(entities, 0.15),
            "non-breaking": change(lambda t: t.replace(" ", "&nbsp;", 1)),
        },
        {
            "an ampersand": change(lambda t: f"{t} R & D"),
            "removed by a rule": with_rules(change(entities), ["entities", *PLAIN]),
        },
    ),
    "mark-up": Kind(
        "tags_in_text",
        ("no_markup_is_learnt",),
        {
            "bold": change(lambda t: f"<b>{t}</b>"),
            "line break": change(lambda t: f"{t}<br/>", 0.3),
            "brackets": change(lambda t: f"[laughter] {t}", 0.3),
        },
        {
            "a comparison": change(lambda t: f"{t} 3 < 4"),
            "removed by a rule": with_rules(change(lambda t: f"<b>{t}</b>"), ["tags", *PLAIN]),
        },
    ),
    "mixed Unicode forms": Kind(
        "not_nfc",
        ("texts_are_written_alike",),
        {
            "half": with_rules(change(decomposed, 0.5), ["spaces"]),
            "a fifth": with_rules(change(decomposed, 0.2), ["spaces"]),
            "most": with_rules(change(decomposed, 0.8), ["spaces"]),
        },
        {
            "the rule nfc": with_rules(change(decomposed, 0.5), PLAIN),
            "all": with_rules(change(decomposed), ["spaces"]),
        },
    ),
    "mixed casing": Kind(
        "mixed_casing",
        ("texts_are_written_alike",),
        {
            "upper": with_rules(change(str.upper, 0.3), PLAIN),
            "lower": with_rules(change(str.lower, 0.5), PLAIN),
            "mostly lower": with_rules(change(str.lower, 0.8), PLAIN),
        },
        {"the rule lower": change(str.upper, 0.3), "all upper": with_rules(change(str.upper), PLAIN)},
    ),
    "mixed punctuation": Kind(
        "mixed_punctuation",
        ("texts_are_written_alike",),
        {
            "half": with_rules(change(lambda t: t.rstrip(".?!"), 0.5), PLAIN),
            "a third": with_rules(change(lambda t: t.rstrip(".?!"), 0.35), PLAIN),
            "two thirds": with_rules(change(lambda t: t.rstrip(".?!"), 0.65), PLAIN),
        },
        {
            "the rule punctuation": change(lambda t: t.rstrip(".?!"), 0.5),
            "a few": with_rules(change(lambda t: t.rstrip(".?!"), 0.08), PLAIN),
        },
    ),
    "cut at a length": Kind(
        "texts_cut",
        ("texts_are_whole",),
        {
            "30 characters": change(lambda t: t[:30]),
            "24 characters": change(lambda t: t[:24]),
            "4 words": change(dropped(slice(None, 4))),
        },
        {"no full stops": change(lambda t: t.rstrip(".?!"))},
    ),
    "the same words first": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "a name": change(lambda t: f"Anna: {t}"),
            "a number": change(lambda t: f"Track 1 {t}"),
            "a title, most": change(lambda t: f"Chapter one {t}", 0.9),
        },
        {"a third": change(lambda t: f"Anna: {t}", 0.33)},
    ),
    "the same words last": Kind(
        "shared_words",
        ("texts_begin_differently",),
        {
            "a mark": change(lambda t: f"{t} end of clip"),
            "a name": change(lambda t: f"{t} (Anna)"),
            "most": change(lambda t: f"{t} ok", 0.9),
        },
        {"full stops": change(lambda t: t.rstrip(".?!") + ".")},
    ),
    "near-equal sentences": Kind(
        "leak_near_sentence",
        ("no_sentence_is_nearly_shared",),
        {
            "another number": then(
                in_split("train", lambda r, n: {"text": f"we met {n} people there today"}, 3),
                in_split("test", lambda r, n: {"text": f"we met 5{n} people there today"}, 3),
            ),
            "spaces": from_train(lambda t: t.replace(" ", "", 1), 3),
            "an accent": then(
                in_split("train", lambda r, n: {"text": "the café opens early on Monday"}, 1),
                in_split("dev", lambda r, n: {"text": "the cafe opens early on Monday"}, 1),
            ),
        },
        {"one word differs": from_train(lambda t: " ".join(["other", *t.split()[1:]]), 3)},
    ),
    "same sentence": Kind(
        "leak_sentence",
        ("nothing_crosses_splits",),
        {
            "as it is": from_train(str, 3),
            "upper case": from_train(str.upper, 3),
            "no marks": from_train(lambda t: t.strip(".?!"), 2, "dev"),
        },
        {},
    ),
    "speakers spelt twice": Kind(
        "speaker_spellings",
        ("speakers_have_one_spelling",),
        {
            "capitals": spelt(str.upper),
            "padding zeros": then(
                numbered, spelt(lambda n: n.replace("spk0", "spk").replace("spk", "spk00"))
            ),
            "dashes": then(numbered, spelt(lambda n: n.replace("spk", "spk-"))),
        },
        {"numbers": numbered},
    ),
    "no text": Kind(
        "empty_text",
        ("references_have_text",),
        {
            "dev": in_split("dev", lambda r, n: {"text": "…"}, 2),
            "test": in_split("test", lambda r, n: {"text": ""}, 1),
            "train": in_split("train", lambda r, n: {"text": "?!"}, 5),
        },
        {"one letter": in_split("test", lambda r, n: {"text": "a"}, 1)},
    ),
    "splits written differently": Kind(
        "references_written_differently",
        ("splits_are_written_alike",),
        {
            "test upper": with_rules(
                then(change(str.lower), in_split("test", lambda r, n: {"text": r["text"].upper()})), PLAIN
            ),
            "train without marks": with_rules(
                in_split("train", lambda r, n: {"text": r["text"].strip(".?!")}), PLAIN
            ),
            "digits in dev": in_split("dev", lambda r, n: {"text": f"{r['text']} {n}"}),
        },
        {"upper under lower": in_split("test", lambda r, n: {"text": r["text"].upper()})},
    ),
    "dev of one speaker": Kind(
        "dev_one_speaker",
        ("dev_has_several_speakers",),
        {
            "new": then(numbered, in_split("dev", lambda r, n: {"speaker": "one"})),
            "of train": then(numbered, in_split("dev", lambda r, n: {"speaker": "spk01"})),
            "named": then(numbered, in_split("dev", lambda r, n: {"speaker": "Ana K."})),
        },
        {
            "two": then(numbered, in_split("dev", lambda r, n: {"speaker": f"s{n % 2}"})),
            "nameless": in_split("dev", lambda r, n: {"speaker": "unknown"}),
        },
    ),
    "learning rate": Kind(
        "learning_rate_high",
        ("rate_is_usual",),
        {
            "0.1": settings("train", lr=0.1),
            "0.05": settings("train", lr=0.05),
            "0.02": settings("train", lr=0.02),
        },
        {"left out": settings("train")},
    ),
    "tiny learning rate": Kind(
        "learning_rate_low",
        ("rate_is_not_tiny",),
        {
            "1e-7": settings("train", lr=1e-7),
            "1e-8": settings("train", lr=1e-8),
            "2e-7": settings("train", lr=2e-7),
        },
        {"left out": settings("train")},
    ),
    "warm-up": Kind(
        "warmup_too_long",
        ("the_run_is_long_enough",),
        {
            "500 steps": settings("train", warmup=500, steps=100, batch_s=20.0),
            "all": settings("train", warmup=1.0, batch_s=10.0),
            "most": settings("train", warmup=0.8, batch_s=10.0),
        },
        {
            "a fifth": settings("train", warmup=0.2, batch_s=10.0),
            "50 steps": settings("train", warmup=50, steps=300, batch_s=20.0),
        },
    ),
    "less than a pass": Kind(
        "less_than_an_epoch",
        ("the_run_is_long_enough",),
        {
            "3 steps": settings("train", steps=3, batch_s=20.0),
            "5 steps": settings("train", steps=5, batch_s=15.0),
            "2 steps": settings("train", steps=2, batch_s=30.0),
        },
        {"a pass": settings("train", steps=40, batch_s=20.0)},
    ),
    "a step an epoch": Kind(
        "few_steps",
        ("the_run_is_long_enough",),
        {
            "batch": settings("train", batch_s=2000.0, max_batch=500, epochs=5),
            "accumulate": settings("train", accumulate=64, epochs=10),
            "both": settings("train", batch_s=600.0, accumulate=4, epochs=20),
        },
        {"many epochs": settings("train", batch_s=2000.0, max_batch=500, epochs=200)},
    ),
    "evaluation too late": Kind(
        "evaluation_too_late",
        ("the_run_is_long_enough",),
        {
            "steps": settings("train", eval_every="50000 steps", batch_s=10.0),
            "epochs": settings("train", eval_every="20 epochs", epochs=10, batch_s=10.0),
            "named": settings("train", eval_every="epochs 12, 14", epochs=10, batch_s=10.0),
        },
        {
            "the last epoch": settings("train", eval_every="10 epochs", epochs=10, batch_s=10.0),
            "minutes": settings("train", eval_every="10 minutes", batch_s=10.0),
        },
    ),
    "slices": Kind(
        "slice_column_missing",
        ("slices_are_columns",),
        {
            "misspelt": settings("evaluate", slices=["speakr"]),
            "of another corpus": settings("evaluate", slices=["gender"]),
            "one of two": settings("evaluate", slices=["speaker", "age"]),
        },
        {"speaker": settings("evaluate", slices=["speaker"])},
    ),
    "no dev split": Kind(
        "no_dev_split",
        ("the_test_split_chooses_nothing",),
        {
            "gone": in_split("dev", lambda r, n: {"split": "train"}),
            "in test": in_split("dev", lambda r, n: {"split": "test"}),
            "another name": settings("train", dev_split="valid"),
        },
        {"small": in_split("dev", lambda r, n: {"split": "train"}, 3)},
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
            families = ("whisper",) if kind.model else ("ctc", "whisper") if arguments.base else ("ctc",)
            every = [("clean", "", lambda b: None), *plantings(kind)]
            for of, (what, variant, plant) in itertools.product(families, every):
                key = (of, tag, name, what, variant)
                if key in done:
                    continue
                if kind.model and family is None:
                    family = opened(arguments.base)
                recipe = recipe_of(of, arguments.base)
                bed = Bed(rows, waves, recipe, random.Random(0)).copy(f"{tag}{name}{variant}")
                plant(bed)
                findings, seconds = found_in(bed, kind.checks, family if kind.model else None)
                line = {"key": key, "code": kind.code, "findings": findings, "seconds": seconds}
                with arguments.out.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(line, ensure_ascii=False) + "\n")
                print(*key, [(f["code"], f["severity"], f["count"]) for f in findings], seconds, flush=True)


def recipe_of(family: str, base: str | None) -> Recipes:
    new = {"from_scratch": {"model_type": "parakeet_ctc", "hidden_size": 48}}
    named = {name: {} for name in ("train", "select", "evaluate", "text")}
    preflight = {"minutes": 60.0, "clips": 48}
    return {"model": {"base": base} if family == "whisper" else new, "preflight": preflight, **named}


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
        kinds[name][what].append(named if what == "fault" else not named)
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
