"""The main job on pretrained Whisper weights: recordings of Common Voice to a fine-tuned, evaluated model.

    python bench/pretrained.py --base FOLDER --corpora FOLDER

FOLDER of --base holds a Whisper as transformers saves it; that of --corpora holds one Common Voice release
(or sample) a language, named like its locale. Parts (all, or those named with --parts):

    languages  `govor run` from import to evaluation, language by language, with the bundled recipe's settings
    together   the same clips and splits as one corpus: rows in their own language, WER by language
    windows    which encoder windows keep the WER at 30 s; see pretrained_windows.py
    trainer    transformers' Seq2SeqTrainer beside govor: same weights, rows, number of steps
    lora       LoRA beside full fine-tuning: WER, memory, bytes of a checkpoint
    storage    float16 files and CTranslate2 exports, of the base and of the fine-tuned model

Every finished part is a file in --dir and is not done again; the tables are printed as Markdown. `trainer`,
`lora` and `storage` use the first language, and what `languages` made of it. --quick has few clips and steps:
it shows that everything runs, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pretrained_windows
from finetune import shown
from govor_command import govor, measured
from pretrained_data import Tables, bundled_recipe, recipe_file, sizes_of

if TYPE_CHECKING:
    from govor.records import Rate

LORA = {"r": 16, "alpha": 32, "dropout": 0.05, "targets": ["q_proj", "v_proj"]}
LORA_RATE = 1e-3
"""A hundred times the full rate of the bundled recipe, as PEFT's Whisper example has it."""
QUANTIZATIONS = ("float16", "int8")


