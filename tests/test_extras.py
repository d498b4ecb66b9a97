"""A command whose packages are not installed says in one sentence which extra brings them."""

import subprocess
import sys
from pathlib import Path

import pytest

from govor.extras import missing_extra


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("torch", "torch", "train"),
        ("torch.nn", "torch", "train"),
        ("transformers", "transformers", "train"),
        ("fastapi", "fastapi", "serve"),
        ("ctranslate2", "ctranslate2", "export"),
        ("optuna", "optuna", "tune"),
        ("yaml", "pyyaml", "publish"),
        ("huggingface_hub", "huggingface-hub", "publish"),
        ("espeakng_loader", "espeakng-loader", "demo"),
    ],
)
def test_the_extra_of_a_module(module, package, extra):
    assert (
        str(missing_extra(module))
        == f"this needs {package}, which is not installed: pip install 'govor[{extra}]'"
    )


def test_where_several_extras_bring_it_the_one_that_is_meant_is_named():
    """A model on the Hub needs more than the client: one remedy, not two one after the other."""
    assert "govor[train]" in str(missing_extra("huggingface_hub", "train"))
    assert "govor[publish]" in str(missing_extra("huggingface_hub", "s3")), "s3 does not bring it"


@pytest.mark.parametrize("module", [None, "", "no_such_module", "govor.nothing", "pytest"])
def test_what_no_extra_brings_is_a_fault_of_govors_own(module):
    assert missing_extra(module) is None


WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
sys.argv = ["govor", *{args!r}]
from govor.cli import main
main()
"""
EXTRAS = [
    "gcsfs",
    *("torch", "transformers", "tokenizers", "datasets", "huggingface_hub", "yaml", "fastapi", "gradio"),
    *(
        "uvicorn",
        "ctranslate2",
        "faster_whisper",
        "onnx",
        "onnxruntime",
        "optuna",
        "accelerate",
        "peft",
        "ray",
    ),
]
COMMANDS = {
    "publish": ["publish", "model", "{model}", "a/b", "--license", "mit"],
    "serve": ["serve", "{model}", "--port", "0"],
    "transcribe": ["transcribe", "{model}", "{wav}", "--out", "{out}/t"],
    "evaluate": ["evaluate", "{model}", "{dataset}", "--out", "{out}/e"],
    "export": ["export", "{model}", "--format", "ctranslate2", "--out", "{out}/x"],
    "train": ["train", "--model", "{model}", "--data", "{dataset}", "--out", "{out}/r"],
    "inspect": ["inspect", "{wav}", "--model", "{model}", "--out", "{out}/i"],
    "lm": ["lm", "{dataset}", "--model", "{model}", "--out", "{out}/a.arpa"],
    "align": ["align", "{wavs}", "{out}", "--model", "{model}", "--out", "{out}/a"],
    "prepare": ["prepare", "{corpus}", "--out", "{out}/d", "--engine", "ray"],
    "import": ["import", "google/fleurs", "--format", "huggingface", "--out", "{out}/h"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_so_in_one_sentence(name, tmp_path, tiny_ctc, tiny_dataset, tiny_corpus):
    from govor.corpora import Corpus

    corpus = Corpus.open(tiny_corpus)
    wav = f"{corpus.info.audio_root}/{corpus.scan().select('audio').first().collect().item()}"
    (tmp_path / f"{Path(wav).stem}.txt").write_text("dobar dan")
    places = {"model": tiny_ctc, "dataset": tiny_dataset, "wav": wav, "out": tmp_path, "corpus": tiny_corpus}
    places["wavs"] = str(Path(wav).parent)
    said = said_without([part.format(**places) for part in COMMANDS[name]])
    assert "pip install 'govor[" in said


def said_without(args):
    """What a command says in the plain install."""
    code = WITHOUT.format(absent=set(EXTRAS), args=args)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1 and "Traceback" not in ran.stderr, ran.stderr[-2000:]
    return ran.stderr


def test_a_model_on_the_hub_is_one_remedy(tmp_path, tiny_dataset):
    said = said_without(["evaluate", "lab/whisper", str(tiny_dataset), "--out", str(tmp_path / "e")])
    assert "pip install 'govor[train]'" in said and "govor[publish]" not in said


def test_recordings_in_a_store_whose_library_is_missing(tmp_path):
    from govor.config import CorpusConfig
    from govor.corpora import import_corpus

    table = tmp_path / "table.csv"
    table.write_text("audio,text\ngs://lab/a.wav,dobar dan\n")
    import_corpus(CorpusConfig(source=str(table)), tmp_path / "corpus")
    said = said_without(["check", str(tmp_path / "corpus"), "--out", str(tmp_path / "c")])
    assert "govor: this needs gcsfs, which is not installed: pip install 'govor[gcs]'" in said
