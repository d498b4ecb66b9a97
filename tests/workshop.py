"""Every command that makes something, with what it needs: for tests that disturb them all in one way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import known_tapes
from govor.config.toml import dumps
from warm import SETTINGS, Process, Warm

TRAIN_STEPS = 4
ALL = bool(os.environ.get("GOVOR_ALL"))
"""Every moment, size and command, where somebody asks for them."""
WORDS = ["jedan", "dva", "tri", "četiri", "pet", "šest", "sedam", "osam", "devet", "deset"]


@dataclass(frozen=True)
class Workshop:
    """Inputs of all commands.

    Attributes:
        source: a table of recordings.
        sheet: a sample of `corpus` with verdicts.
        evaluations: two of them, ``a`` and ``b``.
        tapes: recordings and texts that nobody aligned, and a model that hears them.
        hub: settings with which huggingface_hub talks to a Hub of the tests.
        warm: starts commands.
    """

    corpus: Path
    dataset: Path
    model: Path
    source: Path
    sheet: Path
    evaluations: Path
    tapes: Path
    hub: Mapping[str, str]
    warm: Warm


def make_workshop(corpus: Path, dataset: Path, model: Path, folder: Path, open: ExitStack) -> Workshop:
    """A workshop of a spoken corpus, the data set made from it, and a model; `open` closes it."""
    from fake_hub import TOKEN, running

    _, url = open.enter_context(running(folder / "hub"))
    hub = {"HF_ENDPOINT": url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    warm = Warm(folder)
    open.callback(warm.close)
    audio, evaluations = _source(corpus, folder / "source"), folder / "evaluations"
    for name, lost in (("a", 1), ("b", 2)):
        _evaluated(dataset, evaluations / name, lost)
    known_tapes.write(folder / "tapes")
    sheet = _sheet(corpus, folder)
    return Workshop(corpus, dataset, model, audio, sheet, evaluations, folder / "tapes", hub, warm)


def _source(corpus: Path, audio: Path) -> Path:
    """Recordings, each said to hold two words, in a table."""
    shutil.copytree(corpus.parent / "audio", audio)
    names = sorted(path.name for path in audio.iterdir())
    rows = [f"{name},{WORDS[n % 10]} {WORDS[n // 10]}\n" for n, name in enumerate(names)]
    (audio / "table.csv").write_text(f"audio,text\n{''.join(rows)}")
    return audio


def _sheet(corpus: Path, folder: Path) -> Path:
    from govor.curate import sample_corpus

    sample_corpus(corpus, folder / "sheet.csv", 5)
    rows = (folder / "sheet.csv").read_text(encoding="utf-8-sig").splitlines()
    place = rows[0].split(",").index("verdict")
    kept = [row.split(",") for row in rows[1:]]
    filled = [",".join(["keep" if n == place else cell for n, cell in enumerate(row)]) for row in kept]
    (folder / "sheet.csv").write_text("\n".join([rows[0], *filled]) + "\n")
    return folder / "sheet.csv"


def _evaluated(dataset: Path, out: Path, lost: int) -> None:
    """What is said in the test split, without the last words."""
    from govor.config import EvaluateConfig
    from govor.evaluate import evaluate
    from govor.load import Dataset

    rows = Dataset.open(dataset).table("test").select("id", "text").rows()
    said = out.parent / f"{out.name}.txt"
    said.parent.mkdir(exist_ok=True)
    said.write_text("".join(f"{name} {text.rsplit(' ', lost)[0]}\n" for name, text in rows))
    evaluate(None, str(dataset), out, EvaluateConfig(), hypotheses=said)


@dataclass(frozen=True)
class Case:
    """One command.

    Attributes:
        arguments: behind ``govor``, for an output folder.
        before: puts into the output folder what the command changes there.
        goes_on: whether Ctrl-C ends it with status 3.
        waits: whether something is in hand that the first Ctrl-C lets come to its end.
        serves: whether it goes on until Ctrl-C, which is its usual end.
        long: whether it takes so long that it is only begun here; tests of its own let it come to its end.
        writes: whether it writes anything.
        elsewhere: whether processes of its own write most of it, which only a disk that is small can limit.
        online: whether it talks to the Hub of the tests.
        prelude: what its process runs first.
    """

    arguments: Callable[[Workshop, Path], list[object]]
    before: Callable[[Workshop, Path], None] = lambda workshop, out: None
    goes_on: bool = False
    waits: bool = False
    serves: bool = False
    long: bool = False
    writes: bool = True
    elsewhere: bool = False
    online: bool = False
    prelude: Callable[[Workshop], str] = lambda workshop: ""


def _with_corpus(workshop: Workshop, out: Path) -> None:
    shutil.copytree(workshop.corpus, out / "corpus")


def _with_second(workshop: Workshop, out: Path) -> None:
    shutil.copytree(workshop.corpus, out / "second")


def _with_evaluation(workshop: Workshop, out: Path) -> None:
    shutil.copytree(workshop.evaluations / "a", out / "evaluation")


def _with_dataset(workshop: Workshop, out: Path) -> None:
    shutil.copytree(workshop.dataset, out / "dataset")


TRAIN = {
    "steps": TRAIN_STEPS, "lr": 1e-4, "batch_s": 30.0, "max_batch": 4, "threads": 1, "loader_workers": 0,
    "eval_utterances": 2, "trackers": [],
}  # fmt: skip


def _with_recipe(workshop: Workshop, out: Path) -> None:
    """All stages, from the table of recordings on."""
    recipe = {
        "work": str(out / "work"),
        "corpus": {"source": str(workshop.source), "language": "hr"},
        "select": {"dev": 3, "test": 3},
        "prepare": {"workers": 1},
        "model": {"base": str(workshop.model)},
        "preflight": {"minutes": 0.0},
        "train": TRAIN,
    }
    (out / "recipe.toml").write_text(dumps(recipe))


def _with_set(workshop: Workshop, out: Path) -> None:
    """A recipe of a data set that is there; what is searched has one value."""
    recipe = {
        "work": str(out / "work"),
        "prepare": {"out": str(workshop.dataset)},
        "model": {"base": str(workshop.model)},
        "preflight": {"minutes": 0.05},
        "train": TRAIN,
        "tune": {"space": {"train.lr": [1e-4]}},
    }
    (out / "recipe.toml").write_text(dumps(recipe))


CASES = {
    "import": Case(lambda w, out: ["import", w.source, "--out", out / "corpus", "--language", "hr"]),
    "check": Case(
        lambda w, out: ["check", out / "corpus", "--out", out / "check", "--workers", "1"],
        _with_corpus,
        goes_on=True,
    ),
    "align": Case(
        lambda w, out: [
            "align", w.tapes / "tapes", w.tapes / "texts", "--model", w.tapes / "model", "--language", "hr",
            "--out", out / "corpus",
        ],
        goes_on=True,
        prelude=lambda w: f"import known_tapes; known_tapes.hear({str(w.tapes)!r})\n",
    ),
    "label": Case(
        lambda w, out: [
            "label", w.source, "--model", w.model, "--language", "hr", "--out", out / "corpus",
            "--device", "cpu",
        ],
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
            *(word for key, value in TRAIN.items() for word in ("--set", f"train.{key}={value}")),
            "--set", "preflight.minutes=0",
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
    "export of a corpus": Case(
        lambda w, out: ["export", w.corpus, "--format", "textgrid", "--out", out / "grids", "--audio", "copy"]
    ),
    "merge": Case(
        lambda w, out: ["merge", w.corpus, out / "second", "--out", out / "merged", "--speakers", "same"],
        _with_second,
    ),
    "review": Case(lambda w, out: ["review", w.corpus, w.sheet, "--out", out / "reviewed"]),
    "compare": Case(
        lambda w, out: [
            "compare", w.evaluations / "a", w.evaluations / "b", "--out", out / "comparison",
        ]
    ),
    "preflight": Case(
        lambda w, out: ["preflight", out / "recipe.toml", "--out", out / "said", "--device", "cpu"], _with_set
    ),
    "run": Case(
        lambda w, out: ["run", out / "recipe.toml", "--device", "cpu"], _with_recipe, goes_on=True, waits=True
    ),
    "tune": Case(
        lambda w, out: ["tune", out / "recipe.toml", "--trials", "1", "--device", "cpu"],
        _with_set,
        goes_on=True,
        waits=True,
        long=True,
        elsewhere=True,
    ),
    "demo": Case(lambda w, out: ["demo", "--dir", out / "demo", "--device", "cpu"], goes_on=True, long=True),
    "publish": Case(
        lambda w, out: ["publish", "dataset", out / "dataset", "tester/set", "--license", "cc0-1.0"],
        _with_dataset,
        goes_on=True,
        online=True,
    ),
    "serve": Case(
        lambda w, out: ["serve", w.model, "--no-page", "--port", "0", "--device", "cpu"],
        serves=True,
        writes=False,
    ),
    "report": Case(
        lambda w, out: ["report", out / "evaluation", "--port", "0"],
        _with_evaluation,
        serves=True,
        writes=False,
    ),
    "config": Case(lambda w, out: ["config"], writes=False),
    "doctor": Case(lambda w, out: ["doctor"], writes=False),
}  # fmt: skip


def _first_recipe() -> str:
    recipes = Path(__file__).parents[1] / "recipes"
    return sorted(path.stem for path in recipes.glob("*.toml"))[0]


PATIENCE_S = 600


def fresh(arguments: list[object], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """``govor`` as a process that begins with nothing imported."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    settings = {**os.environ, **SETTINGS, **environment}
    return subprocess.Popen([sys.executable, "-m", "govor", *map(str, arguments)], env=settings, **pipes)