def once(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What is in `path`, else what `make` gives, kept there."""
    if not path.exists():
        found = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1))
    return dict(json.loads(path.read_text()))


def rate(interval: Mapping[str, Any] | None) -> str:
    """Value and interval; without ends where there is none."""
    if interval is None:
        return "-"
    if interval.get("low") is None or interval.get("high") is None:
        return f"{interval['value']:.3f} [no interval]"
    return shown(interval)


def quickened(tables: Tables, options: argparse.Namespace) -> Tables:
    """Two steps and hardly any preflight, where --quick asks for it."""
    if options.quick:
        tables["train"] |= {"steps": 2}
        tables["preflight"] = {"minutes": 0.1}
    return tables


# --- languages and together ---------------------------------------------------------------------------------


def run(path: Path, tables: Tables, options: argparse.Namespace) -> dict[str, Any]:
    """`govor run`, and what it left of preflight and evaluation.

    Minutes and memory are those of this call: of a run that was stopped before, only what was left of it.
    """
    found = measured("run", str(recipe_file(path, quickened(tables, options))), "--device", "cpu")
    place = path.with_suffix("")
    summary = json.loads((place / "evaluation" / "summary.json").read_text())
    preflight = json.loads((place / "run" / "preflight" / "report.json").read_text())
    return {
        **found.costs(),
        "preflight": {key: preflight[key] for key in ("errors", "warnings")},
        "evaluation": summary,
    }


def language_part(language: str, work: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One language from its release to its evaluation."""
    path = work / "languages" / f"{language}.toml"
    return once(path.with_suffix(".json"), lambda: run(path, tables_of(language, options), options))


def tables_of(language: str, options: argparse.Namespace) -> Tables:
    """The recipe of one language."""
    dev, test = sizes_of(language, options.quick)
    tables = bundled_recipe(options.base, language)
    release = str((options.corpora / language).absolute())
    tables["corpus"] = {"source": release, "format": "common-voice", "language": language}
    tables["select"] |= {"dev": dev, "test": test}
    return tables


def selected(language: str, work: Path, options: argparse.Namespace) -> Path:
    """Its clips in their splits, as `languages` has them; selected now where that part did not run."""
    folder = work / "languages" / language / "selected"
    if not (folder / "corpus.json").exists():
        path = recipe_file(folder.parent.with_suffix(".toml"), tables_of(language, options))
        measured("run", str(path), "--to", "select")
    return folder


def languages_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    yield HEAD
    yield "|---|---|---|---|---|---|---|---|---|"
    for language in options.languages:
        yield run_line(language, language_part(language, work, options))


HEAD = (
    "| set | test: clips, speakers | WER base | fine-tuned | paired | CER base, fine-tuned "
    "| minutes (CPU) | peak MB | preflight, status |"
)


def run_line(name: str, found: dict[str, Any]) -> str:
    one = found["evaluation"]
    base, compared = one["baseline"], one["comparison"]
    findings = found["preflight"]
    return (
        f"| {name} | {one['utterances']}, {one['groups']['count']} {one['groups']['unit']}s "
        f"| {rate(base['wer'])} | {rate(one['wer'])} | {rate(compared['wer_difference'])} "
        f"| {rate(base['cer'])}, {rate(one['cer'])} | {found['minutes']:.1f} ({found['cpu_minutes']:.1f}) "
        f"| {found['peak_mb']:.0f} | {findings['errors']} errors, {findings['warnings']} warnings, "
        f"{found['status']} |"
    )


def joined(work: Path, options: argparse.Namespace) -> Path:
    """A table of what `languages` selected, with its languages and splits, for `govor import`."""
    import polars as pl

    from govor.corpora.folder import Corpus

    path = work / "together" / "table.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for language in options.languages:
        corpus = Corpus.open(selected(language, work, options))
        rows = corpus.scan().filter(pl.col("split").is_not_null()).collect().to_dicts()
        lines += [joined_row(language, row, corpus.audio_path(row["audio"])) for row in rows]
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return path


def joined_row(language: str, row: dict[str, Any], audio: str) -> dict[str, Any]:
    return {
        "audio": audio,
        "language": language,
        **{key: row[key] for key in ("id", "text", "speaker", "split")},
    }


def together_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    tables = bundled_recipe(options.base, None)
    tables["corpus"] = {"source": str(joined(work, options))}
    tables["train"] |= {"epochs": options.together_epochs}
    tables["evaluate"] |= {"slices": []}  # language is a usual one
    path = work / "together" / "all.toml"
    found = once(path.with_suffix(".json"), lambda: run(path, tables, options))
    yield HEAD
    yield "|---|---|---|---|---|---|---|---|---|"
    yield run_line("together", found)
    yield "\n| language | clips | WER base | fine-tuned | paired |\n|---|---|---|---|---|"
    yield from by_language(path.with_suffix(""))


def by_language(place: Path) -> Iterator[str]:
    """WER of base and fine-tuned model on the test rows of each language, and the paired difference."""
    from govor.load import Dataset

    tuned, base = (texts_of(place / "evaluation" / folder) for folder in ("", "baseline"))
    table = Dataset.open(place / "dataset").table("test")
    for language, rows in table.group_by("language", maintain_order=True):
        rates = raw_rates(rows, base)[0], *raw_rates(rows, tuned, base)
        yield f"| {language[0]} | {rows.height} | {' | '.join(map(rate, rates))} |"


def raw_rates(rows: Any, said: dict[str, str], against: dict[str, str] | None = None) -> list[Rate]:
    """WER with case and punctuation on some rows of a data set; and minus that of `against`, paired."""
    from govor.config import TextConfig
    from govor.evaluate import compare_scores, score
    from govor.text import Normaliser

    plain = Normaliser.of(TextConfig(rules=()), None)
    texts = dict(rows.select("id", "text").iter_rows())
    speakers = dict(rows.select("id", "speaker").iter_rows())
    scored = [
        score(texts, {i: one[i] for i in texts if i in one}, plain, speakers)
        for one in (said, against)
        if one is not None
    ]
    differences = [compare_scores(*scored).wer_difference] if against is not None else []
    return [interval.as_dict() for interval in (scored[0].wer, *differences)]


def texts_of(folder: Path) -> dict[str, str]:
    """What a system said, by id."""
    lines = map(json.loads, (folder / "hypotheses.jsonl").read_text().splitlines())
    return {line["id"]: line["text"] for line in lines if "text" in line}


# --- beside others ------------------------------------------------------------------------------------------


def windows_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    yield from pretrained_windows.study(options.corpora, work / "windows", study_options(options))


def study_options(options: argparse.Namespace, **changes: Any) -> argparse.Namespace:
    """The windows study's own settings."""
    given = [
        "--base",
        str(options.base),
        "--corpora",
        str(options.corpora),
        "--threads",
        str(options.threads),
    ]
    small = ["--steps", "2", "--seeds", "1"] if options.quick else []
    study = pretrained_windows.parser().parse_args([*given, *small])
    study.quick = options.quick
    study.languages = options.languages[:1] if options.quick else study.languages
    return argparse.Namespace(**{**vars(study), **changes})


def trainer_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    settings = study_options(options, languages=options.languages[:1], seeds=1, kinds=["full", "trainer"])
    yield from pretrained_windows.study(options.corpora, work / "windows", settings)


def checkpoint_bytes(run_folder: Path) -> int:
    """Of the newest checkpoint."""
    newest = max((run_folder / "checkpoints").glob("step-*"))
    return sum(path.stat().st_size for path in newest.rglob("*") if path.is_file())


def lora_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    """Both train on the data set that `languages` prepared, so that memory is that of `govor train`."""
    language = options.languages[0]
    language_part(language, work, options)
    dataset = work / "languages" / language / "dataset"
    yield "| training | WER | minus full, paired | CPU minutes | peak MB | bytes of a checkpoint |"
    yield "|---|---|---|---|---|---|"
    found = {}
    for name, more in (("full", {}), ("lora", {"lora": LORA})):
        tables = bundled_recipe(options.base, language)
        tables = {key: tables[key] for key in ("text", "model", "train")} | {"prepare": {"out": str(dataset)}}
        tables["model"] |= more
        tables["train"] |= {"lr": LORA_RATE} if more else {}
        found[name] = trained_and_judged(work / "lora" / f"{name}.toml", tables, dataset, options)
        against = comparison(work / "lora", "full", name) if more else None
        yield lora_line(name, found[name], against)


def trained_and_judged(
    path: Path, tables: Tables, dataset: Path, options: argparse.Namespace
) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        found = measured("train", str(recipe_file(path, quickened(tables, options))), "--device", "cpu")
        out = Path(found.summary["out"])
        evaluated = evaluation(str(out), dataset, path.with_suffix("").parent / f"evaluation-{path.stem}")
        return {**found.costs(), "evaluation": evaluated, "bytes": checkpoint_bytes(out)}

    return once(path.with_suffix(".json"), make)


def evaluation(model: str, dataset: Path, out: Path) -> dict[str, Any]:
    return govor("evaluate", model, str(dataset), "--split", "test", "--out", str(out), "--device", "cpu")


def comparison(folder: Path, first: str, second: str) -> dict[str, Any]:
    """The second minus the first, paired."""
    names = [str(folder / f"evaluation-{name}") for name in (first, second)]
    out = folder / f"comparison-{first}-{second}"
    return dict(govor("compare", *names, "--out", str(out))["wer_difference"])


def lora_line(name: str, found: dict[str, Any], against: dict[str, Any] | None) -> str:
    return (
        f"| {name} | {rate(found['evaluation']['wer'])} | {rate(against)} | {found['cpu_minutes']:.1f} "
        f"| {found['peak_mb']:.0f} | {found['bytes']:,} |"
    )


# --- storage ------------------------------------------------------------------------------------------------


def half_precision(model: Path, out: Path) -> Path:
    """The same folder with its weights in float16, as large checkpoints are stored on the Hub."""
    import shutil

    import torch
    from safetensors.torch import load_file, save_file

    if not out.exists():
        partial = out.with_name(out.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(model, partial)
        weights = load_file(model / "model.safetensors")
        halves = {k: v.to(torch.float16) if v.is_floating_point() else v for k, v in weights.items()}
        save_file(halves, partial / "model.safetensors", {"format": "pt"})
        settings = json.loads((partial / "config.json").read_text())
        settings.pop("torch_dtype", None)
        (partial / "config.json").write_text(json.dumps({**settings, "dtype": "float16"}))
        partial.rename(out)
    return out


def exported(model: Path, out: Path, quantization: str, dataset: Path) -> Path:
    """Proved on dev; what the export changes is for this bench to say, on test, so no limit ends it."""
    if not (out / "export.json").exists():
        how = ("--format", "ctranslate2", "--quantization", quantization, "--out", str(out))
        proof = ("--clips", f"{dataset}:dev", "--max-wer-difference", "1")
        govor("export", str(model), *how, *proof, "--device", "cpu")
    return out


def stored(model: Path, folder: Path, dataset: Path) -> Iterator[tuple[str, Path]]:
    """The model in all its forms."""
    folder.mkdir(parents=True, exist_ok=True)
    yield "float32", model
    yield "float16-file", half_precision(model, folder / "float16-file")
    for kind in QUANTIZATIONS:
        yield f"ct2-{kind}", exported(model, folder / f"ct2-{kind}", kind, dataset)


def storage_part(work: Path, options: argparse.Namespace) -> Iterator[str]:
    language = options.languages[0]
    language_part(language, work, options)
    place = work / "languages" / language
    from govor.load import Dataset

    rows = Dataset.open(place / "dataset").table("test")
    yield "| model | stored as | WER | minus float32, paired |\n|---|---|---|---|"
    for name, model in (("base", options.base), ("fine-tuned", place / "run" / "model")):
        folder = work / "storage" / name
        for kind, form in stored(model, folder, place / "dataset"):
            out = folder / f"evaluation-{kind}"
            once(folder / f"{kind}.json", partial(evaluation, str(form), place / "dataset", out))
            first = None if kind == "float32" else texts_of(folder / "evaluation-float32")
            rates = [*raw_rates(rows, texts_of(out), first), None][:2]
            yield f"| {name} | {kind} | {' | '.join(map(rate, rates))} |"


# --- command ------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[Path, argparse.Namespace], Iterator[str]]] = {
    "languages": languages_part,
    "together": together_part,
    "windows": windows_part,
    "trainer": trainer_part,
    "lora": lora_part,
    "storage": storage_part,
}


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, required=True, help="folder of the pretrained Whisper")
    parser.add_argument("--corpora", type=Path, required=True, help="folder of Common Voice releases")
    parser.add_argument("--dir", type=Path, default=Path("/tmp/govor-bench-pretrained"))
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--languages", nargs="+", default=["sv-SE", "it", "es", "ar", "sl"])
    parser.add_argument("--together-epochs", type=float, default=4.0, help="of the part `together`")
    parser.add_argument("--threads", type=int, default=0, help="of the windows study; 0: torch's choice")
    parser.add_argument("--quick", action="store_true", help="few clips and steps: only shows that it runs")
    return parser.parse_args(given)


def main() -> None:
    options = arguments()
    work: Path = options.dir.absolute()
    for part in options.parts:
        lines = [f"\n## {part}\n", *PARTS[part](work, options)]
        print("\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
