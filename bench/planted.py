"""Faults that people make, planted into real corpora: does preflight name each, and keep quiet beside it?

    python bench/planted.py --base WHISPER --ctc MODEL [--data DIR] [--corpora sv-SE it demo] [--only KIND…]
        [--out FILE] [--minutes M]

Every kind of `bench/planted_kinds.py` has variants (how it is planted) and near misses (what looks like it
and is no fault). Kinds that need no model run on rows and clips, with a CTC model from scratch and the base
model in the recipe. The others share one sample of 24 clips a corpus: each is encoded once, and each text
scored on it once, by Whisper on Common Voice and by the demo's CTC model (`govor demo`) on its own language,
spoken anew. Every answer is a line of the output file, and what has a line there is not run again; what was
heard lies beside it. ``--minutes`` ends early. ``--table`` prints the table of the file.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import pickle
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from govor.audio import load_mono
from govor.config import recipe_from
from govor.findings import Finding
from govor.preflight.materials import Materials
from govor.preflight.registry import REGISTRY, all_checks
from govor.preflight.run import run_check
from planted_kinds import KINDS, RATE_HZ, REMEDIES, Bed, Kind, Recipes, Rows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SPLITS = {"train": 0.7, "dev": 0.15, "test": 0.15}
HEARING = ("own_text_fits_best", "ends_are_said", "language_is_the_stated_one", "one_text_is_heard")
"""All checks of what the base model hears: they share it, so near misses are held against all."""
ROUNDS = 8
"""How often a remedy is followed where its finding comes again milder."""


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


@dataclass
class Told:
    """What a model made of a clip so far."""

    languages: dict[str, float] | None = None
    fits: dict[str, Any] = field(default_factory=dict)


class Known:
    """A clip that is encoded when something about it is asked that was never answered."""

    def __init__(self, told: Told, listen: Callable[[], Any]) -> None:
        self.told, self.listen, self.heard = told, listen, None

    def _heard(self) -> Any:
        if self.heard is None:
            self.heard = self.listen()
        return self.heard

    @property
    def languages(self) -> dict[str, float]:
        if self.told.languages is None:
            self.told.languages = dict(self._heard().languages)
        return self.told.languages

    def fits(self, texts: list[str]) -> list[Any]:
        new = [text for text in dict.fromkeys(texts) if text not in self.told.fits]
        if new:
            self.told.fits.update(zip(new, self._heard().fits(new), strict=True))
        return [self.told.fits[text] for text in texts]


class Remembering:
    """A model that answers every question once, whatever is planted; its answers outlive the process."""

    def __init__(self, base: str, file: Path) -> None:
        self.base, self.file = base, file
        self.opened: Any = None
        self.told: dict[Any, Told] = pickle.loads(file.read_bytes()) if file.exists() else {}
        self.here: dict[Any, Known] = {}

    @property
    def family(self) -> Any:
        if self.opened is None:
            import torch

            from govor.models import open_model

            torch.set_num_threads(1)
            self.opened = open_model(self.base, device="cpu")
        return self.opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self.family, name)

    def language_code(self, tag: str | None) -> str | None:
        found: str | None = self.family.language_code(tag)
        return found

    def listen(self, sound: Any, windows: str = "full") -> Known:
        key = (hashlib.blake2b(sound.wave.tobytes(), digest_size=12).hexdigest(), sound.language, windows)
        if key not in self.here:
            told = self.told.setdefault(key, Told())
            self.here[key] = Known(told, lambda: self.family.listen(sound, windows))
        return self.here[key]

    def save(self) -> None:
        self.file.write_bytes(pickle.dumps(self.told))


def corpus_rows(folder: Path, tag: str) -> tuple[Rows, dict[str, Any]]:
    """Rows, split by a seed, and their waves."""
    spoken = demo_rows(tag) if tag.startswith("demo") else common_voice_rows(folder / tag)
    rng, rows, waves = random.Random(1), [], {}
    language = "hr" if tag.startswith("demo") else tag
    for number, (audio, wave, text, speaker) in enumerate(spoken):
        waves[audio] = wave
        split = rng.choices(list(SPLITS), list(SPLITS.values()))[0]
        same = {"recording": audio, "audio": audio, "audio_sha256": audio}
        facts = {"id": f"{tag}{number:03d}", "text": text, "language": language, "speaker": speaker}
        rows.append({**facts, **same, "duration": len(wave) / RATE_HZ, "split": split})
    return rows, waves


def common_voice_rows(folder: Path) -> Iterator[tuple[str, Any, str, str]]:
    with (folder / "validated.tsv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            wave = load_mono(str(folder / "clips" / row["path"]), sample_rate=RATE_HZ)
            yield row["path"], wave, row["sentence"], row["client_id"][:12]


def demo_rows(tag: str) -> Iterator[tuple[str, Any, str, str]]:
    """A hundred other sentences of the demo, in its voices or (``demo-other``) in others."""
    import soxr

    from govor.demo.script import HEARD_VOICES, RATES_WPM, UNHEARD_VOICES
    from govor.demo.sentences import distinct_sentences, written
    from govor.espeak import synthesise

    voices = UNHEARD_VOICES if tag == "demo-other" else HEARD_VOICES
    for number, said in enumerate(distinct_sentences(np.random.default_rng(len(tag)), 100)):
        voice = voices[number % len(voices)]
        speech = synthesise(said, voice, RATES_WPM[number % len(RATES_WPM)])
        wave = soxr.resample(speech.samples, speech.sample_rate, RATE_HZ).astype(np.float32)
        yield f"clip{number:03d}", wave, written(said), voice


def found_in(bed: Bed, checks: tuple[str, ...], family: Any) -> tuple[list[Finding], float]:
    """Findings of some checks on what was planted, and their seconds of processor time."""
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
    found = [one for outcome in outcomes for one in outcome.findings]
    return found, round(time.process_time() - started, 2)


def followed(bed: Bed, kind: str, found: list[Finding], family: Any) -> bool | None:
    """Whether the finding goes where its remedy is followed; None where no machine can follow it."""
    follow, code = REMEDIES.get(kind), KINDS[kind].code
    if follow is None:
        return None
    for _ in range(ROUNDS):
        mine = [one for one in found if one.code == code]
        if not mine:
            return True
        if {one for finding in mine for one in finding.ids} >= {row["id"] for row in bed.rows}:
            return None
        if not any(follow(bed, one.fix, list(one.ids)) for one in mine):
            return None
        found, _seconds = found_in(bed, checks_of(KINDS[kind]), family)
    return not any(one.code == code for one in found)


def checks_of(kind: Kind) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*kind.checks, *HEARING])) if kind.model else kind.checks


def plantings(kind: Kind) -> Iterator[tuple[str, str, Callable[[Any], None]]]:
    yield "clean", "", lambda bed: None
    for name, plant in kind.variants.items():
        yield "fault", name, plant
    for name, plant in kind.misses.items():
        yield "near miss", name, plant


Key = tuple[str, str, str, str, str]


@dataclass
class Bench:
    """What is run, and what has been."""

    arguments: argparse.Namespace
    done: set[Key]
    models: dict[str, Remembering]

    def model_of(self, of: str) -> Remembering:
        if of not in self.models:
            base = self.arguments.base if of == "whisper" else self.arguments.ctc
            self.models[of] = Remembering(base, self.arguments.out.with_suffix(f".{of}.pickle"))
        return self.models[of]

    def families(self, kind: Kind, tag: str) -> tuple[str, ...]:
        """Which models a kind runs with on a corpus: what hears must know the language."""
        if not kind.model:
            return ("ctc", "whisper") if self.arguments.base else ("ctc",)
        of = "ctc" if tag.startswith("demo") else "whisper"
        return (of,) if (self.arguments.ctc if of == "ctc" else self.arguments.base) else ()

    def one(self, key: Key, bed: Bed, plant: Callable[[Any], None]) -> None:
        of, tag, name, what, variant = key
        kind = KINDS[name]
        bed = bed.copy(f"{tag}{name}{variant}")
        plant(bed)
        family = self.model_of(of) if kind.model else None
        found, seconds = found_in(bed, checks_of(kind), family)
        mended = followed(bed, name, found, family) if what == "fault" else None
        told = [
            {"code": f.code, "severity": f.severity, "count": f.count, "measured": f.measured} for f in found
        ]
        line = {"key": key, "code": kind.code, "findings": told, "seconds": seconds, "mended": mended}
        with self.arguments.out.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
        print(*key, [(f.code, f.severity, f.count) for f in found], mended, seconds, flush=True)


def run(arguments: argparse.Namespace) -> None:
    all_checks()
    done = {tuple(json.loads(line)["key"]) for line in _lines(arguments.out)}
    bench, until_s = Bench(arguments, done, {}), time.process_time() + 60 * arguments.minutes
    for tag in arguments.corpora:
        run_corpus(bench, tag, until_s)


def run_corpus(bench: Bench, tag: str, until_s: float) -> None:
    asked = bench.arguments
    chosen = {name: kind for name, kind in KINDS.items() if not asked.only or name in asked.only}
    chosen = {name: kind for name, kind in chosen.items() if asked.kinds in ("all", _sort_of(kind))}
    todo = [
        ((of, tag, name, what, variant), plant)
        for name, kind in chosen.items()
        for of, (what, variant, plant) in itertools.product(bench.families(kind, tag), plantings(kind))
        if (of, tag, name, what, variant) not in bench.done
    ]
    rows, waves = corpus_rows(asked.data / "cv61-sample", tag) if todo else ([], {})
    for key, plant in todo:
        if time.process_time() > until_s:
            return
        recipe = recipe_of(asked.ctc if KINDS[key[2]].model and key[0] == "ctc" else asked.base, key)
        bench.one(key, Bed(rows, waves, recipe, random.Random(0)), plant)
        for model in bench.models.values():
            model.save()


def _sort_of(kind: Kind) -> str:
    return "heard" if kind.model else "rows"


def recipe_of(base: str | None, key: Key) -> Recipes:
    """A recipe with the model of a key: what hears is known, a CTC model for rows alone is from scratch."""
    new = {"from_scratch": {"model_type": "parakeet_ctc", "hidden_size": 48}}
    named: Recipes = {name: {} for name in ("train", "select", "evaluate", "text")}
    preflight = {"minutes": 60.0, "clips": 48}
    from_scratch = key[0] == "ctc" and not KINDS[key[2]].model
    return {"model": new if from_scratch else {"base": base}, "preflight": preflight, **named}


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def table(path: Path) -> None:
    """Prints a row a kind: for each family what was caught, of it rightly named, and mended by its remedy."""
    lines = [json.loads(line) for line in _lines(path)]
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for line in lines:
        by_kind[line["key"][2]].append(line)
    print("| kind | CTC: caught | named | mended | Whisper: caught | named | mended |", end="")
    print(" near misses quiet | clean quiet | s, most |\n|" + "---|" * 10)
    for name, mine in by_kind.items():
        cells = [cell for of in ("ctc", "whisper") for cell in _told(mine, of)]
        seconds = max(one["seconds"] for one in mine)
        print(f"| {name} | {' | '.join([*cells, *_quiet(mine)])} | {seconds:.1f} |")


def _told(mine: list[Any], of: str) -> list[str]:
    """How many plantings of a family were caught, rightly named, and mended where a machine can do that."""
    faults = [one for one in mine if one["key"][0] == of and one["key"][3] == "fault"]
    if not faults:
        return ["", "", ""]
    named = [bool(_codes(one) & _right(one)) for one in faults]
    caught = [bool(_codes(one) - _of_clean(mine, one)) for one in faults]
    tried = [one["mended"] for one in faults if one["mended"] is not None and one["code"] in _codes(one)]
    return [_share(caught), _share(named), _share(tried) if tried else "people"]


def _quiet(mine: list[Any]) -> list[str]:
    near = [_codes(one) <= _of_clean(mine, one) - _right(one) for one in mine if one["key"][3] == "near miss"]
    clean = [not _codes(one) & _right(one) for one in mine if one["key"][3] == "clean"]
    return [_share(near), _share(clean)]


def _right(line: Any) -> set[str]:
    """Codes that name what was planted."""
    return {line["code"], *KINDS[line["key"][2]].also}


def _of_clean(mine: list[Any], line: Any) -> set[str]:
    """What is said of the corpus of a line where nothing is planted."""
    same = [one for one in mine if one["key"][3] == "clean" and one["key"][:2] == line["key"][:2]]
    return {code for one in same for code in _codes(one)}


def _codes(line: Any) -> set[str]:
    return {one["code"] for one in line["findings"] if one["severity"] != "info"}


def _share(told: list[bool]) -> str:
    return f"{sum(told)} of {len(told)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", help="folder of a Whisper model")
    parser.add_argument("--ctc", help="folder of the demo's trained model")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--corpora", nargs="+", default=["sv-SE", "it", "demo", "demo-other"])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--kinds", choices=("all", "rows", "heard"), default="all", help="by what they need")
    parser.add_argument("--minutes", type=float, default=120.0, help="of processor time")
    parser.add_argument("--out", type=Path, default=Path("planted.jsonl"))
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    if arguments.table:
        table(arguments.out)
    else:
        run(arguments)


if __name__ == "__main__":
    main()
