"""Killed by SIGKILL at random moments and continued: the same bits as an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile
from speech_set import write_speech_set
from train_parts import AUGMENT, CTC, WHISPER, Killed, weights

pytestmark = pytest.mark.slow
STEPS = 16


def settings(**more: Any) -> dict[str, Any]:
    return {
        "steps": STEPS,
        "save_every": "3 steps",
        "eval_every": "5 steps",
        "log_every": 1,
        "augment": AUGMENT,
        "loader_workers": 1,
        **more,
    }


def run_killed(data: dict[str, Any], draw: random.Random, kills: int) -> dict[str, Any]:
    """Trains to the end, with SIGKILL at random points on the way."""
    marks = sorted(draw.sample(range(1, STEPS + 4), kills))
    for mark in marks:
        process = Killed(data)
        while process.process.poll() is None and process.lines() < mark:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.1))
        if process.process.poll() is None:
            os.kill(process.process.pid, signal.SIGKILL)
        process.process.communicate()
    return Killed(data).finish()


def noise(folder: Path) -> str:
    """A folder of noise recordings."""
    (folder / "noise").mkdir()
    for number in range(3):
        hiss = np.random.default_rng(number).normal(0, 0.05, 16_000 * (number + 1))
        soundfile.write(folder / "noise" / f"{number}.wav", hiss, 16_000)
    return str(folder / "noise")


def losses(run: Path) -> list[tuple[int, float]]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line["loss"]) for line in lines if line["kind"] == "train"]


@pytest.mark.parametrize(
    ("model", "windows"),
    [(CTC, "full"), (WHISPER, "mixed"), (WHISPER, "thinned")],
    ids=["ctc", "attention", "thinned"],
)
def test_killed_and_continued_is_bit_identical(
    plain: Callable[..., dict[str, Any]],
    tmp_path: Path,
    tiny_whisper_files: Path,
    model: dict[str, Any],
    windows: str,
) -> None:
    """PAINS 22."""
    files = {"tokenizer": str(tiny_whisper_files)} if model is WHISPER else {}
    more = {"model": {"from_scratch": model | files}, "augment": AUGMENT | {"noise": noise(tmp_path)}}
    talks: dict[str, Any] = {}
    if model is WHISPER:
        more |= {"windows": windows, "full_share": 0.3}
        more["model"] |= {"timestamps": True, "plain_share": 0.5, "previous_share": 0.5}
        counts = {"train": 48, "dev": 8}
        talks = {"prepare": {"out": str(write_speech_set(tmp_path / "talks", counts, talk=8))}}
    whole = Killed(plain(tmp_path / "whole", **settings(**more)) | talks).finish()
    assert whole["status"] == 0, whole
    parts = plain(tmp_path / "broken", **settings(loader_workers=2, **more)) | talks
    broken = run_killed(parts, random.Random(7), 3)
    assert broken["status"] == 0, broken
    assert broken["summary"]["resumed_from"] is not None
    one, two = tmp_path / "whole" / "run", tmp_path / "broken" / "run"
    assert weights(one, STEPS) == weights(two, STEPS)
    assert losses(one) == losses(two)
    assert whole["summary"]["best"] == broken["summary"]["best"]


def seen(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in folder.glob("seen-*") for line in path.read_text().splitlines()]


@pytest.mark.parametrize("after", [1, 3])
def test_another_number_of_processes_loses_nothing(
    plain: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Two gloo processes are killed and continued as one and as three: every clip of the epoch once."""
    data = plain(steps=None, epochs=1.0, save_every="1 steps", loader_workers=0, max_batch=4, keep=50)
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    monkeypatch.setenv("GOVOR_TEST_SEEN", str(first))
    process = Killed(data, processes=2)
    while process.process.poll() is None and len(list(process.run.glob("checkpoints/step-*"))) < 3:
        time.sleep(0.01)
    for one in [*psutil.Process(process.process.pid).children(recursive=True), process.process]:
        os.kill(one.pid, signal.SIGKILL)
    process.process.communicate()
    steps = [int(p.name[5:]) for p in process.run.glob("checkpoints/step-*")]
    monkeypatch.setenv("GOVOR_TEST_SEEN", str(second))
    end = Killed(data, processes=after).finish()
    assert end["status"] == 0, end
    assert end["summary"]["resumed_from"] == max(steps)
    assert "processes" in end["stderr"]
    ids = Counter(i for line in seen(first) if line["step"] <= max(steps) for i in line["ids"])
    ids += Counter(i for line in seen(second) for i in line["ids"])
    assert ids == Counter(f"train-{n:03d}" for n in range(48))


def test_sigterm_makes_a_checkpoint(plain: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    data = plain(steps=4000)
    process = Killed(data)
    while process.process.poll() is None and process.lines() < 4:
        time.sleep(0.01)
    process.process.send_signal(signal.SIGTERM)
    end = process.finish()
    assert end["status"] == 3 and end["summary"]["complete"] is False
    newest = sorted(process.run.glob("checkpoints/step-*"))[-1]
    assert int(newest.name[5:]) == end["summary"]["steps"] > 0
    assert "run the same command again" in end["summary"]["error"]
