"""A command whose packages are not installed says in one sentence which extra brings them."""

import subprocess
import sys

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
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_so_in_one_sentence(name, tmp_path, tiny_ctc, tiny_dataset, tiny_corpus):
    from govor.corpora import Corpus

    corpus = Corpus.open(tiny_corpus)
    wav = f"{corpus.info.audio_root}/{corpus.scan().select('audio').first().collect().item()}"
    places = {"model": tiny_ctc, "dataset": tiny_dataset, "wav": wav, "out": tmp_path}
    args = [part.format(**places) for part in COMMANDS[name]]
    code = WITHOUT.format(absent=set(EXTRAS), args=args)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1 and "Traceback" not in ran.stderr, ran.stderr[-2000:]
    assert "pip install 'govor[" in ran.stderr
