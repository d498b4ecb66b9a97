"""The launchers that people use, for real: processes of their own, gloo between them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from train_parts import weights

from govor.config import recipe_from
from govor.train.metrics import read_metrics

pytestmark = pytest.mark.slow
GPU = torch.cuda.is_available()
TORCHRUN = ["torch.distributed.run", "--master_port", "{}", "--nproc-per-node", "2"]
ACCELERATE = [
    *["accelerate.commands.launch", "--main_process_port", "{}", "--multi_gpu"],
    *["--num_processes", "2", "--mixed_precision", "no"],
]


def start(launcher: list[str], *arguments: str, script: bool = False) -> subprocess.Popen[str]:
    """``torchrun … -m govor …`` on a port of its own; or a script of the first argument's name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    named = [] if script else ["-m", "govor"]
    return subprocess.Popen(
        [sys.executable, "-m", *(part.format(port) for part in launcher), *named, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def recipe_file(data: dict[str, Any]) -> str:
    path = Path(data["work"]).with_suffix(".toml")
    path.write_text(recipe_from(data | {"preflight": {"minutes": 0.01}}).to_toml())
    return str(path)


def facts(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "run.json").read_text()))


def test_train_then_evaluate(plain: Callable[..., dict[str, Any]], tmp_path: Path, speech: Path) -> None:
    """Both launchers give the same bits; the evaluation is that of a single process."""
    for name, launcher in (("torchrun", TORCHRUN), ("accelerate", ACCELERATE)):
        path = recipe_file(plain(tmp_path / name, steps=6, loader_workers=1, eval_every="3 steps"))
        process = start(launcher, "train", path, "--device", "cpu", "--json")
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        assert json.loads(out)["steps"] == 6  # one summary, not one a process
        assert facts(tmp_path / name / "run")["world_size"] == 2 and "2 processes train together" in err
    one, other = (weights(tmp_path / name / "run", 6) for name in ("torchrun", "accelerate"))
    assert one == other
    model = str(tmp_path / "torchrun" / "run")
    common = ["evaluate", model, str(speech), "--split", "dev", "--device", "cpu", "--json", "--out"]
    process = start(ACCELERATE, *common, str(tmp_path / "two"))
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    alone = subprocess.run(
        [sys.executable, "-m", "govor", *common, str(tmp_path / "one")],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert json.loads(out)["wer"] == json.loads(alone.stdout)["wer"]
    one, two = (texts(tmp_path / name) for name in ("one", "two"))
    assert one == two and len(one) == 8


def texts(evaluation: Path) -> dict[str, str]:
    lines = map(json.loads, (evaluation / "hypotheses.jsonl").read_text().splitlines())
    return {line["id"]: line["text"] for line in lines}


@pytest.mark.skipif(GPU, reason="without --device, a machine with GPUs trains on those")
def test_torchrun_on_a_processor_as_the_docs_have_it(
    plain: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """No --device: the processes find each other, and the second one waits for the first one's preflight."""
    path = recipe_file(plain(tmp_path / "auto", steps=2, loader_workers=0))
    process = start(TORCHRUN, "train", path, "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert json.loads(out)["steps"] == 2 and "2 processes train together" in err
    assert facts(tmp_path / "auto" / "run")["world_size"] == 2


LATE = """
import os, sys, time
from govor.errors import MachineError
from govor.train import parts
parts.LONGEST_WAIT_H = float(sys.argv[1]) / 3600
if os.environ["RANK"] == "0":
    time.sleep(float(sys.argv[2]))
try:
    ranks = parts.start_processes("cpu")
    if ranks.main:
        time.sleep(float(sys.argv[2]))
    print("joined", ranks.from_main(ranks.rank), flush=True)
except MachineError as error:
    print("late", error, flush=True)
"""


@pytest.mark.parametrize(("wait_s", "late_s", "word"), [(100, 4, "joined 0"), (2, 15, "late")])
def test_the_others_wait_for_the_first_process(tmp_path: Path, wait_s: int, late_s: int, word: str) -> None:
    (tmp_path / "late.py").write_text(LATE)
    process = start(TORCHRUN, str(tmp_path / "late.py"), str(wait_s), str(late_s), script=True)
    out, err = process.communicate(timeout=200)
    assert word in out and (word == "late" or out.count(word) == 2), (out, err)


def test_sigterm_to_the_launcher(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    """As Slurm or a spot machine ends a job; the same command goes on to the bits of an undisturbed run."""
    settings = {
        "steps": 400,
        "save_every": "100 steps",
        "log_every": 1,
        "schedule": "constant",
        "warmup": 0.0,
    }
    path, run = recipe_file(plain(tmp_path / "job", **settings)), tmp_path / "job" / "run"
    process = start(TORCHRUN, "train", path, "--device", "cpu")
    while process.poll() is None and sum(line["kind"] == "train" for line in read_metrics(run)) < 5:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=120)
    stopped = max(int(p.name[5:]) for p in (run / "checkpoints").glob("step-*"))
    assert process.returncode != 0 and 5 <= stopped < 400, err
    assert f"stopped (SIGTERM) after step {stopped} of 400" in err
    more = settings | {"steps": stopped + 3}
    for name in ("job", "whole"):
        path = recipe_file(plain(tmp_path / name, **more))
        process = start(TORCHRUN, "train", path, "--device", "cpu")
        _, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
    assert facts(run)["summary"]["resumed_from"] == stopped
    assert weights(run, stopped + 3) == weights(tmp_path / "whole" / "run", stopped + 3)
