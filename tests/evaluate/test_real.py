"""A real (random) model on real speech: transcribe agrees, long form, several processes, kills."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from govor.config import EvaluateConfig, ModelConfig, TextConfig
from govor.evaluate import evaluate
from govor.text import Normaliser
from speech import spoken_dataset

TINY = {
    "model_type": "parakeet_ctc",
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "subsampling_factor": 4,
    "subsampling_conv_channels": 8,
    "num_mel_bins": 80,
}
LEAST_KILLS = 3


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    return spoken_dataset(tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model that was never trained: its babble differs from clip to clip."""
    from govor.models import new_model

    family = new_model(
        ModelConfig(from_scratch=TINY),
        normaliser=Normaliser.of(TextConfig(), "hr"),
        train_texts=["dobar dan svima", "hvala na pitanju", "želim vam dobro jutro", "šuć čaj"],
        language="hr",
        device="cpu",
        seed=3,
    )
    folder = tmp_path_factory.mktemp("model") / "babbler"
    family.save(folder)
    return folder


def texts(folder):
    lines = (json.loads(line) for line in (folder / "hypotheses.jsonl").read_text().splitlines())
    return {line["id"]: line["text"] for line in lines}


def test_evaluation_says_what_transcribe_says(model, spoken, tmp_path):
    from govor.load import Dataset
    from govor.models import open_model
    from govor.transcribe import Transcriber

    summary = evaluate(str(model), spoken, tmp_path / "e", EvaluateConfig(split="train", batch_s=6))
    transcriber = Transcriber(open_model(model, device="cpu"))
    data, said = Dataset.open(spoken), texts(tmp_path / "e")
    heard = {
        name: transcriber.transcribe(data.clip_bytes("train", row)).text
        for row, name in enumerate(data.table("train")["id"])
    }
    assert said == heard
    assert len(set(said.values())) > 3
    assert summary["rtf"] > 0 and summary["decoding"]["model"]["parameters"] > 0


def test_long_recordings_are_put_together_and_transcribed(model, spoken, tmp_path):
    config = EvaluateConfig(split="train", long_form=True)
    summary = evaluate(str(model), spoken, tmp_path / "e", config)
    found = summary["long_form"]
    assert found["recordings"] == 2
    assert found["hours"] > summary["hours"]
    assert found["difference"]["low"] <= found["difference"]["value"] <= found["difference"]["high"]
    before = (tmp_path / "e/long_form.jsonl").read_bytes()
    assert evaluate(str(model), spoken, tmp_path / "e", config)["long_form"] == found
    assert (tmp_path / "e/long_form.jsonl").read_bytes() == before


def start(model, spoken, out, *flags, **environment):
    command = [sys.executable, "-m", "govor", "evaluate", str(model), str(spoken), "--split", "train"]
    command += ["--batch-s", "1", "--out", str(out), "--device", "cpu", "--json", *flags]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def lines_so_far(out):
    return sum(path.read_bytes().count(b"\n") for path in out.glob("hypotheses.parts/*/part-*.jsonl"))


@pytest.mark.slow
def test_killed_again_and_again_it_says_the_same(model, spoken, tmp_path):
    out = tmp_path / "killed"
    evaluate(str(model), spoken, tmp_path / "whole", EvaluateConfig(split="train", batch_s=1))
    for kill in range(LEAST_KILLS):
        process = start(model, spoken, out, *(["--workers", "2"] if kill == 1 else []))
        while lines_so_far(out) < 2 * (kill + 1) and process.poll() is None:
            time.sleep(0.002)
        assert process.poll() is None, process.stderr.read().decode()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (out / "hypotheses.jsonl").exists()
    process = start(model, spoken, out)
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr.decode()
    assert json.loads(stdout)["utterances"] == 12
    assert texts(out) == texts(tmp_path / "whole")


@pytest.mark.slow
def test_several_processes_say_the_same(model, spoken, tmp_path):
    evaluate(str(model), spoken, tmp_path / "one", EvaluateConfig(split="train", batch_s=1))
    process = start(model, spoken, tmp_path / "workers", "--workers", "2")
    assert process.wait(120) == 0, process.stderr.read().decode()
    ranks = [
        start(model, spoken, tmp_path / "ranks", RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
        for rank in range(2)
    ]
    printed = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0]
    assert [bool(out) for out in printed] == [True, False]
    assert texts(tmp_path / "workers") == texts(tmp_path / "ranks") == texts(tmp_path / "one")
