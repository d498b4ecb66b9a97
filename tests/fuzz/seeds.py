"""Whole specimens of what govor reads, made by govor itself or by the libraries that people use."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "corpus"), str(TESTS / "train"), str(TESTS / "serve")]

CONTAINERS: dict[str, tuple[str, str]] = {
    "wav16.wav": ("WAV", "PCM_16"),
    "wav24.wav": ("WAV", "PCM_24"),
    "float.wav": ("WAV", "FLOAT"),
    "double.wav": ("WAV", "DOUBLE"),
    "ulaw.wav": ("WAV", "ULAW"),
    "wavex.wav": ("WAVEX", "PCM_16"),
    "rf64.wav": ("RF64", "PCM_16"),
    "w64.w64": ("W64", "PCM_16"),
    "clip.flac": ("FLAC", "PCM_16"),
    "clip.ogg": ("OGG", "VORBIS"),
    "clip.opus": ("OGG", "OPUS"),
    "clip.mp3": ("MP3", "MPEG_LAYER_III"),
    "clip.aiff": ("AIFF", "PCM_16"),
    "clip.au": ("AU", "PCM_16"),
    "clip.caf": ("CAF", "PCM_16"),
    "clip.sph": ("NIST", "PCM_16"),
}
BY_FFMPEG = {
    "clip.m4a": ("ipod", "aac"),
    "clip.mp4": ("mp4", "aac"),
    "clip.webm": ("webm", "libopus"),
    "clip.mkv": ("matroska", "libopus"),
    "clip.aac": ("adts", "aac"),
    "clip.wma": ("asf", "wmav2"),
}
SECONDS, RATE = 0.6, 16_000


def wave() -> Any:
    """A tone with noise ``[T]``."""
    draw, time = np.random.default_rng(0), np.arange(int(SECONDS * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * 220 * time) + draw.normal(0, 0.02, len(time))).astype(np.float32)


def audio(folder: Path) -> None:
    import soundfile

    for name, (kind, subtype) in CONTAINERS.items():
        soundfile.write(folder / name, wave(), RATE, format=kind, subtype=subtype)
    for name, (kind, codec) in BY_FFMPEG.items():
        _by_ffmpeg(folder / name, kind, codec)


def _by_ffmpeg(path: Path, kind: str, codec: str) -> None:
    import av

    rate = 48_000 if codec == "libopus" else RATE
    samples = np.resize(wave(), int(SECONDS * rate))
    with av.open(str(path), "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.bit_rate = 64_000
        form = stream.codec_context.format.name if stream.codec_context.format else "fltp"
        whole = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        whole.sample_rate = rate
        resampler = av.AudioResampler(format=form, layout="mono", rate=rate)
        for frame in [*resampler.resample(whole), None]:
            for packet in stream.encode(frame):
                container.mux(packet)


def corpora(folder: Path) -> None:
    import further_seconds
    import ten_seconds

    for made in (ten_seconds, further_seconds):
        for name in made.WRITERS:
            made.source(name, folder / name)


def formats() -> dict[str, str]:
    """The format of every specimen of `corpora`."""
    import further_seconds
    import ten_seconds

    return {
        name: format for made in (ten_seconds, further_seconds) for name, (format, *_) in made.WRITERS.items()
    }


def corpus(folder: Path) -> None:
    from govor.curate import sample_corpus
    from speech import spoken_corpus

    place = folder.parent / "corpus-audio"
    made = spoken_corpus(place)
    sample_corpus(made, place / "sheet.csv", 2)
    shutil.copytree(made, folder / "corpus")


def dataset(folder: Path) -> None:
    from govor.config import PrepareConfig
    from govor.prepare import prepare_corpus
    from speech import spoken_corpus

    made = spoken_corpus(folder / "set")
    prepare_corpus(made, str(folder / "set" / "dataset"), PrepareConfig(workers=1))
    info = made / "corpus.json"
    info.write_text(info.read_text().replace(str(folder / "set"), ".."))  # the copy has its own recordings


def run(folder: Path) -> None:
    from speech_set import write_speech_set
    from train_parts import CTC

    from govor.config import recipe_from
    from govor.train import train

    data = write_speech_set(folder.parent / "speech", {"train": 12, "dev": 3, "test": 3})
    settings = {
        "steps": 4, "batch_s": 12.0, "max_batch": 6, "lr": 2e-3, "threads": 1, "loader_workers": 0,
        "eval_every": "2 steps", "save_every": "2 steps", "eval_utterances": 2, "log_every": 1,
        "trackers": [], "out": str(folder / "run"),
    }  # fmt: skip
    recipe = {
        "work": str(folder.parent / "work"),
        "prepare": {"out": str(data)},
        "model": {"from_scratch": CTC},
    }
    train(recipe_from({**recipe, "train": settings}), device="cpu")
    shutil.rmtree(folder / "run" / "tensorboard", ignore_errors=True)


def models(folder: Path) -> None:
    from train_parts import CTC

    from govor.config import ModelConfig, TextConfig
    from govor.models import new_model
    from govor.text import Normaliser
    from tiny_tokenizer import save_tiny_whisper_files

    files = save_tiny_whisper_files(folder.parent / "whisper-files")
    whisper = {"model_type": "whisper", "tokenizer": str(files)}
    for name, sizes, texts in (("ctc", CTC, ["abcdefghijklmnop čćž"]), ("whisper", whisper, [])):
        family = new_model(
            ModelConfig(from_scratch=sizes),
            normaliser=Normaliser.of(TextConfig(), "hr"),
            train_texts=texts, language="hr", device="cpu", seed=1,
        )  # fmt: skip
        family.save(folder / name)


def lm(folder: Path) -> None:
    from govor.lm.arpa import write_arpa
    from govor.lm.kneser_ney import estimate

    (folder / "lm").mkdir()
    texts = [
        "dobar dan svima",
        "danas je lijep dan",
        "hvala na pitanju",
        "dobar dan hvala",
        "je li lijep dan",
    ]
    write_arpa(estimate(texts, 3), folder / "lm" / "words.arpa")
    (folder / "lm" / "words.json").write_text(json.dumps({"lm_weight": 0.4, "word_bonus": 0.1}))


def evaluation(folder: Path) -> None:
    from speech_set import write_speech_set

    from govor.config import EvaluateConfig
    from govor.evaluate import evaluate
    from govor.load import Dataset

    data = write_speech_set(folder.parent / "judged", {"train": 2, "test": 6})
    table = Dataset.open(data).table("test")
    said = folder.parent / "said.jsonl"
    rows = [
        {"id": n, "text": t.rsplit(" ", i % 2)[0]}
        for i, (n, t) in enumerate(table.select("id", "text").iter_rows())
    ]
    said.write_text("".join(json.dumps(row) + "\n" for row in rows))
    place = folder / "judged" / "evaluation"
    evaluate(None, str(data), place, EvaluateConfig(slices=("speaker",)), hypotheses=said)
    shutil.copytree(place, folder / "judged" / "other")
    verdicts = [{"id": rows[0]["id"], "choice": "transcript", "text": "dobar dan"}]
    (place / "verdicts.json").write_text(json.dumps(verdicts))


HEARD = {
    "test-000": "dobar dan svima",
    "test-001": "danas je lijep",
    "test-002": "hvala, na pitanju",
    "test-003": "",
}


def hypotheses(folder: Path) -> None:
    rows = [{"id": name, "text": text, "confidence": 0.5} for name, text in HEARD.items()]
    files = {
        "said.jsonl": "".join(json.dumps(row) + "\n" for row in rows),
        "said.json": json.dumps(rows),
        "said.csv": "path,sentence_id,text\n" + "".join(f'clips/{n}.wav,1,"{t}"\n' for n, t in HEARD.items()),
        "said.tsv": "id\thypothesis\n" + "".join(f"{n}\t{t}\n" for n, t in HEARD.items()),
        "said.trn": "".join(f"{t} ({n})\n" for n, t in HEARD.items()),
        "said.txt": "".join(f"{n} {t}\n" for n, t in HEARD.items()),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def sheets(folder: Path) -> None:
    from govor.curate import sample_corpus
    from speech import spoken_corpus

    made = spoken_corpus(folder.parent / "reviewed")
    for name in ("sheet.csv", "sheet.xlsx"):
        place = folder / name.replace(".", "-")
        sample_corpus(made, place / name, 5, again=True)
        shutil.rmtree(place / "sheet-clips", ignore_errors=True)
        _fill(place / name)


def _fill(sheet: Path) -> None:
    said = [("keep", ""), ("drop", ""), ("correct", "dobar dan"), ("", ""), ("keep", "")]
    if sheet.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.load_workbook(sheet)
        page = book.active
        names = [cell.value for cell in page[1]]
        for row, (verdict, text) in enumerate(said, 2):
            page.cell(row, names.index("verdict") + 1, verdict or None)
            page.cell(row, names.index("corrected") + 1, text or None)
        book.save(sheet)
        return
    import csv

    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, (verdict, text) in zip(rows, said, strict=True):
        row |= {"verdict": verdict, "corrected": text}
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def lists(folder: Path) -> None:
    import polars as pl

    names = ["dev0", "test1", "sjednica-ana_1_0.30-1.52", "clips/test0.wav"]
    frame = pl.DataFrame({"id": names})
    frame.write_csv(folder / "list.csv")
    frame.write_csv(folder / "list.tsv", separator="\t")
    frame.write_parquet(folder / "list.parquet")
    frame.write_ndjson(folder / "list.jsonl")
    (folder / "list.txt").write_text("\n".join(names))
    (folder / "speakers.txt").write_text("sjednica-ana_1\n" + "0123456789abcdef" * 4 + "\n")
    (folder / "speakers.csv").write_text("client_id,reason\nana,wish\n")
    findings = frame.with_columns(code=pl.lit("clipping"), severity=pl.lit("warning"))
    findings.write_parquet(folder / "findings.parquet")


def recipes(folder: Path) -> None:
    from govor.config import Recipe

    for path in sorted((TESTS.parent / "recipes").glob("*.toml")):
        shutil.copy(path, folder / path.name)
    (folder / "all.toml").write_text(Recipe(work="work").to_toml(), encoding="utf-8")
    several = '[[corpus]]\nname = "a"\nsource = "x"\n[[corpus]]\nname = "b"\nsource = "y"\n[tune.space]\n'
    several += '"train.lr" = { low = 1e-5, high = 1e-3, log = true }\n"train.batch_s" = [60, 120]\n'
    (folder / "several.toml").write_text(several)


def journals(folder: Path) -> None:
    from govor.evaluate.hypotheses import Appender
    from govor.pipeline.record import StageRecord
    from govor.transcribe.journal import Journal, TranscribedFile

    place = folder / "journals"
    place.mkdir()
    journal = Journal(place)
    for name in ("a", "b", "c"):
        (place / f"{name}.txt").write_text("dobar dan")
        journal.add(name * 8, TranscribedFile(f"{name}.wav", [f"{name}.txt"], 1.5))
    with Appender(place / "hypotheses.jsonl") as lines:
        lines.append([{"id": name, "text": text, "confidence": 0.5} for name, text in HEARD.items()])
    record = StageRecord("import", "running", {"corpus.source": "x", "train.lr": 1e-4}, {"source": "f" * 32})
    record.as_done({"read": 3, "kept": 3}, place / "a.txt").save(place)
    said = {"fingerprint": "f" * 32, "texts": HEARD, "rows": 4, "seconds_each": 0.5}
    (place / "base.json").write_text(json.dumps(said))
    (place / "mirror.json").write_text(json.dumps({"target": "x", "step": 3, "verified": "whole"}))
    (place / "result.json").write_text(json.dumps({"summary": {"best": {"wer": 0.2, "step": 3}}}))


def requests(folder: Path) -> None:
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, wave(), RATE, format="WAV")
    for shape in ("json", "verbose_json", "srt", "text"):
        fields = {
            "model": "base",
            "response_format": shape,
            "language": "hr",
            "timestamp_granularities[]": "word",
        }
        (folder / f"{shape}.http").write_bytes(_form(fields, content.getvalue()))
    (folder / "stream.http").write_bytes(_form({"stream": "true"}, content.getvalue()))
    for name in ("/v1/models", "/v1/models/base", "/health", "/metrics", "/"):
        plain = f"GET {name} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\nauthorization: Bearer x\r\n\r\n"
        (folder / f"get{len(name)}.http").write_text(plain)


def _form(fields: dict[str, str], content: bytes) -> bytes:
    parts = [
        f'--b\r\ncontent-disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode()
        for k, v in fields.items()
    ]
    head = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    body = b"".join(parts) + head + content + b"\r\n--b--\r\n"
    start = "POST /v1/audio/transcriptions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    return f"{start}content-type: multipart/form-data; boundary=b\r\n\r\n".encode() + body


PARAGRAPHS = ("ZAPISNIK", "Predsjednik: Dobar dan svima u dvorani.", "Ivan Horvat: Hvala, 12. 5. u 10 sati.")
CAPTIONS = "1\n00:00:01,000 --> 00:00:02,500\nDobar dan svima.\n\n2\n00:00:03,000 --> 00:00:04,000\nHvala.\n"
DOCX = '<w:document xmlns:w="w"><w:body>{}</w:body></w:document>'
ODT = '<office:document-content xmlns:office="o" xmlns:text="t"><office:body>{}</office:body></office:document-content>'  # noqa: E501


def texts(folder: Path) -> None:
    import zipfile

    html = "".join(f"<p>{line}</p>" for line in PARAGRAPHS)
    files = {
        "one.txt": "\n".join(PARAGRAPHS * 4),
        "one.html": f'<html><head><meta charset="utf-8"></head><body>{html}</body></html>',
        "one.srt": CAPTIONS,
        "one.vtt": "WEBVTT\n\n" + CAPTIONS.replace(",", "."),
        "pairs.csv": "recording,text\none.wav,one.txt\ntapes/two.wav,two.txt\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    docx = DOCX.format("".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in PARAGRAPHS))
    odt = ODT.format("".join(f"<text:p>{line}</text:p>" for line in PARAGRAPHS))
    for name, part, xml in (("one.docx", "word/document.xml", docx), ("one.odt", "content.xml", odt)):
        with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(part, xml)


def aligned(folder: Path) -> None:
    import known_tapes
    from govor.align import align_recordings
    from govor.config import AlignConfig

    place = folder / "aligned"
    known_tapes.write(place)
    known_tapes.hear(place)
    align_recordings(
        str(place / "model"), [place / "tapes"], [place / "texts"], place / "corpus",
        AlignConfig(language="hr"), "cpu",
    )  # fmt: skip


def study(folder: Path) -> None:
    from govor.config import recipe_from
    from govor.tune import study as studies
    from govor.tune import tune

    wers = iter((0.5, 0.4, None, 0.3))

    class Trial:
        pid = 1

        def __init__(self, place: Path, device: str) -> None:
            self.place = place

        def wait(self, seconds: float) -> bool:
            return True

        def result(self) -> Any:
            wer = next(wers)
            if wer is None:
                return {"error": {"type": "Crash", "message": "ended by SIGKILL"}}
            done = {"steps": 4, "wall_s": 1.0, "best": {"wer": wer, "step": 4}, "base_wer": 0.9}
            return {"summary": _Done(wer, {**done, "better_than_base": True})}

    studies.TrialProcess = Trial  # type: ignore[assignment,misc]
    space = {"train.lr": {"low": 1e-5, "high": 1e-2, "log": True}, "train.warmup": [0.0, 0.1]}
    recipe = recipe_from(
        {"work": str(folder.parent / "work"), "tune": {"trials": 3, "space": space, "prune": False}}
    )
    tune(recipe, device="cpu")
    place = folder / "study"
    place.mkdir()
    shutil.copy(folder.parent / "work" / "tune" / "study.db", place)
    (place / "recipe.toml").write_text(recipe.to_toml())


class _Done(dict[str, Any]):
    def __init__(self, wer: float, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.dev = {"wer": wer}


def live(folder: Path) -> None:
    sound = (wave() * 32_767).astype("<i2").tobytes()
    blocks = "\n".join("b:" + sound[at : at + 1_600].hex() for at in range(0, 8_000, 1_600))
    (folder / "whole.txt").write_text(f"model=base&language=hr\n{blocks}\n" + '{"type": "end"}')
    (folder / "slow.txt").write_text(f"sample_rate=8000\n{blocks}\n" + '{"type": "end", "x": [1]}')
    (folder / "left.txt").write_text(f"\n{blocks}")
