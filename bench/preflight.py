"""What preflight says about the real corpora in ../shared/data, and how long it takes.

    python bench/preflight.py [--base MODEL] [--only NAME] [--work DIR]

Each corpus is imported, selected and prepared, then checked together with a model: small ones from scratch, a
CTC model given with --base (such as the demo's), and a random Whisper with the real multilingual tokenizer.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from govor.config import Recipe, Workspace, recipe_from
from govor.errors import GovorError, LimitError

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SMALL_CTC = {
    "model_type": "parakeet_ctc",
    "hidden_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 384,
    "conv_kernel_size": 9,
    "subsampling_factor": 4,
    "subsampling_conv_channels": 32,
    "num_mel_bins": 80,
    "initializer_range": 0.05,
}
SMALL_WHISPER = {
    "model_type": "whisper",
    "tokenizer": str(DATA / "whisper-tiny-no-weights"),
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
}
TABLE = {"format": "table"}


@dataclass(frozen=True)
class Case:
    """A corpus with a model."""

    name: str
    corpus: dict[str, Any]
    select: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=lambda: {"from_scratch": SMALL_CTC})
    train: dict[str, Any] = field(default_factory=lambda: {"lr": 2e-3, "batch_s": 40.0, "epochs": 20})

    def recipe(self, work: Path) -> Recipe:
        return recipe_from(
            {
                "work": str(work / self.name),
                "corpus": self.corpus,
                "select": self.select,
                "model": self.model,
                "train": self.train,
                "prepare": {"workers": 2, "max_rejected": 0.5},
            }
        )


def cases(base: str | None) -> list[Case]:
    digits = {"source": str(DATA / "fsdd" / "manifest.jsonl"), **TABLE}
    swedish = {
        "source": str(DATA / "cv61-sample" / "sv-SE"),
        "format": "common-voice",
        "status": ["validated"],
    }
    parliament = {"source": str(DATA / "parlaspeech-hr-11" / "manifest.jsonl"), **TABLE}
    arabic = {**swedish, "source": str(DATA / "cv61-sample" / "ar")}
    twi = {"source": str(DATA / "cv-twi"), "format": "common-voice", "language": "tw"}
    studio = {"source": str(DATA / "ljspeech-12" / "manifest.jsonl"), **TABLE}
    found = [
        Case("fsdd", digits, {"dev": 100, "group_by": ["recording"]}),
        Case("cv61-sv", swedish, {"dev": 15, "test": 20}),
        Case("cv61-ar", arabic, {"dev": 15, "test": 20}),
        Case("cv-twi", twi),
        Case("ljspeech-three-containers", studio, {"dev": 4, "test": 4, "group_by": ["recording"]}),
        Case("parlaspeech-hr", parliament, {"dev": 2, "test": 2, "group_by": ["recording"]}),
        Case("cv61-sv-whisper", swedish, {"dev": 15, "test": 20}, {"from_scratch": SMALL_WHISPER}),
    ]
    if base:
        small = {"lr": 5e-4, "batch_s": 40.0, "epochs": 20}
        kept = {"base": base, "vocabulary": "keep"}
        found.append(Case("parlaspeech-hr-demo-model", parliament, found[5].select, kept, small))
        found.append(Case("cv61-sv-demo-model", swedish, {"dev": 15, "test": 20}, kept, small))
        found.append(
            Case(
                "cv61-sv-demo-model-new-head",
                swedish,
                {"dev": 15, "test": 20},
                {**kept, "vocabulary": "build"},
                small,
            )
        )
    return found


def prepared(recipe: Recipe) -> None:
    from govor.corpora import import_corpus
    from govor.curate import select_corpus
    from govor.prepare import prepare_corpus

    place = Workspace.of(recipe)
    import_corpus(recipe.corpus, place.corpus)
    select_corpus(place.corpus, place.selected, recipe.select)
    prepare_corpus(place.selected, place.dataset, recipe.prepare)


def checked(recipe: Recipe) -> Mapping[str, Any]:
    from govor.preflight import preflight

    try:
        return preflight(recipe, out=Workspace.of(recipe).run / "preflight", device="cpu")
    except LimitError as error:
        return error.summary


def cpu_s() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def report(name: str, summary: Mapping[str, Any], wall_s: float, cpu: float) -> None:
    ran = sum(one["status"] != "skipped" for one in summary["checks"])
    print(
        f"\n### {name}: {summary['errors']} errors, {summary['warnings']} warnings,"
        f" {ran} checks, {wall_s:.0f} s ({cpu:.0f} CPU-s)"
    )
    for one in summary["findings"]:
        print(f"- {one['severity']} `{one['code']}` {one['where']}: {one['measured']}\n  do: {one['fix']}")
    for key, value in summary["facts"].items():
        print(f"- {key}: {value}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base")
    parser.add_argument("--only")
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="bench-preflight-"))
    for case in cases(arguments.base):
        if arguments.only and case.name != arguments.only:
            continue
        recipe = case.recipe(work)
        try:
            prepared(recipe)
            start_s, start_cpu = time.monotonic(), cpu_s()
            summary = checked(recipe)
        except GovorError as error:
            print(f"\n### {case.name}: {type(error).__name__}: {error}")
            continue
        report(case.name, summary, time.monotonic() - start_s, cpu_s() - start_cpu)


if __name__ == "__main__":
    main()
