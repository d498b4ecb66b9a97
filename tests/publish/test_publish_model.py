"""A model on the Hub: loads, its card's code runs, and nothing travels that should not."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile as sf

from govor.errors import InputError, ModelError
from govor.publish import publish_model
from govor.publish.cards import cell
from govor.publish.licenses import require_license
from govor.publish.model import ModelOrder, plan_model
from govor.publish.model_files import without_paths

REPO = "tester/recogniser"
EVALUATION = {
    "model": "run", "split": "test", "utterances": 40, "hours": 0.1, "rtf": 0.02,
    "wer": {"value": 0.25, "low": 0.2, "high": 0.31}, "cer": {"value": 0.1, "low": 0.08, "high": 0.12},
    "raw": {"wer": {"value": 0.4, "low": 0.3, "high": 0.5}, "cer": {"value": 0.2, "low": 0.1, "high": 0.3}},
    "groups": {"unit": "speaker", "count": 7, "method": "linearised", "note": ""},
    "normaliser": {"name": "govor-1:lower"},
    "slices": {
        "gender": {"a|b": {"utterances": 3, "wer": {"value": 0.5, "low": 0.4, "high": 0.6}}},
        "speaker": {"Ana Horvat": {"utterances": 3, "wer": {"value": 0.5, "low": 0.4, "high": 0.6}}},
    },
    "baseline": {
        "utterances": 40, "hours": 0.1, "wer": {"value": 0.9, "low": 0.8, "high": 1.0},
        "cer": {"value": 0.6, "low": 0.5, "high": 0.7},
        "raw": {"wer": {"value": 0.95, "low": 0.9, "high": 1}, "cer": {"value": 0.7, "low": 0.6, "high": 1}},
    },
}  # fmt: skip


@pytest.fixture
def model(tiny_ctc, tmp_path):
    """A model folder with things in it that must not travel."""
    folder = shutil.copytree(tiny_ctc, tmp_path / "model")
    (folder / "optimizer.pt").write_bytes(pickle.dumps({"lr": 1}))
    (folder / "pytorch_model.bin").write_bytes(b"x")
    (folder / ".token").write_text("hf_secret")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "_name_or_path": "/home/ana/work/base"}))
    return folder


@pytest.fixture
def evaluation(tmp_path):
    """A finished evaluation's summary."""
    folder = tmp_path / "evaluation"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps(EVALUATION))
    return folder


def test_only_what_belongs_there(model, tmp_path):
    plan = plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")
    names = {file.name for file in plan.all}
    assert not {"optimizer.pt", "pytorch_model.bin", ".token"} & names
    assert {"README.md", "config.json", "model.safetensors", "govor.json"} <= names
    assert [file.name for file in plan.last] == ["govor.json", "README.md"]
    for file in plan.all:
        assert b"/home/ana" not in file.path.read_bytes()


STRANGERS = (
    "token.txt", "secrets.yaml", "wandb.key", "trainer_state.json", "optimizer.safetensors", "model.pkl",
    "training_args.bin", "modeling_mine.py", "notes.md", "events.out.tfevents.1", ".env", "id_rsa",
    "credentials.json", "model.safetensors.bak", "rng_state.json", "config.json~", "checkpoint.json",
)  # fmt: skip


@pytest.mark.parametrize("name", STRANGERS)
def test_files_that_no_model_needs_stay_here_and_are_named(model, tmp_path, name, capsys):
    (model / name).write_text("secret")
    plan = plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")
    assert name not in {file.name for file in plan.all}
    assert "not published" in capsys.readouterr().err


def test_links_and_folders_stay_here(model, tmp_path):
    (tmp_path / "elsewhere.txt").write_text("secret")
    (model / "merges.txt").symlink_to(tmp_path / "elsewhere.txt")
    (model / "vocab.txt").mkdir()
    plan = plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")
    assert not {"merges.txt", "vocab.txt"} & {file.name for file in plan.all}
    weights = model / "model.safetensors"
    weights.rename(tmp_path / "weights")
    weights.symlink_to(tmp_path / "weights")
    with pytest.raises(ModelError, match="cp -rL"):
        plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/Ana Horvat/my models/base", "base"),
        ("/home/ana/base/", "base"),
        ("file:///home/ana/base", "base"),
        ("\\\\server\\share\\ana\\base", "base"),
        ("C:\\Users\\Ana Horvat\\base", "base"),
        ("C:/Users/ana/base", "base"),
        ("trained from /home/ana horvat/x/base, on cpu", "trained from base, on cpu"),
        ("--base=/srv/ana/base", "--base=base"),
        ("openai/whisper-small", "openai/whisper-small"),
        ("https://huggingface.co/openai/whisper-small", "https://huggingface.co/openai/whisper-small"),
        ("</s>", "</s>"),
        ("km / h and / or", "km / h and / or"),
        ("|", "|"),
        ("//", "//"),
    ],
)
def test_of_a_path_only_the_last_part_stays(text, left):
    assert without_paths({"a": [text]}) == {"a": [left]}


