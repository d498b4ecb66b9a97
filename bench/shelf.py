"""From a shelf of recordings to a recogniser, beside the same with true times: what alignment costs in WER.

    python bench/shelf.py --model DEMO/work/run --dir /tmp/shelf

The shelf is Slovenian, espeak-ng's, in several voices, with pauses, music, noise, talk that no text has and
headings that nobody says (`align_sound.py`); the model that aligns is the demo's, which knows 130 words of
Croatian. Then the page "From a shelf of recordings" is followed: align, a sample of 100 judged by whoever
knows the truth, the bundled recipe from-a-shelf with the demo's model as its base. The other run has every
sentence that was said, at its true times, in the same splits. Both models are measured on both test sets.
Every step is a govor command; run again, it continues. `--until` ends behind a step.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl

from align_sound import Truth, record
from govor.config import SelectConfig, load_recipe
from govor_command import govor

LANGUAGE = "sl"
SMALL = (
    "select.count_tolerance=0.4",
    "preflight.minutes=0.0",
    "train.batch_s=20.0",
    "train.max_batch=8",
    "train.lr=1e-3",
    "train.threads=1",
    "train.eval_utterances=40",
    "train.eval_every=200 steps",
    "train.save_every=100 steps",
    "train.trackers=[]",
)
"""Settings that fit the demo's model and two cores."""
NEAR_S = 0.3
PARTS = (
    "danes jutri zjutraj zvečer po-odmoru pred-glasovanjem v-petek",
    "predsednica minister poslanec vlada odbor občina župan ravnateljica zdravnik učiteljica delavec tajnica "
    "sindikat društvo",
    "predlaga sprejema zahteva podpira zavrača pripravlja objavlja bere spreminja pošilja podpisuje "
    "napoveduje pojasnjuje izvaja dopolnjuje",
    "novi-zakon pomemben-proračun stari-predlog dober-načrt nujni-dogovor letni-program javni-pravilnik "
    "novo-odločbo pomembno-strategijo staro-razpravo dobro-podporo nujno-analizo letno-listino javno-sodbo "
    "kratko-poročilo novo-pismo pomembno-mnenje staro-vprašanje dobro-jamstvo",
    "za-državljane za-mlade za-delavce za-upokojence za-kmete za-otroke zaradi-poplave zaradi-potresa "
    "brez-razprave",
    "v-ljubljani v-mariboru v-celju v-kopru na-otoku v-zboru v-šoli v-bolnišnici na-seji",
)
SAID = (0.6, 1.0, 1.0, 1.0, 0.6, 0.7)
"""How often each part of a sentence is there."""


def sentences(count: int) -> list[str]:
    """Different ones, as a parliament might speak them."""
    rng = np.random.default_rng(3)
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [rng.choice(p.split()) for p, share in zip(PARTS, SAID, strict=True) if rng.random() < share]
        found[" ".join(parts).replace("-", " ")] = None
    return list(found)