def run(workshop: Workshop, name: str, out: Path, prelude: str = "") -> tuple[int, str]:
    """(exit status, what was said on stderr) of a command of `CASES` in the folder `out`."""
    process = begin(workshop, name, out, prelude)
    return workshop.warm.wait(process, PATIENCE_S)


def begin(workshop: Workshop, name: str, out: Path, prelude: str = "") -> Process:
    """The same, without waiting for its end."""
    case = CASES[name]
    online = f"from workshop import go_online; go_online({dict(workshop.hub)!r})\n" if case.online else ""
    return workshop.warm.start(case.arguments(workshop, out), online + case.prelude(workshop) + prelude)


def go_online(hub: Mapping[str, str]) -> None:
    """In a process that has read its settings already: they are others."""
    from huggingface_hub import constants

    os.environ.update(hub)
    constants.ENDPOINT, constants.HF_HUB_OFFLINE = hub["HF_ENDPOINT"], False
    constants.HF_HUB_DISABLE_XET = True
    constants.HUGGINGFACE_CO_URL_TEMPLATE = hub["HF_ENDPOINT"] + "/{repo_id}/resolve/{revision}/{filename}"


PAGE = 4096


@dataclass(frozen=True)
class Whole:
    """A command that nothing disturbed.

    Attributes:
        seconds: how long it took.
        begin: bytes on the disk before it, in whole pages.
        end: the same behind it.
    """

    seconds: float
    begin: int
    end: int