def test_a_model_no_better_than_its_base_says_so_first(model, evaluation, tmp_path, capsys):
    """Published without a word, it would replace what it is worse than."""
    said = (
        "nothing that was trained is better than the base model: dev WER 0.880 before training, 0.940 at best"
    )
    settings = json.loads((model / "govor.json").read_text())
    marked = {**settings, "better_than_base": False, "base_on_dev": {"better": False, "sentence": said}}
    (model / "govor.json").write_text(json.dumps(marked))
    comparison = {
        "wer_difference": {"value": 0.06, "low": 0.01, "high": 0.11},
        "groups": EVALUATION["groups"],
    }
    worse = {**EVALUATION, "better_than_base": False, "comparison": comparison}
    (evaluation / "summary.json").write_text(json.dumps(worse))
    plan_model(ModelOrder(model, REPO, "cc-by-4.0", (evaluation,)), tmp_path / "staged")
    card = (tmp_path / "staged" / "README.md").read_text()
    first = card.index("Nothing that was trained is better")
    assert first < card.index("Not better than its base model on test") < card.index("Speech to text")
    assert "+6.00 points (+1.00 to +11.00)" in card and said[1:] in capsys.readouterr().err
    published = json.loads((tmp_path / "staged" / "govor.json").read_text())
    assert published["better_than_base"] is False


def test_a_model_without_safetensors_is_refused(model, tmp_path):
    (model / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="no weights as safetensors"):
        plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")
    with pytest.raises(ModelError, match="holds no model"):
        plan_model(ModelOrder(tmp_path / "nowhere", REPO, "cc-by-4.0"), tmp_path / "staged")


def test_the_card_shows_measured_facts_beside_the_base_model(model, evaluation, tmp_path):
    order = ModelOrder(model, REPO, "cc-by-4.0", (evaluation,), dataset="tester/voices")
    plan_model(order, tmp_path / "staged")
    card = (tmp_path / "staged" / "README.md").read_text()
    assert "25.0% (20.0–31.0)" in card and "90.0% (80.0–100.0)" in card
    assert "7 speakers" in card and "a&#124;b" in card and "Horvat" not in card
    assert not (tmp_path / "staged" / ".eval_results").exists(), "the Hub counts registered benchmarks alone"
    plan_model(replace(order, benchmark="lab/benchmark"), tmp_path / "again")
    results = (tmp_path / "again" / ".eval_results" / "govor.yaml").read_text()
    assert "id: lab/benchmark" in results and "value: 0.25" in results


def test_a_model_that_was_not_evaluated_says_so(model, tmp_path):
    plan_model(ModelOrder(model, REPO, "cc-by-4.0"), tmp_path / "staged")
    assert "It has not been evaluated." in (tmp_path / "staged" / "README.md").read_text()


def test_no_licence_no_upload():
    assert require_license("cc0-1.0") == "cc0-1.0"
    with pytest.raises(InputError, match="nothing is published without a licence"):
        require_license(None)


def test_paths_of_this_machine_are_taken_out():
    plain = {"a": ["/home/x/y.json", "facebook/wav2vec2", "a/b"], "b": {"c": "C:\\x\\y"}, "d": 3}
    assert without_paths(plain) == {"a": ["y.json", "facebook/wav2vec2", "a/b"], "b": {"c": "y"}, "d": 3}


def test_transcripts_cannot_break_a_table():
    assert cell("a|b\n<script>[x](y)") == "a&#124;b &lt;script&gt;\\[x](y)"


def run_child(hub, code, folder):
    environment = {**os.environ, **hub.environment}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_cards_code_runs_from_the_hub(hub, model, tmp_path):
    publish_model(ModelOrder(model, REPO, "cc-by-4.0"))
    files = {entry["path"] for entry in hub.tree("models", REPO)}
    assert not any(name.endswith((".bin", ".pt")) for name in files)
    sf.write(tmp_path / "recording.wav", np.zeros(16_000, np.float32), 16_000)
    card = (hub.repo("models", REPO) / "files" / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]
    ran = run_child(hub, code, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    shell = re.search(r"```sh\n(.*?)```", card, re.DOTALL)[1]
    words = [sys.executable, "-m", *shell.replace("recording.mp3", "recording.wav").split()]
    environment = {**os.environ, **hub.environment}
    ran = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert list((tmp_path / "transcripts").glob("*"))


@pytest.mark.slow
def test_normaliser_and_language_come_from_the_hub_with_the_model(hub, tiny_ctc, tmp_path):
    publish_model(ModelOrder(tiny_ctc, REPO, "cc-by-4.0"))
    code = f"""
from govor.models import open_model
model = open_model({REPO!r}, device="cpu")
print(model.normaliser.language, model.normaliser("DOBAR, dan!"))
"""
    ran = run_child(hub, code, tmp_path)
    assert ran.stdout.splitlines()[-1:] == ["hr dobar dan"], ran.stderr[-2000:]


@pytest.mark.slow
def test_the_faster_whisper_code_of_a_card_runs(hub, tiny_whisper, tmp_path):
    publish_model(ModelOrder(tiny_whisper, REPO, "cc-by-4.0"))
    sf.write(tmp_path / "recording.wav", np.zeros(48_000, np.float32), 16_000)
    card = (hub.repo("models", REPO) / "files" / "README.md").read_text()
    export = re.search(r"`govor (export [^`]+)`", card)[1]
    command = [sys.executable, "-m", "govor", *export.split()]
    environment = {**os.environ, **hub.environment}
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode in (0, 3), ran.stderr[-2000:]  # 3: random weights need not agree after conversion
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[1]
    ran = run_child(hub, code, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