def make(folder: Path, recordings: int, minutes: float) -> None:
    """The shelf, and ``truth.json``: what is true of each recording."""
    if (folder / "truth.json").exists():
        return
    each = round(minutes * 20)
    pool, truth = sentences(each * recordings), {}
    for name in ("recordings", "texts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(recordings):
        name = f"tape{number:02}"
        own = pool[number * each : (number + 1) * each]
        found = record(own, LANGUAGE, minutes, number, folder / "recordings" / f"{name}.flac")
        (folder / "texts" / f"{name}.txt").write_text("\n\n".join(found.lines) + "\n", encoding="utf-8")
        truth[name] = {**asdict(found), "headings": sorted(found.headings)}
    (folder / "truth.json").write_text(json.dumps(truth))


def spoken(folder: Path) -> dict[tuple[str, str], tuple[float, float]]:
    """Begin and end of every sentence that is in a text, by recording and text."""
    made = {}
    for name, known in json.loads((folder / "truth.json").read_text()).items():
        truth = Truth(**known)
        for number, (start, end) in truth.spans.items():
            made[name, truth.lines[int(number) - 1]] = (start, end)
    return made


def judge(folder: Path) -> dict[str, int]:
    """Fills in ``review.csv``: keep where text and times are right, else drop; how often each."""
    truth, counts = spoken(folder), {"keep": 0, "drop": 0}
    recording = dict(rows(folder / "aligned").select("id", "recording").iter_rows())
    with (folder / "review.csv").open(encoding="utf-8-sig", newline="") as file:
        sheet = list(csv.DictReader(file))
    for row in sheet:
        row["verdict"] = "keep" if near(truth.get((recording[row["id"]], row["text"])), row) else "drop"
        counts[row["verdict"]] += 1
    with (folder / "review.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(sheet[0]))
        writer.writeheader()
        writer.writerows(sheet)
    return counts


def near(span: tuple[float, float] | None, row: dict) -> bool:
    """Whether an utterance stands where its text was said."""
    return span is not None and all(
        abs(float(row[key]) - true) <= NEAR_S for key, true in zip(("start", "end"), span, strict=True)
    )


def rows(corpus: Path) -> pl.DataFrame:
    """The utterances of a corpus folder."""
    return pl.read_parquet(corpus / "utterances.parquet")


def recipes(folder: Path, model: str, steps: int, counts: tuple[int, int]) -> tuple[Path, Path]:
    """The bundled recipe for this shelf, and the same for the true times."""
    if not (folder / "from-a-shelf.toml").exists():
        govor("recipes", "from-a-shelf", "--out", str(folder / "from-a-shelf.toml"))
    own = [f"select.dev={counts[0]}", f"select.test={counts[1]}", f"train.steps={steps}"]
    aligned = load_recipe(folder / "from-a-shelf.toml", [*SMALL, *own])
    aligned = replace(aligned, model=replace(aligned.model, base=model, language=LANGUAGE))
    usual = SelectConfig()
    true = replace(
        aligned,
        work=str(folder / "true"),
        corpus=replace(aligned.corpus, source=str(folder / "recordings" / "truth.csv")),
        select=replace(aligned.select, min_similarity=usual.min_similarity, limits_on=usual.limits_on),
        evaluate=replace(aligned.evaluate, slices=()),
    )
    paths = folder / "aligned.toml", folder / "true.toml"
    for path, recipe in zip(paths, (aligned, true), strict=True):
        path.write_text(recipe.to_toml(), encoding="utf-8")
    return paths


def write_truth(folder: Path) -> None:
    """Every sentence at its true times; in the splits that the aligned corpus has, by recording."""
    splits = dict(rows(folder / "work" / "selected").select("recording", "split").unique().iter_rows())
    with (folder / "recordings" / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["audio", "start", "end", "text", "split", "language"])
        for (name, text), (start, end) in spoken(folder).items():
            writer.writerow([f"{name}.flac", start, end, text, splits[name], LANGUAGE])


def figures(folder: Path) -> dict[str, object]:
    """What came out."""
    truth, aligned = spoken(folder), rows(folder / "aligned").to_dicts()
    right = [near(truth.get((row["recording"], row["text"])), row) for row in aligned]
    made: dict[str, object] = {
        "said": len(truth),
        "placed": len(aligned),
        "right": sum(right),
        "CER of the aligning model": round(float(np.mean([row["cer"] for row in aligned])), 3),
    }
    for name in ("aligned on aligned", "aligned on true", "true on true", "M on aligned"):
        summary = json.loads((folder / name.replace(" ", "-") / "summary.json").read_text())
        made[name] = {"WER": summary["wer"], "utterances": summary["utterances"]}
        if "within_limits" in summary["slices"]:
            made[f"{name}, within"] = {
                key: (value["utterances"], value["wer"])
                for key, value in summary["slices"]["within_limits"].items()
            }
    return made


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--dev", type=int, default=60)
    parser.add_argument("--test", type=int, default=180)
    parser.add_argument("--until", choices=("align", "review", "aligned", "true"))
    options = parser.parse_args()
    folder, model = options.dir.absolute(), str(Path(options.model).absolute())
    make(folder, options.recordings, options.minutes)
    paths = [str(folder / name) for name in ("recordings", "texts")]
    if not (folder / "reviewed" / "corpus.json").exists():
        govor("align", *paths, "--model", model, "--language", LANGUAGE, "--out", str(folder / "aligned"))
        if options.until == "align":
            return
        sheet = str(folder / "review.csv")
        govor("sample", str(folder / "aligned"), "--n", "100", "--out", sheet)
        print("verdicts", judge(folder), flush=True)
        govor("review", str(folder / "aligned"), sheet, "--out", str(folder / "reviewed"))
    mine, true = recipes(folder, model, options.steps, (options.dev, options.test))
    if options.until == "review":
        return
    govor("run", str(mine))
    if options.until == "aligned":
        return
    write_truth(folder)
    govor("run", str(true))
    if options.until == "true":
        return
    for name, run, data in (
        ("aligned on aligned", folder / "work" / "run", "work"),
        ("aligned on true", folder / "work" / "run", "true"),
        ("true on true", folder / "true" / "run", "true"),
        ("M on aligned", model, "work"),
    ):
        out = str(folder / name.replace(" ", "-"))
        slices = ["--slice", "within_limits"] if data == "work" else []
        govor("evaluate", str(run), str(folder / data / "dataset"), "--out", out, *slices)
    print(json.dumps(figures(folder), indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