LONG_S, LONG_BYTES = 8.0, 100 * PAGE
"""What a command that is only begun here takes and writes at least."""


@dataclass
class Wholes:
    """Each command run once, when it is asked for."""

    workshop: Workshop
    folder: Path
    known: dict[str, Whole] = field(default_factory=dict)

    def of(self, name: str) -> Whole:
        """The undisturbed run of a command."""
        if name not in self.known:
            out = self.folder / name
            out.mkdir()
            CASES[name].before(self.workshop, out)
            begin, begun_s = used_bytes(out), time.monotonic()
            if CASES[name].long:
                self.known[name] = Whole(LONG_S, begin, begin + LONG_BYTES)
            else:
                self._to_its_end(name, out)
                self.known[name] = Whole(time.monotonic() - begun_s, begin, used_bytes(out))
            shutil.rmtree(out)
        return self.known[name]

    def _to_its_end(self, name: str, out: Path) -> None:
        process = begin(self.workshop, name, out)
        if CASES[name].serves:
            until_ready(process)
            os.kill(process.pid, signal.SIGINT)
        status, said = self.workshop.warm.wait(process, PATIENCE_S)
        assert status == 0, said


def until_ready(process: Process) -> None:
    """Waits until a server listens, or has ended.

    Raises:
        TimeoutError: it does neither for `PATIENCE_S`.
    """
    watched, until_s = psutil.Process(process.pid), time.monotonic() + PATIENCE_S
    while watched.is_running() and watched.status() != psutil.STATUS_ZOMBIE:
        if any(one.status == psutil.CONN_LISTEN for one in watched.net_connections("tcp")):
            return
        if time.monotonic() > until_s:
            raise TimeoutError(process.said.read_text())
        time.sleep(0.05)


def used_bytes(folder: Path) -> int:
    """What the files in `folder` take, in whole pages; folders take none on a tmpfs."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in files)
