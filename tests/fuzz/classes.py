"""What is read, and in which ways: every class of `Class`, by name."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import seeds
from .cases import Class, Read

OPENED: dict[str, Any] = {}
"""What is made once in a worker."""


def _one_of(*ways: Read) -> Read:
    return lambda place, draw: draw.choice(ways)(place, draw)


def read_audio(path: Path, draw: random.Random) -> None:
    from govor.audio import load_mono, probe
    from govor.errors import AudioError
    from govor.load.dataset import decode_clip

    source: Any = draw.choice((path, path.read_bytes()))
    probe(source)
    samples = load_mono(source) if draw.random() < 0.7 else decode_clip(path.read_bytes(), 16_000)
    if not np.isfinite(samples).all():
        raise AssertionError("samples that are no numbers")
    if not len(samples):
        raise AudioError("empty")


def import_source(path: Path, draw: random.Random) -> None:
    from govor.config import CorpusConfig
    from govor.corpora import Corpus, import_corpus
    from govor.corpora.listing import list_source, listing_lines

    inside = [f for f in path.iterdir() if f.name.endswith(".tar.gz")] if path.is_dir() else []
    source = inside[0] if len(inside) == 1 and path.name.endswith("-archive") else path
    format = seeds.formats()[path.name] if draw.random() < 0.3 and path.name in seeds.formats() else "auto"
    config = CorpusConfig(source=str(source), format=format, language="hr", max_rejected=1.0)
    if draw.random() < 0.1:
        listing_lines(list_source(config))
    summary = import_corpus(config, path.parent / "imported")
    corpus = Corpus.open(path.parent / "imported")
    kept, lost = (table.collect().height for table in (corpus.scan(), corpus.rejected()))
    assert (summary["kept"], summary["rejected"]) == (kept, lost)
    assert summary["read"] == kept + lost


def check_corpus(path: Path, draw: random.Random) -> None:
    from govor.config import TextConfig
    from govor.curate import check_corpus

    check_corpus(path, path.parent / "check", text=TextConfig(), audio=False, workers=1)


def select_corpus(path: Path, draw: random.Random) -> None:
    from govor.config import SelectConfig
    from govor.curate import select_corpus

    select_corpus(path, path.parent / "selected", SelectConfig(max_duration=20.0, dev=2, test=2))


def sample_corpus(path: Path, draw: random.Random) -> None:
    from govor.curate import sample_corpus

    sample_corpus(path, path.parent / draw.choice(("sheet.csv", "sheet.xlsx")), 3)


def move_corpus(path: Path, draw: random.Random) -> None:
    from govor.curate import move_corpus

    move_corpus(path, path.parent)


def merge_corpora(path: Path, draw: random.Random) -> None:
    from govor.config import MergeConfig
    from govor.curate import merge_corpora

    shutil.copytree(path, path.parent / "second")
    merge_corpora({"a": path, "b": path.parent / "second"}, path.parent / "merged", MergeConfig())


def language_model(path: Path, draw: random.Random) -> None:
    from govor.lm.entry import make_lm

    make_lm(str(path), path.parent / "words.arpa", 3)


def inspect_place(path: Path, draw: random.Random) -> None:
    from govor.inspection.subject import find_subject

    find_subject(str(path), draw.choice((None, "dev0", "test1")))


def prepare(path: Path, draw: random.Random) -> None:
    from govor.config import PrepareConfig
    from govor.prepare import prepare_corpus

    prepare_corpus(path, str(path.parent / "prepared"), PrepareConfig(workers=1, max_rejected=1.0))


def read_dataset(path: Path, draw: random.Random) -> None:
    from govor.errors import AudioError
    from govor.load import Dataset

    data = Dataset.open(path / "dataset")
    int(data.sample_rate), str(data.fingerprint)
    for split in data.splits:
        data.table(split), data.durations(split)
        for row in range(min(3, data.splits[split])):
            try:
                wave = data.wave(split, row)
            except AudioError:
                continue
            assert np.isfinite(wave).all()


def prepare_again(path: Path, draw: random.Random) -> None:
    from govor.config import PrepareConfig
    from govor.prepare import prepare_corpus

    how = draw.choice(({}, {"update": True}, {"retry_rejected": True}))
    config = PrepareConfig(workers=1, max_rejected=1.0)
    prepare_corpus(path / "corpus", str(path / "dataset"), config, **how)


def plan_dataset(path: Path, draw: random.Random) -> None:
    from govor.publish import publish_dataset

    publish_dataset(path / "dataset", "a/b", "cc0-1.0", dry_run=True)


def judge_dataset(path: Path, draw: random.Random) -> None:
    from govor.config import EvaluateConfig
    from govor.evaluate import evaluate

    said = path / "said.txt"
    said.write_text("dev0 dobar dan\ndev1 hvala\n")
    evaluate(None, str(path / "dataset"), path / "judged", EvaluateConfig(split="dev"), hypotheses=said)


def read_run(path: Path, draw: random.Random) -> None:
    from govor.train.status import status, status_lines

    status_lines(status(path))


def continue_run(path: Path, draw: random.Random) -> None:
    from govor.config import load_recipe, recipe_from
    from govor.train import train

    recipe = load_recipe(path / "recipe.toml").to_dict()
    recipe["train"] |= {"out": str(path), "steps": draw.choice((4, 5))}
    train(recipe_from(recipe), device="cpu")


def read_checkpoints(path: Path, draw: random.Random) -> None:
    from govor.models import open_model
    from govor.train import checkpoint
    from govor.train.state import TrainState

    found = checkpoint.newest_good(path / "checkpoints", lambda line: None)
    for one in checkpoint.listed(path / "checkpoints"):
        assert one.size_bytes >= 0 and one.position.step == one.position.step and one.step >= 0
    if found is not None:
        TrainState.from_dict(found.state())
        open_model(str(found.folder), device="cpu")


def publish_run(path: Path, draw: random.Random) -> None:
    from govor.publish import publish_model
    from govor.publish.model import ModelOrder

    publish_model(ModelOrder(path, "a/b", "apache-2.0"), dry_run=True)


def hear(path: Path, draw: random.Random) -> None:
    from govor.models import open_model
    from govor.models.base import DecodeOptions, Sound

    model = open_model(str(path), device="cpu")
    model.describe()
    if path.name.startswith("whisper") and draw.random() < 0.8:
        return  # it says 448 tokens of nonsense
    model.recognise([Sound(seeds.wave())], DecodeOptions())


def read_lm(path: Path, draw: random.Random) -> None:
    from govor.lm.arpa import read_arpa, write_arpa
    from govor.lm.settings import fusion_settings

    fusion_settings(path / "words.arpa")
    model = read_arpa(path / "words.arpa")
    write_arpa(model, path / "again.arpa")
    again = read_arpa(path / "again.arpa")
    assert again.words == model.words and len(again.orders) == len(model.orders)


def compare_evaluations(path: Path, draw: random.Random) -> None:
    from govor.evaluate.comparing import compare

    compare([path / "evaluation", path / "other"], path / "compared")


def show_report(path: Path, draw: random.Random) -> None:
    from govor.evaluate.server import Report

    place = path / "evaluation"
    if draw.random() < 0.6:
        (place / "report.html").unlink(missing_ok=True)
    report = Report(place)
    report.page(), report.save(report.verdicts())
    report.clip(0)


def judge_hypotheses(path: Path, draw: random.Random) -> None:
    from govor.config import EvaluateConfig
    from govor.evaluate import evaluate
    from govor.evaluate.hypotheses import read_foreign

    if draw.random() < 0.8:
        found = read_foreign(path, seeds.HEARD)
        assert all(isinstance(v, str) for pair in found.items() for v in pair)
        return
    evaluate(None, str(OPENED["judged"]), path.parent / "out", EvaluateConfig(), hypotheses=path)


def review(path: Path, draw: random.Random) -> None:
    from govor.config import SelectConfig
    from govor.curate import review_corpus, select_corpus

    there = [file for file in path.iterdir() if file.suffix in (".csv", ".xlsx")]
    sheet = there[0] if there else path / "sheet.csv"
    corpus = OPENED["reviewed"]
    if draw.random() < 0.7:
        review_corpus(corpus, sheet, path.parent / "reviewed")
    else:
        select_corpus(corpus, path.parent / "out", SelectConfig(exclude=(str(sheet),)))


def exclude(path: Path, draw: random.Random) -> None:
    from govor.corpora import Corpus
    from govor.curate.exclusion import Exclusions

    corpus = Corpus.open(OPENED["reviewed"])
    found = Exclusions.read([str(path)], ("clipping",) if path.name.startswith("findings") else ())
    found.settle_numbers(corpus)
    found.matches(corpus.scan().collect())
    found.unmet()


def read_recipe(path: Path, draw: random.Random) -> None:
    import tomllib

    from govor.config import load_recipe, recipe_from

    recipe = load_recipe(path)
    assert recipe_from(tomllib.loads(recipe.to_toml())).to_toml() == recipe.to_toml()  # nan equals nothing
    from govor.pipeline.projection import project
    from govor.tune.space import read_space

    if recipe.tune.space:
        read_space(recipe.tune)
    project(recipe)


def read_texts(path: Path, draw: random.Random) -> None:
    """What ``govor align`` is given besides recordings."""
    from govor.align.documents import read_document
    from govor.align.pairing import read_pairs
    from govor.align.speakers import with_speakers
    from govor.align.units import units_of
    from govor.transcribe.transcriber import _lines_of

    if path.suffix == ".csv":
        read_pairs(path, ["tapes/one.wav", "tapes/two.wav"], ["texts/one.txt", "texts/two.txt"])
        _lines_of(str(path))
        return
    document = read_document(path, draw.choice((None, None, "cp1250", "utf-16")))
    lines, _ = with_speakers(document.lines)
    units_of(lines, document.wrapped)


def export_corpus(path: Path, draw: random.Random) -> None:
    from govor.interchange import export_corpus
    from govor.interchange.entry import FORMATS

    export_corpus(path, draw.choice(FORMATS), path.parent / "exported", draw.choice(("link", "copy", "none")))


def align_again(path: Path, draw: random.Random) -> None:
    """What was heard, and the groups, are there."""
    from govor.align import align_recordings
    from govor.config import AlignConfig

    if "tapes" not in OPENED:
        import known_tapes

        known_tapes.hear(path)
        OPENED["tapes"] = True
    place = path.parent / "aligned" if draw.random() < 0.1 else path / "corpus"
    align_recordings(
        str(path / "model"), [path / "tapes"], [path / "texts"], place, AlignConfig(language="hr"), "cpu"
    )


def withdraw(path: Path, draw: random.Random) -> None:
    from govor.corpora import Corpus
    from govor.curate.withdrawal import Withdrawals

    corpus = Corpus.open(OPENED["reviewed"])
    found = draw.choice((Withdrawals.read([str(path)], []), Withdrawals.read([], [str(path)])))
    found.settle(corpus)
    found.matches(corpus.scan().collect())
    found.told()


def open_study(path: Path, draw: random.Random) -> None:
    """A database that Optuna keeps, and what is made of it."""
    from govor.config import load_recipe
    from govor.tune.report import rows_of
    from govor.tune.space import space_of
    from govor.tune.stored import DATABASE, storing
    from govor.tune.study import _Study

    recipe = load_recipe(path / "recipe.toml")
    space = space_of(recipe, 0.0)
    with storing(path / DATABASE):
        study = _Study(recipe, path, space, "cpu", None)  # type: ignore[arg-type]
        study._take_up_interrupted()
        study._propose()
        rows_of(study.study, space)
        study.summary()


def speak(path: Path, draw: random.Random) -> None:
    """A live connection: an address in the first line, then messages as text, or as hexadecimal bytes."""
    from .live import talk

    status = talk(path.read_bytes())
    assert status in (200, 400, 403, 404, 429, 503, 1000, 1003, 1012), f"closed with {status}"


def read_journals(path: Path, draw: random.Random) -> None:
    from govor.evaluate.hypotheses import read_lines
    from govor.pipeline.record import load_record
    from govor.preflight.base import BaseSaid
    from govor.train.folder import RunFolder
    from govor.train.mirror import read_note
    from govor.transcribe.journal import Journal, TranscribedFile

    journal = Journal(path)
    journal.finished("a" * 8), journal.overwritten(TranscribedFile("z", ["a.txt"]))
    journal.add("d" * 8, TranscribedFile("d.wav", ["d.txt"]))
    list(read_lines(path / "hypotheses.jsonl"))
    record = load_record(path, "import")
    if record is not None:
        record.reasons_to_run({"corpus.source": "x"}, {"source": "e"}), record.changed_by_hand()
    BaseSaid.load(path, "f" * 32)
    read_note(RunFolder(path))


def ask_server(path: Path, draw: random.Random) -> None:
    client = OPENED.get("client") or OPENED.setdefault("client", _client())
    head, _, body = path.read_bytes().partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    method, _, rest = first.partition(b" ")
    address = rest.rpartition(b" ")[0] or rest
    headers = [(k.strip(), v.strip()) for k, _, v in (line.partition(b":") for line in lines)]
    status = client(method, address, headers, body)
    assert status < 500 or status == 503, f"status {status}"


def _client() -> Callable[..., int]:
    """Asks the application itself, as a server would; gives the status."""
    import asyncio

    from served import LIMITS

    from govor.serve.server import create_app
    from govor.serve.settings import ServeSettings
    from stub_recogniser import StubRecogniser

    settings = ServeSettings(page=False, limits=LIMITS)
    app = create_app(["base=/nowhere/base"], settings, lambda spec: StubRecogniser())
    loop = asyncio.new_event_loop()

    async def ask(method: bytes, address: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> int:
        path, _, query = address.partition(b"?")
        pieces = [body[i : i + 60_000] for i in range(0, len(body), 60_000)] or [b""]
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            if not pieces:
                await asyncio.sleep(3600)
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: dict[str, Any]) -> None:
            statuses.append(message.get("status", 0))

        scope = {
            "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "scheme": "http",
            "method": method.decode("latin-1").upper(), "path": path.decode("utf-8", "replace"),
            "raw_path": path, "query_string": query, "root_path": "", "client": ("127.0.0.1", 4000),
            "server": ("127.0.0.1", 7860), "headers": [(k.lower(), v) for k, v in headers],
        }  # fmt: skip
        await app(scope, receive, send)
        return statuses[0]

    return lambda *request: loop.run_until_complete(ask(*request))


TORCH = (
    "torch", "polars", "govor.models", "govor.train", "govor.train.run",
    "transformers.models.parakeet.modeling_parakeet", "transformers.models.whisper.modeling_whisper",
)  # fmt: skip
SOUND = (".wav", ".mp3", ".flac", ".ogg", ".gz", ".parquet", ".arrow")
CORPUS = (
    "polars", "pandas", "pyarrow.dataset", "pyarrow.parquet", "soundfile", "soxr", "matplotlib.figure",
    "matplotlib.backends.backend_svg", "govor.curate.check", "govor.prepare", "govor.corpora",
    "govor.audio.stream",
)  # fmt: skip
EVALUATE = ("govor.evaluate", "govor.evaluate.diagnosis", "scipy.stats", *CORPUS)
CLASSES = {
    one.name: one
    for one in (
        Class("audio", seeds.audio, read_audio, heavy=("soundfile", "av", "soxr", "govor.audio.stream")),
        Class("corpora", seeds.corpora, import_source, seldom=SOUND, heavy=CORPUS),
        Class(
            "corpus",
            seeds.corpus,
            _one_of(
                check_corpus,
                select_corpus,
                sample_corpus,
                move_corpus,
                merge_corpora,
                language_model,
                inspect_place,
                prepare,
                export_corpus,
            ),
            heavy=CORPUS,
        ),
        Class(
            "dataset",
            seeds.dataset,
            _one_of(read_dataset, read_dataset, plan_dataset, judge_dataset),
            ("dataset.json", "*-of-*.parquet", "rejected.parquet"),
            heavy=(*EVALUATE, "govor.publish"),
        ),
        Class("prepared", seeds.dataset, prepare_again, ("dataset/**/*.*",), heavy=CORPUS),
        Class(
            "run",
            seeds.run,
            _one_of(read_run, read_run, read_checkpoints, continue_run, publish_run),
            ("*.json", "*.jsonl", "*.toml", "*.safetensors"),
            heavy=(*TORCH, "govor.publish"),
        ),
        Class("model", seeds.models, hear, heavy=TORCH),
        Class("lm", seeds.lm, read_lm, heavy=("govor.lm",)),
        Class(
            "evaluation",
            seeds.evaluation,
            _one_of(compare_evaluations, show_report),
            ("evaluation/*.json", "evaluation/*.parquet", "evaluation/*.jsonl"),
            heavy=EVALUATE,
        ),
        Class("hypotheses", seeds.hypotheses, judge_hypotheses, heavy=EVALUATE),
        Class("sheets", seeds.sheets, review, heavy=(*CORPUS, "openpyxl")),
        Class("lists", seeds.lists, _one_of(exclude, withdraw), heavy=CORPUS),
        Class("texts", seeds.texts, read_texts, heavy=("govor.align", "govor.transcribe")),
        Class(
            "aligned",
            seeds.aligned,
            align_again,
            ("corpus/**/*.*", "texts/*"),
            heavy=(*CORPUS, "govor.align"),
        ),
        Class("study", seeds.study, open_study, heavy=("optuna", "sqlalchemy", "govor.tune")),
        Class("live", seeds.live, speak, heavy=("fastapi", "govor.serve.server")),
        Class("recipes", seeds.recipes, read_recipe, heavy=("govor.pipeline.projection", "govor.tune.space")),
        Class(
            "journals",
            seeds.journals,
            read_journals,
            heavy=("govor.preflight", "govor.train", "govor.pipeline"),
        ),
        Class("requests", seeds.requests, ask_server, heavy=("fastapi", "govor.serve.server")),
    )
}
