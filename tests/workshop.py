"""Every command that makes something, with what it needs: for tests that disturb them all in one way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TRAIN_STEPS = 4


@dataclass(frozen=True)
class Workshop:
    """Inputs of all commands; `source` is a table of recordings beside them."""

    corpus: Path
    dataset: Path
    model: Path
    source: Path


def make_workshop(corpus: Path, dataset: Path, model: Path, folder: Path) -> Workshop:
    """A workshop of a spoken corpus, the data set made from it, and a model."""
    audio = folder / "source"
    shutil.copytree(corpus.parent / "audio", audio)
    names = sorted(path.name for path in audio.iterdir())
    rows = "".join(f"{name},rečenica broj {number}\n" for number, name in enumerate(names))
    (audio / "table.csv").write_text(f"audio,text\n{rows}")
    return Workshop(corpus, dataset, model, audio)


@dataclass(frozen=True)
class Case:
    """One command.

    Attributes:
        arguments: behind ``govor``, for an output folder.
        before: puts into the output folder what the command changes there.
        goes_on: whether Ctrl-C ends it with status 3.
        waits: whether something is in hand that the first Ctrl-C lets come to its end.
    """

    arguments: Callable[[Workshop, Path], list[object]]
    before: Callable[[Workshop, Path], None] = lambda workshop, out: None
    goes_on: bool = False
    waits: bool = False


def _with_corpus(workshop: Workshop, out: Path) -> None:
    shutil.copytree(workshop.corpus, out / "corpus")


def _with_recipe(workshop: Workshop, out: Path) -> None:
    lines = [f"work = {str(out / 'work')!r}", "[corpus]", f"source = {str(workshop.source)!r}"]
    lines += ["[select]", "splits = {dev = 0.2, test = 0.2}"]
    (out / "recipe.toml").write_text("\n".join(lines) + "\n")


CASES = {
    "import": Case(lambda w, out: ["import", w.source, "--out", out / "corpus", "--language", "hr"]),
    "check": Case(
        lambda w, out: ["check", out / "corpus", "--out", out / "check", "--workers", "1"],
        _with_corpus,
        goes_on=True,
    ),
    "select": Case(lambda w, out: ["select", w.corpus, "--out", out / "selected"]),
    "sample": Case(lambda w, out: ["sample", w.corpus, "--n", "5", "--out", out / "sheet.xlsx"]),
    "move": Case(
        lambda w, out: ["move", out / "corpus", "--audio-root", w.corpus.parent / "audio"], _with_corpus
    ),
    "prepare": Case(
        lambda w, out: ["prepare", w.corpus, "--out", out / "dataset", "--workers", "1"], goes_on=True
    ),
    "lm": Case(lambda w, out: ["lm", w.dataset, "--out", out / "words.arpa"]),
    "inspect": Case(lambda w, out: ["inspect", w.corpus, "dev0", "--out", out / "page"]),
    "recipes": Case(lambda w, out: ["recipes", _first_recipe(), "--out", out / "mine.toml"]),
    "train": Case(
        lambda w, out: [
            "train", "--data", w.dataset, "--model", w.model, "--out", out / "run", "--device", "cpu",
            "--set", f"train.steps={TRAIN_STEPS}", "--set", "train.lr=0.0001",
        ],
        goes_on=True,
        waits=True,
    ),
    "evaluate": Case(
        lambda w, out: ["evaluate", w.model, w.dataset, "--out", out / "evaluation", "--device", "cpu"],
        goes_on=True,
    ),
    "transcribe": Case(
        lambda w, out: ["transcribe", w.model, w.source, "--out", out / "texts", "--device", "cpu"],
        goes_on=True,
    ),
    "export": Case(
        lambda w, out: [
            "export", w.model, "--format", "transformers", "--out", out / "model", "--clips", w.dataset,
            "--device", "cpu",
        ]
    ),
}  # fmt: skip


def _first_recipe() -> str:
    recipes = Path(__file__).parents[1] / "recipes"
    return sorted(path.stem for path in recipes.glob("*.toml"))[0]


def start(arguments: list[object], prelude: str = "", **more: object) -> subprocess.Popen[str]:
    """``govor`` as a process of its own; `prelude` is run in it first."""
    words = ["govor", *map(str, arguments)]
    code = f"{prelude}\nimport sys; sys.argv = {words!r}\nfrom govor.__main__ import main; main()"
    command = [sys.executable, *(["-c", code] if prelude else ["-m", *words])]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "POLARS_MAX_THREADS": "2"}
    return subprocess.Popen(command, env=environment, **pipes, **more)


def run(arguments: list[object], prelude: str = "", limit_s: float = 240) -> tuple[int, str]:
    """(exit status, what was said on stderr)."""
    with start(arguments, prelude) as process:
        said = process.communicate(timeout=limit_s)[1]
    return process.returncode, said
