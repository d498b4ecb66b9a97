"""What is shown and logged beside the loss: memory, processor, time left."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

from govor.config import Recipe
from govor.console import Progress
from govor.train import train
from govor.train.usage import Usage


def busy(seconds: float) -> None:
    end_s = time.process_time() + seconds
    while time.process_time() < end_s:
        pass
    time.sleep(60)


def test_loader_workers_count() -> None:
    usage = Usage("cpu")
    worker = multiprocessing.get_context("spawn").Process(target=busy, args=(0.3,), daemon=True)
    alone = usage.now()
    worker.start()
    start_s = time.monotonic()
    spent = 0.0
    while spent < 0.25 and time.monotonic() - start_s < 60:
        before_s = time.monotonic()
        time.sleep(0.2)
        found = usage.now()
        spent += found["cpu_percent"] / 100 * (time.monotonic() - before_s)
    worker.kill()
    assert spent >= 0.25 and found["memory_mb"] > alone["memory_mb"] + 5


def test_the_line_and_the_log(recipe: Callable[..., Recipe], tmp_path: Path, capfd) -> None:
    train(recipe(steps=3, log_every=1, eval_every="2 steps"), device="cpu")
    lines = capfd.readouterr().err.strip().splitlines()
    shown = next(line for line in reversed(lines) if line.startswith("train "))
    assert all(part in shown for part in ("3/3 steps", "loss ", "WER ", "clips/s", " GB"))
    lines = (tmp_path / "work" / "run" / "metrics.jsonl").read_text().splitlines()
    logged = [line for line in map(json.loads, lines) if line["kind"] == "train"]
    keys = {"loss", "rate", "grad_norm", "clips_per_s", "padding", "memory_mb", "cpu_percent", "left_s"}
    assert len(logged) == 3 and all(keys <= line.keys() for line in logged)


def test_time_left_after_going_on(monkeypatch, capsys) -> None:
    """900 of 1,000 units were done before; ten more took ten seconds: ninety are left, ninety seconds."""
    clock = [0.0]
    monkeypatch.setattr("govor.console.time.monotonic", lambda: clock[0])
    bar = Progress("train", 1000, "steps", done=900)
    clock[0] = 10.0
    bar.advance(10)
    assert "910/1,000 steps  1 steps/s  0:01:30 left" in capsys.readouterr().err
